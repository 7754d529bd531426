"""Retrying: what failed for a reason that passes is done again, inside the caller's deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.events import Retried
from pgmcp.domain.settings import Settings
from pgmcp.domain.transient import is_transient, is_without_effect
from pgmcp.ports.clock import Clock
from pgmcp.ports.observing import Observer

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

# The first wait is at most this long, the next twice as long and so on, in seconds: the time that a deadlock's or a
# conflict's winner takes, then the time that a server takes to come back. Waits are drawn from nought to that ("full
# jitter"), so that those who failed together don't come back together.
_FIRST_S = 0.05
_LONGEST_S = 2.0


class Retrying:
    """Does work again when it failed transiently; never inside a lease, whose other statements would be lost."""

    def __init__(self, clock: Clock, observer: Observer, settings: Settings) -> None:
        """Try as often as the setting `retry_attempts` says."""
        self._clock = clock
        self._observer = observer
        self._attempts = settings.retry_attempts

    def reading(self, work: Callable[[], Awaitable[T]], call: CallContext) -> Awaitable[T]:
        """Do work that changes nothing.

        Raises:
            PgmcpError: What the last attempt raised.
        """
        return self._again(work, call, is_transient)

    def writing(self, work: Callable[[], Awaitable[T]], call: CallContext) -> Awaitable[T]:
        """Do work that is all or nothing; again only when it is known to have changed nothing.

        Raises:
            PgmcpError: What the last attempt raised.
        """
        return self._again(work, call, _may_be_repeated)

    def once(self, work: Callable[[], Awaitable[T]], call: CallContext) -> Awaitable[T]:
        """Do work that has an effect once, however often it is done, as a write with a key.

        Raises:
            PgmcpError: What the last attempt raised.
        """
        return self._again(work, call, is_transient)

    def _again(
        self, work: Callable[[], Awaitable[T]], call: CallContext, passes: Callable[[PgmcpError], bool]
    ) -> Awaitable[T]:
        if call.transaction is not None or call.unit is not None or self._attempts < 2:
            return work()
        return self._until_it_passes(work, call, passes)

    async def _until_it_passes(
        self, work: Callable[[], Awaitable[T]], call: CallContext, passes: Callable[[PgmcpError], bool]
    ) -> T:
        try:
            return await work()
        except PgmcpError as error:
            if not passes(error):
                raise
            first = error
        # What goes well pays for none of this.
        import tenacity

        failed: list[PgmcpError] = [first]

        async def attempt() -> T:
            if failed:
                raise failed.pop()
            return await work()

        retrying = tenacity.AsyncRetrying(
            sleep=self._clock.sleep,
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, PgmcpError) and passes(error)),
            wait=tenacity.wait_random_exponential(multiplier=_FIRST_S, max=_LONGEST_S),
            stop=lambda state: self._is_enough(state, call),
            before_sleep=lambda state: self._tell(state, call),
            reraise=True,
        )
        return await retrying(attempt)

    def _is_enough(self, state: RetryCallState, call: CallContext) -> bool:
        late = self._clock.monotonic() + state.upcoming_sleep >= call.deadline
        return late or state.attempt_number >= self._attempts

    def _tell(self, state: RetryCallState, call: CallContext) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, PgmcpError):
            self._observer.observe(
                Retried(
                    call=call.id,
                    attempt=state.attempt_number,
                    error=error.code.name,
                    sqlstate=error.sqlstate,
                    wait_s=state.upcoming_sleep,
                )
            )


def _may_be_repeated(error: PgmcpError) -> bool:
    return is_transient(error) and is_without_effect(error)
