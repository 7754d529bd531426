"""Where a client may be used: in the event loop that its connections are in, until it is closed."""

from __future__ import annotations

import asyncio

from attrs import define

from pgmcp.domain.errors import DatabaseError, codes


@define
class Belonging:
    """The event loop of a client's first call, which its connections can't leave."""

    _loop: asyncio.AbstractEventLoop | None = None
    _closed: bool = False

    def close(self) -> None:
        """Say from now on that it is closed."""
        self._closed = True

    def check(self) -> None:
        """Let a call pass, where there can be any.

        Raises:
            DatabaseError: `shutting_down`: the client is closed.
            RuntimeError: It is another loop's.
        """
        if self._closed:
            hint = "Call it inside its `async with` block, or make another one by `pgmcp.connect`."
            raise DatabaseError(codes.SHUTTING_DOWN, "The client is closed.", hint=hint, retry="never")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            message = (
                "The client's connections belong to the event loop of its first call: make a client in each loop, such"
                " as in each asyncio.run, or one for all threads by pgmcp.connect_sync."
            )
            raise RuntimeError(message)
