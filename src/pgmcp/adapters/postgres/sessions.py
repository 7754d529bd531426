"""ConnectionManager: the sessions of one database, few, shared and kept.

Why a pool of our own and not the driver's: asyncpg's sends a reset at every release, one more round trip for each call,
though nothing that a caller may run can dirty a session; psycopg's is another one with other rules; and sessions for
reading and for writing must share one bound, which neither knows. What fairness between callers and limits of age need
later has its place here, once for every driver.
"""

from __future__ import annotations

import asyncio
from collections import deque

from attrs import define, frozen

from pgmcp.adapters.postgres.idle import IdleSessions
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.ports.driver import Connection, Driver, Need

# How often the head of the queue may be passed over by a caller whose kind of session came free, before a session of
# that kind is closed for it. Opening one costs as much as dozens of statements.
_PATIENCE = 16

# PostgreSQL reports each change of it, so asking costs nothing.
# https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-ASYNC
READ_ONLY = "default_transaction_read_only"


@frozen(kw_only=True)
class PoolState:
    """How many sessions there are, and how many callers wait for one."""

    idle: int
    leased: int
    opening: int
    waiting: int


@frozen
class _Place:
    """Room for one session, after closing the one that has it."""

    victim: Connection | None = None


@define(eq=False)
class _Waiter:
    """A caller in the queue; its future brings a session, or a place to open one in."""

    need: Need
    turn: asyncio.Future[Connection | _Place]
    passed: int = 0


def could_write(connection: Connection) -> bool:
    """Whether a session for reading was made writable by what ran in it, by the server's own word."""
    return connection.parameters.get(READ_ONLY) == "off"


