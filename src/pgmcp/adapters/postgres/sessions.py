"""ConnectionManager: the sessions of one database, few, shared and kept.

Why a pool of our own and not the driver's: asyncpg's sends a reset at every release, one more round trip for each call,
though hardly anything that a caller may run can dirty a session; psycopg's is another one with other rules; and
sessions for reading and for writing must share one bound, which neither knows, and be shared out fairly.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine

from pgmcp.adapters.postgres.cleansing import answers, cleanse
from pgmcp.adapters.postgres.idle import IdleSessions, Session
from pgmcp.adapters.postgres.pool import Gate, PoolLimits, PoolState
from pgmcp.adapters.postgres.waiting import Line, Place
from pgmcp.adapters.postgres.wire.dialect import ANY, Dialect, dialect_of
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Connection, Driver, Need

# PostgreSQL reports each change of it, so asking costs nothing.
# https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-ASYNC
READ_ONLY = "default_transaction_read_only"

# Ages are spread over the last tenth, so that sessions opened together are not all replaced together. Multiples of the
# golden ratio fall as far from each other as any numbers can.
_SPREAD = 0.1
_GOLDEN = 0.618034


def could_write(connection: Connection) -> bool:
    """Whether a session for reading was made writable by what ran in it, by the server's own word."""
    return connection.parameters.get(READ_ONLY) == "off"


