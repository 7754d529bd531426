"""create_records."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import ClassVar, TypeVar

from pgmcp.domain.batches import batches
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Bounds, Effect, Insert
from pgmcp.domain.records import conflict, returned
from pgmcp.domain.requests import CreateBatchRequest
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse
from pgmcp.domain.results import Result
from pgmcp.domain.settings import Settings
from pgmcp.handlers import answers
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.schemas import SchemaService
from pgmcp.services.tables import TableService
from pgmcp.services.validation import ValidationService

T = TypeVar("T")


class CreateRecordsHandler(HandlerBase[CreateBatchRequest, Insert, Result, DataResponse | AcknowledgementResponse]):
    """Adds many rows, all or none, streaming them in batches."""

    name = "create_records"
    group = Group.DATA
    effect = Effect.CREATE
    request = CreateBatchRequest
    summary = "Add many rows, all or none. on_conflict says what happens to rows whose key exists."
    example: ClassVar = {
        "table": "customers",
        "records": [{"name": "Ana Reis", "email": "ana.reis@example.org"}],
        "on_conflict": "ignore",
    }

    def __init__(
        self, schemas: SchemaService, validation: ValidationService, tables: TableService, settings: Settings
    ) -> None:
        """Find the relation, check each record as it comes, write them."""
        self._schemas = schemas
        self._validation = validation
        self._tables = tables
        self._settings = settings

    async def plan(self, request: CreateBatchRequest, call: CallContext) -> Insert:
        """Resolve the names; the records are checked as they are sent."""
        relation = await self._schemas.relation(request.table, request.schema, call)
        self._validation.writable(relation, Effect.CREATE)
        return Insert(
            relation=relation,
            returning=returned(request.returning, relation),
            on_conflict=conflict(request.on_conflict, relation),
            bounds=Bounds(max_rows=self._settings.max_rows, max_bytes=self._settings.max_bytes),
        )

    async def run(self, plan: Insert, request: CreateBatchRequest, call: CallContext) -> Result:
        """Write the records, batch by batch."""
        cut = batches(_each(request.records), plan.relation, size=request.batch_size)
        return await self._tables.insert(plan, cut, call)

    def answer(
        self, got: Result, plan: Insert, request: CreateBatchRequest, call: CallContext
    ) -> DataResponse | AcknowledgementResponse:
        """The rows, or how many were added."""
        return answers.written(got, returning=bool(plan.returning))


async def _each(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
