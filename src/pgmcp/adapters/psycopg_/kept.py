"""The names of the prepared statements that a session keeps."""

from __future__ import annotations

from collections import OrderedDict
from itertools import count

# Longer texts are prepared for one use: their memory on the server would be held for statements that hardly come again.
_LONGEST_KEPT = 100_000
UNNAMED = b""


class KeptStatements:
    """Names by text, the least recently used going first. Closing one on the server waits for the next preparation.

    Args:
        size: How many are kept at most; 0 names none.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._names: OrderedDict[str, bytes] = OrderedDict()
        self._numbers = count()
        self._unwanted: list[bytes] = []

    def get(self, text: str) -> bytes | None:
        """The name that a text is known by."""
        name = self._names.get(text)
        if name is not None:
            self._names.move_to_end(text)
        return name

    def name(self, text: str) -> bytes:
        """A name for a text that is to be prepared; no name for one that is not to be kept."""
        if not self._size or len(text) > _LONGEST_KEPT:
            return UNNAMED
        return b"pgmcp_%d" % next(self._numbers)

    def keep(self, text: str, name: bytes) -> None:
        """Keep what has been prepared under a name."""
        if name == UNNAMED:
            return
        self._names[text] = name
        while len(self._names) > self._size:
            self._unwanted.append(self._names.popitem(last=False)[1])

    def forget(self, text: str) -> None:
        """Give up a text that the server no longer takes."""
        if text in self._names:
            self._unwanted.append(self._names.pop(text))

    def discard(self, name: bytes) -> None:
        """Give up a name of which nobody knows whether it has been prepared."""
        if name != UNNAMED:
            self._unwanted.append(name)

    def take_unwanted(self) -> list[bytes]:
        """The names to close on the server, once; one that it doesn't know is no error to it."""
        unwanted, self._unwanted = self._unwanted, []
        return unwanted
