"""Lineage: what stands behind a relation, and what a write to it reaches."""

from __future__ import annotations

from typing import Protocol

from pgmcp.domain.caching.footprints import Footprint, Surroundings
from pgmcp.domain.calls import CallContext
from pgmcp.domain.relations import Name


class Lineage(Protocol):
    """Knows where rows come from and where writes go; what it has found out it keeps for a while."""

    async def surroundings(self, call: CallContext) -> Surroundings:
        """What the sessions have in common.

        Raises:
            DatabaseError: The database can't be asked.
        """
        ...

    async def of(self, name: Name, call: CallContext) -> Footprint | None:
        """What stands behind a relation; None where there is none of that name, or the role may not know.

        Raises:
            DatabaseError: The database can't be asked.
        """
        ...

    def recalled_surroundings(self, call: CallContext) -> Surroundings | None:
        """What `surroundings` would give, told at once; None where it would have to ask."""
        ...

    def recalled(self, name: Name) -> Footprint | None:
        """What `of` would give, told at once; None where it would have to ask."""
        ...

    def drop(self, name: Name) -> None:
        """Drop what is kept of one relation."""
        ...

    def forget(self) -> None:
        """Drop what is kept: definitions have changed."""
        ...