class ConnectionManager:
    """Lends sessions, one caller at a time each; opens none before the first call.

    Args:
        driver: Opens sessions.
        pool_min: Sessions that stay open, however long nobody calls.
        pool_max: Sessions over both needs, those being opened or closed included.
        pool_wait_s: How long a caller waits for a session at most.
        pool_queue: How many callers may wait; one more is refused at once.
        pool_idle_s: How often the sessions beyond `pool_min` that nobody needed in between are closed.
    """

    def __init__(
        self,
        driver: Driver,
        *,
        pool_min: int = 1,
        pool_max: int = 10,
        pool_wait_s: float = 10.0,
        pool_queue: int = 200,
        pool_idle_s: float = 300.0,
    ) -> None:
        self._driver = driver
        self._min = pool_min
        self._max = pool_max
        self._wait_s = pool_wait_s
        self._queue_max = pool_queue
        self._idle_s = pool_idle_s
        self._idle = IdleSessions()
        self._leased: dict[Connection, Need] = {}
        # Places that are taken by sessions on their way in or out.
        self._opening = 0
        self._queue: deque[_Waiter] = deque()
        self._closings: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def state(self) -> PoolState:
        """The pool's state at this moment."""
        return PoolState(
            idle=len(self._idle), leased=len(self._leased), opening=self._opening, waiting=len(self._queue)
        )

    async def acquire(self, need: Need) -> Connection:
        """A session of that need, the caller's alone until `release`.

        Cancelling the task gives up the place in the queue; a session that had just been handed over goes back.

        Raises:
            DatabaseError: `pool_exhausted` when none came free in time or the queue is full; `shutting_down`.
            DriverError: A new one could not be opened.
        """
        if self._closed:
            raise _stopping()
        while (connection := self._idle.take(need)) is not None:
            if connection.usable:
                self._leased[connection] = need
                return connection
            # The server ended it while nobody looked.
            self._retire(connection)
        handed = self._room(need) or await self._queued(need)
        return await self._open(need, handed.victim) if isinstance(handed, _Place) else handed

    def release(self, connection: Connection) -> None:
        """Give a session back: to the next in the queue, to those that idle, or to be closed if it can't go on."""
        need = self._leased.pop(connection, None)
        if need is None:
            return
        if self._closed or not connection.usable or (need is Need.READ and could_write(connection)):
            self._retire(connection)
            return
        if not self._queue:
            self._idle.put(need, connection)
            if self._sweep is None and self._size > self._min:
                self._sweep = asyncio.get_running_loop().call_later(self._idle_s, self._shrink)
            return
        waiter = self._next(need)
        if waiter.need is need:
            self._leased[connection] = need
            waiter.turn.set_result(connection)
        else:
            self._opening += 1
            waiter.turn.set_result(_Place(connection))

    async def close(self) -> None:
        """Refuse whoever waits, close every session, and wait until all are closed."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        while self._queue:
            self._queue.popleft().turn.set_exception(_stopping())
        for connection in (*self._idle.take_all(), *self._leased):
            self._retire(connection)
        self._leased.clear()
        await asyncio.gather(*self._closings)

    @property
    def _size(self) -> int:
        return len(self._idle) + len(self._leased) + self._opening

    def _room(self, need: Need) -> _Place | None:
        """A place, if there is one: free, or taken by an idle session of another need."""
        victim = None
        if self._size >= self._max:
            victim = self._idle.take_other(need)
            if victim is None:
                return None
        self._opening += 1
        return _Place(victim)

    async def _open(self, need: Need, victim: Connection | None) -> Connection:
        """Open a session in a place that is reserved already, after closing the one that had it."""
        try:
            if victim is not None:
                await victim.close()
            connection = await self._driver.connect(need)
        except BaseException:
            self._vacate()
            raise
        self._opening -= 1
        if self._closed:
            await connection.close()
            raise _stopping()
        self._leased[connection] = need
        return connection

    async def _queued(self, need: Need) -> Connection | _Place:
        if len(self._queue) >= self._queue_max:
            raise self._exhausted("and the queue for one is full")
        loop = asyncio.get_running_loop()
        waiter = _Waiter(need, loop.create_future())
        self._queue.append(waiter)
        timer = loop.call_later(self._wait_s, self._give_up, waiter)
        try:
            return await waiter.turn
        except BaseException:
            if waiter in self._queue:
                self._queue.remove(waiter)
            elif waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
                # Cancelled in the very moment of its turn: nobody else must miss it.
                self._pass_on(waiter.turn.result())
            raise
        finally:
            timer.cancel()

    def _give_up(self, waiter: _Waiter) -> None:
        if not waiter.turn.done():
            self._queue.remove(waiter)
            waiter.turn.set_exception(self._exhausted(f"and none came free within {self._wait_s:g} s"))

    def _exhausted(self, why: str) -> DatabaseError:
        return DatabaseError(
            codes.POOL_EXHAUSTED,
            f"All {self._max} connections are in use {why}.",
            hint="Call again a little later, with fewer calls at a time; `pool_max` and `pool_queue` set the bounds.",
            details={"retry_after_ms": 1000},
        )

    def _pass_on(self, handed: Connection | _Place) -> None:
        if not isinstance(handed, _Place):
            self.release(handed)
        elif handed.victim is None:
            self._vacate()
        else:
            self._opening -= 1
            self._retire(handed.victim)

    def _next(self, need: Need) -> _Waiter:
        """Who gets a session of that need: the first who wants one, or else the head, which makes it another."""
        chosen = head = self._queue[0]
        if head.need is not need and head.passed < _PATIENCE:
            head.passed += 1
            chosen = next((waiter for waiter in self._queue if waiter.need is need), head)
        self._queue.remove(chosen)
        return chosen

    def _vacate(self) -> None:
        """A place is free: the head of the queue may open a session in it."""
        if self._queue:
            self._queue.popleft().turn.set_result(_Place())
        else:
            self._opening -= 1

    def _shrink(self) -> None:
        """Close what was not needed since the last time, down to the least that stays."""
        self._sweep = None
        for connection in self._idle.take_unused(self._size - self._min):
            self._retire(connection)
        if len(self._idle) and self._size > self._min:
            self._sweep = asyncio.get_running_loop().call_later(self._idle_s, self._shrink)

    def _retire(self, connection: Connection) -> None:
        """Close a session on the side; its place is free once it is gone, so that the bound holds."""
        self._opening += 1
        task = asyncio.get_running_loop().create_task(connection.close())
        self._closings.add(task)
        task.add_done_callback(self._retired)

    def _retired(self, task: asyncio.Task[None]) -> None:
        self._closings.discard(task)
        self._vacate()


def _stopping() -> DatabaseError:
    return DatabaseError(codes.SHUTTING_DOWN, "The server is stopping.", details={"retry_after_ms": 1000})
