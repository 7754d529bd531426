"""What a listening session of asyncpg's has heard and nobody has taken yet."""

from __future__ import annotations

import asyncio
from typing import Any

from pgmcp.adapters.postgres.errors import NOT_CONNECTED
from pgmcp.ports.driver import DriverError, Fault

# More than this waiting means that nobody takes it: then the session is as good as lost.
_MOST = 10_000


class Ear:
    """Takes asyncpg's calls and gives what they brought to whoever waits."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._heard: list[str] = []
        self._lost = False
        self._something = asyncio.Event()

    def hear(self, connection: Any, pid: int, channel: str, payload: object) -> None:
        """Keep an announcement."""
        self._heard.append(str(payload))
        self._lost = self._lost or len(self._heard) > _MOST
        self._something.set()

    def end(self, connection: Any) -> None:
        """The session was lost."""
        self._lost = True
        self._something.set()

    async def announced(self, wait_s: float) -> list[str]:
        """What was heard since the last time.

        Raises:
            DriverError: The session was lost, or more came than is kept.
        """
        try:
            async with asyncio.timeout(wait_s):
                await self._something.wait()
        except TimeoutError:
            return []
        if self._lost:
            raise DriverError(Fault(sqlstate=NOT_CONNECTED, message="lost"))
        heard, self._heard = self._heard, []
        self._something.clear()
        return heard