class ConnectionManager:
    """Lends sessions, one caller at a time each; opens none before the first call.

    Args:
        driver: Opens sessions.
        limits: The bounds.
        clock: The scale of deadlines and ages.
        gate: Knows whether the server can be reached; None where nobody keeps account of it.
    """

    def __init__(self, driver: Driver, limits: PoolLimits, clock: Clock, gate: Gate | None = None) -> None:
        self._driver = driver
        self._limits = limits
        self._clock = clock
        self._gate = gate
        self._idle = IdleSessions()
        self._leased: dict[Connection, Session] = {}
        # Places that are taken by sessions on their way in or out.
        self._opening = 0
        self._opened = 0
        self._line = Line(limits, clock, self._decline)
        self._aside: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False
        self._dialect = ANY

    @property
    def dialect(self) -> Dialect:
        """How the server of the session that was opened last writes JSON."""
        return self._dialect

    @property
    def state(self) -> PoolState:
        """The pool's state at this moment."""
        return PoolState(
            idle=len(self._idle),
            leased=len(self._leased),
            opening=self._opening,
            waiting=len(self._line),
            waits_total=self._line.waits,
            waited_seconds_total=round(self._line.waited_s, 6),
            timeouts_total=self._line.timeouts,
        )

    async def acquire(self, need: Need, *, principal: str = "", deadline: float = math.inf) -> Connection:
        """A session of that need, the caller's alone until `release`.

        Cancelling the task gives up the place in the queue; a session that had just been handed over goes back.

        Args:
            need: What it is for.
            principal: In whose name; those who wait are served in turns, one of each name.
            deadline: From when on it is of no use, on the clock's monotonic scale.

        Raises:
            DatabaseError: `pool_exhausted` when none came free in time or the queue is full; `call_timeout`;
                `breaker_open`; `shutting_down`.
            DriverError: A new one could not be opened.
        """
        if self._closed:
            raise _stopping()
        while (session := self._idle.take(need)) is not None:
            now = self._clock.monotonic()
            connection = session.connection
            if now >= session.ends_at or not connection.usable:
                # Too old, or the server ended it while nobody looked.
                self._retire(connection)
                continue
            self._leased[connection] = session
            if now - session.idle_since < self._limits.pool_check_s or await self._still_works(connection):
                return connection
        if self._gate is not None:
            self._gate.check(need)
        handed = self._room(need) or await self._line.wait(need, principal, deadline)
        return await self._open(need, handed.victim) if isinstance(handed, Place) else handed

    def dirty(self, connection: Connection) -> None:
        """Note that a statement runs on a session in use which may leave something on it; it is reset on its return."""
        session = self._leased.get(connection)
        if session is not None:
            session.dirtied = True

    def release(self, connection: Connection) -> None:
        """Give a session back: to the next in the queue, to those that idle, or to be closed if it can't go on."""
        session = self._leased.pop(connection, None)
        if session is None:
            return
        self._listen_to_silence(session)
        if self._closed or not connection.usable or (session.need is Need.READ and could_write(connection)):
            self._retire(connection)
        elif session.dirtied:
            self._opening += 1
            self._do_aside(self._cleanse(session))
        else:
            self._pass_on(session)

    async def close(self) -> None:
        """Refuse whoever waits, close every session, and wait until all are closed."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        self._line.close(_stopping())
        for session in (*self._idle.take_all(), *self._leased.values()):
            self._retire(session.connection)
        self._leased.clear()
        while self._aside:
            await asyncio.wait(self._aside)

    @property
    def _size(self) -> int:
        return len(self._idle) + len(self._leased) + self._opening

    def _room(self, need: Need) -> Place | None:
        """A place, if there is one: free, or taken by an idle session of another need."""
        victim = None
        if self._size >= self._limits.pool_max:
            other = self._idle.take_other(need)
            if other is None:
                return None
            victim = other.connection
        self._opening += 1
        return Place(victim)

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
        self._dialect = dialect_of(connection.parameters)
        if self._closed:
            await connection.close()
            raise _stopping()
        self._opened += 1
        age_s = self._limits.pool_max_age_s * (1 - _SPREAD * (self._opened * _GOLDEN % 1))
        self._leased[connection] = Session(connection, need, self._clock.monotonic() + age_s)
        return connection

    async def _still_works(self, connection: Connection) -> bool:
        """Whether a session in use works; one that doesn't is closed."""
        try:
            works = await answers(connection)
        except BaseException:
            self.release(connection)
            raise
        if not works and (session := self._leased.pop(connection, None)) is not None:
            self._listen_to_silence(session)
            self._retire(connection)
        if self._closed:
            raise _stopping()
        return works

    def _listen_to_silence(self, session: Session) -> None:
        """Tell the gate of a session on which the server said nothing any more."""
        if self._gate is not None and session.connection.silent:
            self._gate.fell_silent(session.need)

    def _decline(self, handed: Connection | Place) -> None:
        """Whoever was given it is gone: nobody else must miss it."""
        if not isinstance(handed, Place):
            self.release(handed)
        elif handed.victim is None:
            self._vacate()
        else:
            self._opening -= 1
            self._retire(handed.victim)

    def _pass_on(self, session: Session) -> None:
        """Give a session to whose turn it is, or keep it; it is in use no longer."""
        now = self._clock.monotonic()
        if now >= session.ends_at:
            self._retire(session.connection)
            return
        waiter = self._line.next(session.need)
        if waiter is None:
            session.idle_since = now
            self._idle.put(session)
            if self._sweep is None and self._size > self._limits.pool_min:
                self._sweep = asyncio.get_running_loop().call_later(self._limits.pool_idle_s, self._shrink)
        elif waiter.need is session.need:
            self._leased[session.connection] = session
            waiter.turn.set_result(session.connection)
        else:
            self._opening += 1
            waiter.turn.set_result(Place(session.connection))

    def _vacate(self) -> None:
        """A place is free: whose turn it is may open a session in it."""
        waiter = self._line.next(None)
        if waiter is not None:
            waiter.turn.set_result(Place())
        else:
            self._opening -= 1

    def _shrink(self) -> None:
        """Close what was not needed since the last time, down to the least that stays."""
        self._sweep = None
        for session in self._idle.take_unused(self._size - self._limits.pool_min):
            self._retire(session.connection)
        if len(self._idle) and self._size > self._limits.pool_min:
            self._sweep = asyncio.get_running_loop().call_later(self._limits.pool_idle_s, self._shrink)

    def _retire(self, connection: Connection) -> None:
        """Close a session on the side; its place is free once it is gone, so that the bound holds."""
        self._opening += 1
        self._do_aside(self._close(connection))

    async def _close(self, connection: Connection) -> None:
        try:
            await connection.close()
        finally:
            self._vacate()

    async def _cleanse(self, session: Session) -> None:
        """Reset a session in a place that is reserved for it, and pass it on, or close it if that fails."""
        try:
            clean = await cleanse(session.connection)
        except BaseException:
            await self._close(session.connection)
            raise
        if not clean or self._closed:
            await self._close(session.connection)
            return
        session.dirtied = False
        self._opening -= 1
        self._pass_on(session)

    def _do_aside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)


def _stopping() -> DatabaseError:
    return DatabaseError(codes.SHUTTING_DOWN, "The server is stopping.", details={"retry_after_ms": 1000})
