"""Where nothing is ever announced."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pgmcp.ports.announcing import Heard


class Silence:
    """Implements `Announcements`.

    Args:
        listening: True where there is nobody else who could say anything, as in memory; False where others can't be
            heard, as through a transaction pooler.
    """

    def __init__(self, *, listening: bool) -> None:
        self._listening = listening

    @property
    def listening(self) -> bool:
        return self._listening

    def listen(self, heard: Heard, begun: Callable[[], Awaitable[None]]) -> None:
        """Nothing will come."""

    async def tell(self, text: str) -> bool:
        return False

    async def close(self) -> None:
        """There is nothing to close."""
