"""What stands behind a relation in memory: nobody writes but through pgmcp, and there are no triggers."""

from __future__ import annotations

from pgmcp.adapters.memory.building import SCHEMA
from pgmcp.adapters.memory.engine import Engine
from pgmcp.domain.caching.footprints import Footprint, Surroundings, Touched
from pgmcp.domain.calls import CallContext
from pgmcp.domain.relations import Name

_SURROUNDINGS = Surroundings(database="memory", role="memory", search_path=SCHEMA, time_zone="UTC")


class MemoryLineage:
    """Implements `Lineage`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def surroundings(self, call: CallContext) -> Surroundings:
        return self.recalled_surroundings(call)

    def recalled_surroundings(self, call: CallContext) -> Surroundings:
        return _SURROUNDINGS

    async def of(self, name: Name, call: CallContext) -> Footprint | None:
        tables = self._engine.tables
        table = tables.get(name.name) if name.schema == SCHEMA else None
        if table is None:
            return None
        own = frozenset({name})
        reached = {name.name}
        while (
            more := {
                each.table
                for other in tables.values()
                for each in other.references
                if each.target in reached and each.on_delete not in {"no action", "restrict"}
            }
            - reached
        ):
            reached |= more
        return Footprint(
            sources=own,
            # A view is a function in Python, which may do anything.
            obstacle=None if table.query is None else "unsteady",
            watched=True,
            inserted=Touched(tables=own),
            changed=Touched(tables=frozenset(Name(SCHEMA, each) for each in reached)),
        )

    def recalled(self, name: Name) -> Footprint | None:
        """It is worked out each time."""

    def drop(self, name: Name) -> None:
        """Nothing is kept."""

    def forget(self) -> None:
        """Nothing is kept."""
