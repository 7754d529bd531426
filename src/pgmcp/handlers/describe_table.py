"""describe_table."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import TableDescription
from pgmcp.domain.describing import describe
from pgmcp.domain.plans import DescribeTable, Effect
from pgmcp.domain.records import known_columns
from pgmcp.domain.requests import DescribeTableRequest
from pgmcp.domain.responses import DescriptionResponse
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.cursors import Cursors, Place
from pgmcp.services.schemas import SchemaService


class DescribeTableHandler(HandlerBase[DescribeTableRequest, DescribeTable, TableDescription, DescriptionResponse]):
    """Describes one relation."""

    name = "describe_table"
    group = Group.SCHEMA
    effect = Effect.READ
    idempotent = True
    request = DescribeTableRequest
    summary = "Columns, keys, foreign keys both ways, checks, indexes, triggers, partitions, size of a table or view."
    example: ClassVar = {"table": "orders"}

    def __init__(self, schemas: SchemaService, cursors: Cursors) -> None:
        """Ask `schemas`; seal where a wide table's page ends by `cursors`."""
        self._schemas = schemas
        self._cursors = cursors

    async def plan(self, request: DescribeTableRequest, call: CallContext) -> DescribeTable:
        """Describe a relation, from the first column or behind a cursor."""
        # Whoever asks for a description may have changed it a moment ago, past pgmcp.
        await self._schemas.renew(request.table, request.schema, call)
        relation = await self._schemas.relation(request.table, request.schema, call)
        start = 0
        if request.cursor is not None:
            start = int(self._cursors.open(request.cursor, request, call).key[0] or 0)
        columns = known_columns(request.columns or (), relation, "columns")
        return DescribeTable(relation=relation, columns=columns, start=start)

    async def run(self, plan: DescribeTable, request: DescribeTableRequest, call: CallContext) -> TableDescription:
        """Ask the catalogue."""
        return await self._schemas.describe(plan, call)

    def answer(
        self, got: TableDescription, plan: DescribeTable, request: DescribeTableRequest, call: CallContext
    ) -> DescriptionResponse:
        """The description, what says nothing left out."""
        document, following = describe(got, plan)
        if following is not None:
            document["next_cursor"] = self._cursors.make(Place(key=(str(following),)), request, call)
        return DescriptionResponse(document=document)
