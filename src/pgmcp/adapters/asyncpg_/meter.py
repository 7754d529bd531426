"""What a server may say at once, counted where its bytes come in.

asyncpg holds whatever it is sent, and puts a message together from its pieces in time that grows with the square of its
length, which nothing interrupts: a query tree of a gigabyte, which a statement of ten kilobytes can have, would hold
the process for minutes.
"""

from __future__ import annotations

import asyncio


class Meter(asyncio.Protocol):
    """Passes on what comes in, and ends the connection where it is too much.

    Args:
        inner: Whom to pass it on to.
        transport: The connection.
        most: Bytes that may come until `begin` is called again.
    """

    def __init__(self, inner: asyncio.Protocol, transport: asyncio.Transport, most: int) -> None:
        self._inner = inner
        self._transport = transport
        self._most = self._left = most

    @property
    def exceeded(self) -> bool:
        """Whether it was too much."""
        return self._left < 0

    def begin(self) -> None:
        """Count anew: what comes now is the answer to another statement."""
        if self._left >= 0:
            self._left = self._most

    def data_received(self, data: bytes) -> None:
        """Count, then pass on."""
        self._left -= len(data)
        if self._left < 0:
            self._transport.abort()
        else:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._inner.resume_writing()
