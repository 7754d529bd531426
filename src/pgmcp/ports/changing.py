"""Who wants to know what has been written, such as a cache."""

from __future__ import annotations

from typing import Protocol

from pgmcp.domain.changes import Changes
from pgmcp.domain.transactions import Outcome


class ChangeListener(Protocol):
    """Hears of every write once it is committed, before its caller has the answer."""

    async def changed(self, changes: Changes, outcome: Outcome) -> None:
        """Take note of what was written.

        Args:
            changes: The relations; of a transaction all that were written in it, even where a part was rolled back.
            outcome: `COMMITTED`, or `UNKNOWN` where nobody can tell: then it may be there, or come to be there soon.
        """
        ...
