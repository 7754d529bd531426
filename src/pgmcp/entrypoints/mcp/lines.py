"""Lines from a descriptor, never more of one in memory than the limit allows."""

from __future__ import annotations

from attrs import Factory, define, field, frozen

from pgmcp.entrypoints.mcp.descriptors import Watched

_TAIL = 1024


@frozen
class Oversized:
    """A line that was too long to be kept.

    Args:
        head: Its first bytes, as many as the limit.
        tail: Its last bytes, a few.
    """

    head: bytes = field(repr=False)
    tail: bytes = field(repr=False)


@define
class LineReader:
    """Reads lines.

    Args:
        descriptor: Where from.
        max_bytes: The longest line that is kept, in bytes without its end.
    """

    descriptor: int
    max_bytes: int
    _source: Watched = field(
        default=Factory(lambda self: Watched(self.descriptor), takes_self=True), init=False, repr=False
    )
    _buffer: bytearray = field(factory=bytearray, init=False, repr=False)
    _searched: int = field(default=0, init=False)
    _head: bytes | None = field(default=None, init=False, repr=False)
    _ended: bool = field(default=False, init=False)

    async def read(self) -> bytes | Oversized | None:
        """The next line.

        Returns:
            The line without its end, an oversized one in extract, or None after the last.

        Raises:
            OSError: The descriptor can't be read.
        """
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end >= 0:
                return self._take(end, end + 1)
            if self._ended:
                return self._take(len(self._buffer), len(self._buffer)) if self._buffer or self._head else None
            self._searched = len(self._buffer)
            self._shed()
            chunk = await self._source.read()
            self._ended = not chunk
            self._buffer += chunk

    def _shed(self) -> None:
        """Drop the middle of a line that is too long already."""
        if self._head is None and len(self._buffer) > self.max_bytes:
            self._head = bytes(self._buffer[: self.max_bytes])
        if self._head is not None:
            del self._buffer[:-_TAIL]
            self._searched = len(self._buffer)

    def _take(self, end: int, after: int) -> bytes | Oversized:
        """Take a line off the buffer.

        Args:
            end: Where it ends.
            after: Where the next one starts.
        """
        line = bytes(self._buffer[:end])
        del self._buffer[:after]
        self._searched = 0
        head, self._head = self._head, None
        if head is not None:
            return Oversized(head, line[-_TAIL:])
        if len(line) > self.max_bytes:
            return Oversized(line[: self.max_bytes], line[-_TAIL:])
        return line
