"""The audit on an open descriptor, such as stderr, where a service manager keeps it."""

from __future__ import annotations

import os

STDERR = 2


class Stream:
    """Implements `Sink` on a descriptor that somebody else opened and closes.

    Args:
        descriptor: Where the lines go.
    """

    def __init__(self, descriptor: int = STDERR) -> None:
        self._descriptor = descriptor

    def write(self, lines: bytes, *, intents: bool) -> None:
        """Write whole lines; nothing more can be asked of a stream.

        Raises:
            OSError: It is closed, or full.
        """
        del intents
        left = memoryview(lines)
        while left:
            left = left[os.write(self._descriptor, left) :]

    def close(self) -> None:
        """Leave it open."""
