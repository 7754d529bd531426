"""What is kept in a database in memory: nothing that anyone would have to make."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.domain.calls import CallContext
from pgmcp.ports.keeping import Part


class MemoryKeeping:
    """Implements `Keeping`."""

    def parts(self, watched: Sequence[str] = ()) -> Sequence[Part]:
        return ()

    def removable(self) -> Sequence[Part]:
        return ()

    async def make(self, part: Part, call: CallContext) -> None:
        """There is no part."""

    async def remove(self, part: Part, call: CallContext) -> None:
        """There is no part."""
