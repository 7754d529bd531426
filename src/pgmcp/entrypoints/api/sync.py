"""The synchronous client: the asynchronous one on an event loop of its own, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import Self, TypeVar

from pgmcp.domain.requests import RequestBase
from pgmcp.domain.responses import ResponseBase
from pgmcp.entrypoints.api.client import Client

R = TypeVar("R", bound=ResponseBase)


class SyncClient:
    """A database, for a program without an event loop; made by `pgmcp.connect_sync`. Safe to share among threads."""

    def __init__(self, client: Client) -> None:
        """Run `client` on a loop of its own."""
        self._client = client
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pgmcp", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def call(self, request: RequestBase[R]) -> R:
        """Carry out a request, as `Client.call` does.

        Raises:
            PgmcpError: As `Client.call`.
        """
        future = asyncio.run_coroutine_threadsafe(self._client.call(request), self._loop)
        try:
            return future.result()
        except BaseException:
            # An interrupt in this thread stops the statement too.
            future.cancel()
            raise

    def close(self) -> None:
        """Close the connections and end the thread; calling again does nothing."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
