"""One writer at a time: a lock with a deadline that belongs to no event loop."""

from __future__ import annotations

import asyncio
from collections import deque

from pgmcp.adapters.memory.faults import LOCK_TIMEOUT, fault
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.ports.clock import Clock


class WriteLock:
    """Held by a transaction from its first write to its end, or by a single write.

    Args:
        clock: Whose scale the deadlines of calls are on.
        timeout_s: Seconds that a write waits for the lock, as `lock_timeout` has it.
    """

    def __init__(self, clock: Clock, timeout_s: float) -> None:
        self._clock, self._timeout_s = clock, timeout_s
        self._held = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for it."""
        return sum(not turn.done() for turn in self._waiting)

    async def acquire(self, call: CallContext) -> None:
        """Take the lock, first come, first served.

        Raises:
            DatabaseError: `lock_timeout`, or `call_timeout` where the call's deadline comes first.
        """
        if not self._held:
            self._held = True
            return
        left = call.deadline - self._clock.monotonic()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(min(left, self._timeout_s)):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it was our turn in the very moment that we gave up
                self.release()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise (overdue() if left <= self._timeout_s else fault(LOCK_TIMEOUT)) from None
            raise

    def release(self) -> None:
        """Hand the lock on, or leave it free."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._held = False


def overdue() -> DatabaseError:
    """The error for a call whose deadline has passed."""
    return DatabaseError(
        codes.CALL_TIMEOUT,
        "The call ran out of its time; its statement was stopped.",
        hint="Ask for less (a narrower filter, fewer rows) or give the call more time.",
        details={"retry_after_ms": 1000},
    )
