"""list_tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import Listed
from pgmcp.domain.plans import Effect, ListTables
from pgmcp.domain.relations import Name
from pgmcp.domain.requests import ListTablesRequest
from pgmcp.domain.responses import DataResponse
from pgmcp.domain.values.types import INT8, TEXT
from pgmcp.handlers import answers
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.cursors import Cursors, Place
from pgmcp.services.schemas import SchemaService

COLUMNS = (("name", TEXT), ("kind", TEXT), ("rows", INT8), ("bytes", INT8), ("comment", TEXT))
Page = tuple[Sequence[Listed], bool]


class ListTablesHandler(HandlerBase[ListTablesRequest, ListTables, Page, DataResponse]):
    """Lists relations by name, a page at a time."""

    name = "list_tables"
    group = Group.SCHEMA
    effect = Effect.READ
    idempotent = True
    request = ListTablesRequest
    summary = "List tables, views, materialized views and foreign tables, with estimated rows and size."
    example: ClassVar = {"search": "order"}

    def __init__(self, schemas: SchemaService, cursors: Cursors) -> None:
        """Ask `schemas`; seal the pages' ends by `cursors`."""
        self._schemas = schemas
        self._cursors = cursors

    async def plan(self, request: ListTablesRequest, call: CallContext) -> ListTables:
        """List a page, from the start or behind a cursor."""
        after = None
        if request.cursor is not None:
            schema, name = self._cursors.open(request.cursor, request, call).key
            after = Name(schema or "", name or "")
        if request.schema is not None:
            await self._schemas.require_schema(request.schema, call)
        return ListTables(
            schema=request.schema,
            search=request.search,
            include_views=request.include_views,
            limit=request.limit,
            after=after,
        )

    async def run(self, plan: ListTables, request: ListTablesRequest, call: CallContext) -> Page:
        """Ask the catalogue."""
        return await self._schemas.tables(plan, call)

    def answer(self, got: Page, plan: ListTables, request: ListTablesRequest, call: CallContext) -> DataResponse:
        """One line a relation; a name off the search path stands with its schema."""
        listed, more = got
        cursor = None
        if more and listed:
            last = listed[-1].name
            cursor = self._cursors.make(Place(key=(last.schema, last.name)), request, call)
        lines = (
            (each.name.name if each.on_path else str(each.name), each.kind, each.rows, each.bytes, each.comment)
            for each in listed
        )
        return answers.listing(COLUMNS, lines, call, next_cursor=cursor)
