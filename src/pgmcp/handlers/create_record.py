"""create_record."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.aside import aside
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Batch, Effect, Insert
from pgmcp.domain.records import returned, texts
from pgmcp.domain.requests import CreateRequest
from pgmcp.domain.results import Result
from pgmcp.handlers.base import Group
from pgmcp.handlers.writing import WritingHandler


class CreateRecordHandler(WritingHandler[CreateRequest, Insert]):
    """Adds one row."""

    name = "create_record"
    group = Group.DATA
    effect = Effect.CREATE
    request = CreateRequest
    summary = "Add one row; columns left out take their default."
    example: ClassVar = {
        "table": "customers",
        "data": {"name": "Ana Reis", "email": "ana.reis@example.org"},
        "returning": ["id"],
    }

    async def plan(self, request: CreateRequest, call: CallContext) -> Insert:
        """Resolve the names and check the data."""
        relation = await self.target(request, call)
        row = await aside(request.data, lambda: texts(request.data, relation, "data"))
        return Insert(
            relation=relation,
            rows=Batch(columns=tuple(row), rows=(tuple(row.values()),)),
            returning=returned(request.returning, relation),
            bounds=self.bounds(),
        )

    async def run(self, plan: Insert, request: CreateRequest, call: CallContext) -> Result:
        """Write the row."""
        return await self.tables.add(plan, call)
