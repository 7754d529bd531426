"""What the memory database says of itself."""

from __future__ import annotations

from collections.abc import Collection

from pgmcp.adapters.memory.engine import Engine
from pgmcp.domain.calls import CallContext
from pgmcp.domain.health import ServerFacts


class MemoryExaminer:
    """Implements `Examiner`; it speaks of the PostgreSQL that it is a double of."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def facts(self, call: CallContext) -> ServerFacts:
        self._engine.in_time(call)
        relations = [table.relation for table in self._engine.tables.values()]
        return ServerFacts(
            version="18 (memory)",
            version_num=180000,
            tls=None,
            local=True,
            role="postgres",
            superuser=False,
            bypasses_row_security=False,
            creates_roles=False,
            readable=len(relations),
            writable=sum(relation.updatable for relation in relations),
            connections=0,
            max_connections=100,
            extensions=(),
        )

    async def reach_writing(self, call: CallContext) -> None:
        self._engine.in_time(call)

    async def protected(self, facts: ServerFacts, call: CallContext) -> ServerFacts:
        return facts

    async def surroundings(self, roles: Collection[str], call: CallContext) -> None:
        return None
