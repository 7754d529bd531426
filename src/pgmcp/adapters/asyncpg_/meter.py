"""What a server says, heard where its bytes come in: counted, as it may not be too much, and how an answer ended.

asyncpg holds whatever it is sent, and puts a message together from its pieces in time that grows with the square of its
length, which nothing interrupts: a query tree of a gigabyte, which a statement of ten kilobytes can have, would hold
the process for minutes.
"""

from __future__ import annotations

import asyncio

from pgmcp.adapters.asyncpg_.fates import Answer
from pgmcp.ports.driver import Fate

# So many bytes of an answer are kept until somebody asks how it ended, which hardly ever happens; of more, only that.
_KEPT = 65_536


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
        self._kept_until = most - _KEPT
        self._heard: list[bytes] | Answer | None = None

    @property
    def exceeded(self) -> bool:
        """Whether it was too much."""
        return self._left < 0

    def begin(self) -> None:
        """Count anew: what comes now is the answer to another statement."""
        if self._left >= 0:
            self._left = self._most
        self._heard = None

    def follow(self) -> None:
        """Count anew, and hear how it ends: what comes now is the answer to something that is run."""
        if self._left >= 0:
            self._left = self._most
        self._heard = []

    @property
    def fate(self) -> Fate:
        """What became of what was run since `begin`; undone where nothing was."""
        heard = self._heard
        if heard is None:
            return Fate.UNDONE
        return (Answer(heard) if isinstance(heard, list) else heard).fate

    def data_received(self, data: bytes) -> None:
        """Count, then pass on."""
        left = self._left = self._left - len(data)
        if left < 0:
            self._transport.abort()
            return
        heard = self._heard
        if heard is not None:
            heard.append(data)
            if left < self._kept_until and isinstance(heard, list):
                self._heard = Answer(heard)
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
