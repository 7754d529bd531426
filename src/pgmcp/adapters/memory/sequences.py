"""Numbers for identity columns; as in PostgreSQL, a number once given is not taken back when a transaction is.

Source: PostgreSQL documentation, section 9.17 (Sequence Manipulation Functions).
"""

from __future__ import annotations


class Sequence:
    """Counts up from 1."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """The next number."""
        self._last += 1
        return self._last

    def advance(self, at_least: int) -> None:
        """Go on behind a number that is in use."""
        self._last = max(self._last, at_least)
