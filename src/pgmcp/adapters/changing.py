"""Nobody who wants to know what has been written."""

from __future__ import annotations

from pgmcp.domain.changes import Changes
from pgmcp.domain.transactions import Outcome


class NobodyListens:
    """Implements `ChangeListener`, where nothing is kept that a write could make old."""

    async def changed(self, changes: Changes, outcome: Outcome) -> None:
        """Let it pass."""
