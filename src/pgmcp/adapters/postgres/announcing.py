"""Announcements over LISTEN and NOTIFY, on a session of their own.

https://www.postgresql.org/docs/18/sql-notify.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pgmcp.adapters.background import stopped
from pgmcp.adapters.postgres.definitions import Definitions
from pgmcp.adapters.postgres.errors import NOT_CONNECTED
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.domain.caching.events import ListeningBegan, ListeningFailed
from pgmcp.domain.errors import PgmcpError
from pgmcp.ports.announcing import DEFINITIONS_CHANGED, Heard
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Connection, Driver, DriverError, Fault, Need, Statement
from pgmcp.ports.observing import Observer

CHANNEL = "pgmcp_cache"
# How often a session on which nothing is heard is tried, and how long its answer may take, in seconds: within their sum
# a line is noticed on which nothing comes any more.
_BEAT_S = 1.0
_ANSWER_S = 1.0
# How long it may take to hear what there is and to pass it on, with a try of the session, in seconds. Whoever takes
# longer is not listening, whatever it is that holds it up.
_ROUND_S = 5.0
# How long it takes at the most to be back after a failure, in seconds, the first time and later.
_FIRST_S = 0.05
_LONGEST_S = 2.0
# How long an announcement may take to be passed on, in seconds.
_TELL_S = 1.0
_ECHO_S = 0.25
_BEAT = Statement("SELECT '1'")
_NOTIFY = "SELECT pg_catalog.pg_notify($1::text, $2::text)::text"


class PostgresAnnouncements:
    """Implements `Announcements`.

    Args:
        driver: Opens the session that listens; not through a transaction pooler, which would lose it.
        sessions: Lends the sessions that tell.
        clock: Waits.
        observer: Hears whether we listen.
    """

    def __init__(
        self,
        *,
        driver: Driver,
        sessions: ConnectionManager,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._driver = driver
        self._sessions = sessions
        self._definitions = Definitions(sessions=sessions, clock=clock)
        self._clock = clock
        self._observer = observer
        self._listening = False
        self._beaten_at = self._heard_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._echoes: dict[str, asyncio.Event] = {}

    @property
    def listening(self) -> bool:
        return self._listening and self._clock.monotonic() - self._heard_at <= _ROUND_S

    def listen(self, heard: Heard, begun: Callable[[], Awaitable[None]]) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(heard, begun))

    async def tell(self, text: str) -> bool:
        echo = self._echoes.setdefault(text, asyncio.Event())
        try:
            async with asyncio.timeout(_TELL_S):
                connection = await self._sessions.acquire(Need.READ)
                try:
                    await connection.run(Statement(_NOTIFY, (CHANNEL, text)))
                finally:
                    self._sessions.release(connection)
            if not self._listening:
                return False
            # Heard by ourselves, it is on its way to the others.
            async with asyncio.timeout(_ECHO_S):
                await echo.wait()
        except (TimeoutError, DriverError, PgmcpError, OSError):
            return False
        finally:
            self._echoes.pop(text, None)
        return True

    async def close(self) -> None:
        if self._task is not None:
            await stopped(self._task)

    async def _run(self, heard: Heard, begun: Callable[[], Awaitable[None]]) -> None:
        wait_s = _FIRST_S
        while True:
            try:
                connection = await self._driver.connect(Need.READ)
                try:
                    await connection.listen(CHANNEL)
                    # What has changed until now is forgotten by whoever hears that listening begins.
                    await self._definitions.look()
                    await begun()
                    self._beaten_at = self._heard_at = self._clock.monotonic()
                    self._listening = True
                    self._observer.observe(ListeningBegan())
                    wait_s = _FIRST_S
                    async with self._definitions:
                        await self._hear_until_lost(connection, heard)
                finally:
                    await connection.close()
            except (DriverError, PgmcpError, OSError, TimeoutError) as error:
                reason = error.fault.sqlstate if isinstance(error, DriverError) else None
                self._observer.observe(ListeningFailed(reason=reason or type(error).__name__))
            await self._clock.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_S)

    async def _hear_until_lost(self, connection: Connection, heard: Heard) -> None:
        try:
            await self._hear(connection, heard)
        finally:
            # Before anything else has to end: what is missed from now on may not be served.
            self._listening = False

    async def _hear(self, connection: Connection, heard: Heard) -> None:
        while True:
            async with asyncio.timeout(_ROUND_S):
                await self._round(connection, heard)
            self._heard_at = self._clock.monotonic()

    async def _round(self, connection: Connection, heard: Heard) -> None:
        """Pass on what is heard within a beat, and see now and then that something could be."""
        texts = tuple(dict.fromkeys(await connection.announced(_BEAT_S)))
        for text in texts:
            if text in self._echoes:
                self._echoes[text].set()
        if texts:
            await heard(texts)
        if self._definitions.taken():
            await heard((DEFINITIONS_CHANGED,))
        if self._clock.monotonic() - self._beaten_at >= _BEAT_S:
            async with asyncio.timeout(_ANSWER_S):
                await connection.run(_BEAT)
            if not connection.usable:
                raise DriverError(Fault(sqlstate=NOT_CONNECTED, message="lost"))
            self._beaten_at = self._clock.monotonic()
