"""Whether definitions have changed, by looking at the catalogue now and then. Why so: docs/adr/0038."""

from __future__ import annotations

import asyncio
from typing import Self

from pgmcp.adapters.background import stopped
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.errors import PgmcpError
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import DriverError, Need, Statement

# How often there is a look at the most, and how long it may take, in seconds.
_EVERY_S = 1.0
_LOOK_S = 10.0
# Looks take at most this part of the time.
_SHARE = 0.01
# How long to leave it at the most, in seconds: where it failed or took long, and where the database tells of changes
# itself.
_LATER_S = 30.0
_TOLD = "told"


class Definitions:
    """Looks at the state of the catalogue, on a session of the pool so that nothing else has to wait for it.

    As a context it goes on looking until it is left.

    Args:
        sessions: Lends sessions.
        clock: Waits.
    """

    def __init__(self, *, sessions: ConnectionManager, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._state: str | None = None
        self._changed = False
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        self._looking = asyncio.get_running_loop().create_task(self._go_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        if self._looking is not None:
            await stopped(self._looking)

    def taken(self) -> bool:
        """Whether they have changed since this was last asked."""
        changed, self._changed = self._changed, False
        return changed

    async def look(self) -> float:
        """Look once; seconds until the next time. Where it fails, definitions count as they were."""
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(_LOOK_S):
                connection = await self._sessions.acquire(Need.READ)
                try:
                    rows = await connection.run(Statement(sql("definitions_state")))
                finally:
                    self._sessions.release(connection)
        except (DriverError, PgmcpError, OSError, TimeoutError):
            return _LATER_S
        before, self._state = self._state, rows.rows[0][0]
        self._changed = self._changed or before not in {None, self._state}
        if self._state == _TOLD:
            return _LATER_S
        # One look that had to wait for its turn is no reason to see nothing for many minutes.
        return min(_LATER_S, max(_EVERY_S, (self._clock.monotonic() - began) / _SHARE))

    async def _go_on(self) -> None:
        wait_s = _EVERY_S
        while True:
            await self._clock.sleep(wait_s)
            wait_s = await self.look()
