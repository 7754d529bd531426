"""A driver whose server is the embedded one, attached at the first connection and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pgmcp.adapters.embedded.server import EmbeddedServer
from pgmcp.ports.driver import Connection, Driver, Need


class EmbeddedDriver:
    """Opens sessions on an embedded server that it attaches to when the first one is asked for.

    Args:
        attach: Joins the server, starting it where need be.
        driver: Makes the driver that talks to an address.
    """

    def __init__(self, attach: Callable[[], Awaitable[EmbeddedServer]], driver: Callable[[str], Driver]) -> None:
        self._attach = attach
        self._driver = driver
        self._first = asyncio.Lock()
        self._server: EmbeddedServer | None = None
        self._inner: Driver | None = None

    async def connect(self, need: Need) -> Connection:
        async with self._first:
            if self._inner is None:
                self._server = await self._attach()
                self._inner = self._driver(self._server.dsn)
        return await self._inner.connect(need)

    async def close(self) -> None:
        """Give the share in the server back; the last one out stops it."""
        if self._server is not None:
            await self._server.close()
