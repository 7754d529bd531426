"""Callers that wait for a session, served in turns: one of each principal after the other."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator

from attrs import define, frozen

from pgmcp.adapters.postgres.pool import PoolLimits
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.stopping import out_of_time
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Connection, Need

# How often the head of the queue may be passed over by a caller whose kind of session came free, before a session of
# that kind is closed for it. Opening one costs as much as dozens of statements.
_PATIENCE = 16


@frozen
class Place:
    """Room for one session, after closing the one that has it."""

    victim: Connection | None = None


@define(eq=False, kw_only=True)
class Waiter:
    """A caller in the queue.

    Args:
        need: The session that it waits for.
        principal: In whose name.
        deadline: From when on it wants none any more, on the clock's monotonic scale.
        turn: Brings a session, or a place to open one in.
        passed: How often another caller was served while it was the head.
        overdue: Whether its time ran out.
    """

    need: Need
    principal: str
    deadline: float
    turn: asyncio.Future[Connection | Place]
    passed: int = 0
    overdue: bool = False


class FairQueue:
    """Waiters by principal. Whoever waits for one session after another in one name alone can't hold up the others."""

    def __init__(self) -> None:
        # The principal whose turn is next comes first; none is here without a waiter.
        self._by_principal: OrderedDict[str, deque[Waiter]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Waiter]:
        for waiters in self._by_principal.values():
            yield from waiters

    def add(self, waiter: Waiter) -> None:
        """Let a caller wait behind those of its principal; a new principal's turn comes after all others'."""
        self._by_principal.setdefault(waiter.principal, deque()).append(waiter)
        self._size += 1

    def remove(self, waiter: Waiter) -> bool:
        """Take a waiter out, wherever it stands; False when it isn't there any more."""
        waiters = self._by_principal.get(waiter.principal)
        if waiters is None or waiter not in waiters:
            return False
        waiters.remove(waiter)
        self._size -= 1
        if not waiters:
            del self._by_principal[waiter.principal]
        return True

    def head(self) -> Waiter:
        """Whose turn it is. Only while somebody waits."""
        return next(iter(self))

    def take(self, need: Need | None = None) -> Waiter:
        """Take out whose turn it is, who needs no other session if that can be; its principal's next turn is the last.

        Args:
            need: The kind of session that came free; None where any can be opened.

        Returns:
            The first who wants that kind, or else the head, for which the session is to make room.
        """
        chosen = head = self.head()
        if need is not None and head.need is not need and head.passed < _PATIENCE:
            head.passed += 1
            chosen = next((waiter for waiter in self if waiter.need is need), head)
        self.remove(chosen)
        if chosen.principal in self._by_principal:
            self._by_principal.move_to_end(chosen.principal)
        return chosen

    def last_of_greediest(self, principal: str) -> Waiter | None:
        """The last waiter of the principal with most of them, if a further one of `principal` would still have less."""
        greediest = max(self._by_principal.values(), key=len, default=None)
        ours = len(self._by_principal.get(principal, ()))
        return greediest[-1] if greediest is not None and len(greediest) > ours + 1 else None


class Line:
    """Where callers wait, bounded in number and time.

    Args:
        limits: How many, and for how long.
        clock: The scale of deadlines.
        decline: Takes back what was given to a caller in the very moment that it was cancelled.

    Attributes:
        waits: How many ever waited.
        waited_s: How long all of them did together, in seconds, up to their turn or their giving up.
        timeouts: How many of them ran out of time, by the pool's bound or by their own deadline.
    """

    def __init__(self, limits: PoolLimits, clock: Clock, decline: Callable[[Connection | Place], None]) -> None:
        self._limits = limits
        self._clock = clock
        self._decline = decline
        self._queue = FairQueue()
        self.waits = 0
        self.waited_s = 0.0
        self.timeouts = 0

    def __len__(self) -> int:
        return len(self._queue)

    async def wait(self, need: Need, principal: str, deadline: float) -> Connection | Place:
        """Wait for one's turn; cancelling the task gives it up.

        Raises:
            DatabaseError: `pool_exhausted`, `call_timeout`, or what the line was closed with.
        """
        if deadline <= self._clock.monotonic():
            raise out_of_time()
        if len(self._queue) >= self._limits.pool_queue:
            self._make_way(principal)
        began = self._clock.monotonic()
        self.waits += 1
        loop = asyncio.get_running_loop()
        waiter = Waiter(need=need, principal=principal, deadline=deadline, turn=loop.create_future())
        self._queue.add(waiter)
        timer = loop.call_later(self._limits.pool_wait_s, self._give_up, waiter)
        try:
            return await waiter.turn
        except BaseException:
            turn = waiter.turn
            if waiter.overdue or (self._clock.monotonic() >= deadline and turn.cancelled()):
                self.timeouts += 1
            if not self._queue.remove(waiter) and turn.done() and not turn.cancelled() and turn.exception() is None:
                self._decline(turn.result())
            raise
        finally:
            self.waited_s += self._clock.monotonic() - began
            timer.cancel()

    def next(self, need: Need | None) -> Waiter | None:
        """Take out whose turn it is, as `FairQueue.take`; who has gone, or is past its deadline, has none any more."""
        while self._queue:
            waiter = self._queue.take(need)
            if waiter.turn.done():
                continue
            if waiter.deadline > self._clock.monotonic():
                return waiter
            waiter.overdue = True
            waiter.turn.set_exception(out_of_time())
        return None

    def close(self, error: DatabaseError) -> None:
        """Refuse whoever waits."""
        while self._queue:
            _refuse(self._queue.take(), error)

    def _make_way(self, principal: str) -> None:
        """Find room in a full queue: who fills it alone gives way to the others, its last caller first.

        Raises:
            DatabaseError: `pool_exhausted`: nobody waits for more than this principal does.
        """
        waiter = self._queue.last_of_greediest(principal)
        if waiter is None:
            raise self._exhausted("and the queue for one is full")
        self._queue.remove(waiter)
        _refuse(waiter, self._exhausted("and others wait for their turn"))

    def _give_up(self, waiter: Waiter) -> None:
        if self._queue.remove(waiter):
            waiter.overdue = True
            _refuse(waiter, self._exhausted(f"and none came free within {self._limits.pool_wait_s:g} s"))

    def _exhausted(self, why: str) -> DatabaseError:
        return DatabaseError(
            codes.POOL_EXHAUSTED,
            f"All {self._limits.pool_max} connections are in use {why}.",
            hint="Call again a little later, with fewer calls at a time; `pool_max` and `pool_queue` set the bounds.",
            details={"retry_after_ms": 1000},
        )


def _refuse(waiter: Waiter, error: DatabaseError) -> None:
    if not waiter.turn.done():
        waiter.turn.set_exception(error)
