"""create_record."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Batch, Bounds, Effect, Insert
from pgmcp.domain.records import returned, texts
from pgmcp.domain.requests import CreateRequest
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse
from pgmcp.domain.results import Result
from pgmcp.domain.settings import Settings
from pgmcp.handlers import answers
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.schemas import SchemaService
from pgmcp.services.tables import TableService
from pgmcp.services.validation import ValidationService


class CreateRecordHandler(HandlerBase[CreateRequest, Insert, Result, DataResponse | AcknowledgementResponse]):
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

    def __init__(
        self, schemas: SchemaService, validation: ValidationService, tables: TableService, settings: Settings
    ) -> None:
        """Find the relation, check the data, write the row."""
        self._schemas = schemas
        self._validation = validation
        self._tables = tables
        self._settings = settings

    async def plan(self, request: CreateRequest, call: CallContext) -> Insert:
        """Resolve the names and check the data."""
        relation = await self._schemas.relation(request.table, request.schema, call)
        self._validation.writable(relation, Effect.CREATE)
        row = texts(request.data, relation, "data")
        return Insert(
            relation=relation,
            rows=Batch(columns=tuple(row), rows=(tuple(row.values()),)),
            returning=returned(request.returning, relation),
            bounds=Bounds(max_rows=self._settings.max_rows, max_bytes=self._settings.max_bytes),
        )

    async def run(self, plan: Insert, request: CreateRequest, call: CallContext) -> Result:
        """Write the row."""
        return await self._tables.add(plan, call)

    def answer(
        self, got: Result, plan: Insert, request: CreateRequest, call: CallContext
    ) -> DataResponse | AcknowledgementResponse:
        """The row, or that it was added."""
        return answers.written(got, returning=bool(plan.returning))
