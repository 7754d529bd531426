"""Announcements: what processes on one database tell each other, and what the database itself tells them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

Heard = Callable[[Sequence[str]], Awaitable[None]]
"""Told of announcements that came together, each once."""

DEFINITIONS_CHANGED = "ddl"
"""What is announced when a definition has changed: by the database's event trigger, or by whoever looks for it."""


class Announcements(Protocol):
    """Carries short texts to every process that listens, our own among them, by way of the database."""

    @property
    def listening(self) -> bool:
        """Whether everything that is announced is heard; never while `begun` has not returned."""
        ...

    def listen(self, heard: Heard, begun: Callable[[], Awaitable[None]]) -> None:
        """Begin to listen, and go on until `close`, whatever becomes of the connection.

        Args:
            heard: Told of announcements, one lot after the other.
            begun: Told each time that listening begins, before anything is heard: what was said before is lost.
        """
        ...

    async def tell(self, text: str) -> bool:
        """Announce a text of at most 7,900 bytes; whether the database has passed it on."""
        ...

    async def close(self) -> None:
        """Stop listening."""
        ...
