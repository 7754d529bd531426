"""Redefining: where no cache hears of writes, what is kept of definitions has to."""

from __future__ import annotations

from pgmcp.domain.changes import Changes
from pgmcp.domain.transactions import Outcome
from pgmcp.ports.metadata import Metadata


class Redefining:
    """Forgets what was known of definitions when one of our own statements has changed them.

    Implements `ChangeListener`. What others change is only known when it is too old, or the server complains.
    """

    def __init__(self, metadata: Metadata) -> None:
        """Have `metadata` forgotten."""
        self._metadata = metadata

    async def changed(self, changes: Changes, outcome: Outcome) -> None:
        """Take note of what was written, unless it was taken back."""
        if changes.definitions and outcome is not Outcome.ROLLED_BACK:
            self._metadata.forget()
