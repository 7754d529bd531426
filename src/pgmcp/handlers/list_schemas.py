"""list_schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.catalogue import Schema
from pgmcp.domain.plans import Effect, ListSchemas
from pgmcp.domain.requests import ListSchemasRequest
from pgmcp.domain.responses import DataResponse
from pgmcp.domain.values.types import BOOL, INT8, TEXT
from pgmcp.handlers import answers
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.schemas import SchemaService

COLUMNS = (("name", TEXT), ("owner", TEXT), ("tables", INT8), ("on_search_path", BOOL), ("comment", TEXT))


class ListSchemasHandler(HandlerBase[ListSchemasRequest, ListSchemas, Sequence[Schema], DataResponse]):
    """Lists schemas."""

    name = "list_schemas"
    group = Group.SCHEMA
    effect = Effect.READ
    idempotent = True
    request = ListSchemasRequest
    summary = "List schemas, with how many tables and views each has."
    example: ClassVar = {}

    def __init__(self, schemas: SchemaService) -> None:
        """Ask `schemas`."""
        self._schemas = schemas

    async def plan(self, request: ListSchemasRequest, call: CallContext) -> ListSchemas:
        """List them all, or those that are not the system's."""
        return ListSchemas(include_system=request.include_system)

    async def run(self, plan: ListSchemas, request: ListSchemasRequest, call: CallContext) -> Sequence[Schema]:
        """Ask the catalogue."""
        return await self._schemas.schemas(plan, call)

    def answer(
        self, got: Sequence[Schema], plan: ListSchemas, request: ListSchemasRequest, call: CallContext
    ) -> DataResponse:
        """One line a schema."""
        return answers.listing(
            COLUMNS, ((each.name, each.owner, each.tables, each.on_path, each.comment) for each in got), call
        )
