"""update_records."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Bounds, Effect, Update
from pgmcp.domain.records import assignments, returned
from pgmcp.domain.requests import UpdateRequest
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse
from pgmcp.domain.results import Result
from pgmcp.domain.settings import Settings
from pgmcp.handlers import answers
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.queries import QueryService
from pgmcp.services.schemas import SchemaService
from pgmcp.services.tables import TableService
from pgmcp.services.validation import ValidationService


class UpdateRecordsHandler(HandlerBase[UpdateRequest, Update, Result, DataResponse | AcknowledgementResponse]):
    """Changes the rows that match."""

    name = "update_records"
    group = Group.DATA
    effect = Effect.UPDATE
    destructive = True
    idempotent = True
    request = UpdateRequest
    summary = "Change the rows that match filters (as in read_table), at most max_rows or none. dry_run only counts."
    example: ClassVar = {"table": "orders", "filters": {"id": 1}, "data": {"status": "shipped"}, "dry_run": True}

    def __init__(
        self,
        schemas: SchemaService,
        validation: ValidationService,
        queries: QueryService,
        tables: TableService,
        settings: Settings,
    ) -> None:
        """Find the relation, parse the filter, check the data, change the rows."""
        self._schemas = schemas
        self._validation = validation
        self._queries = queries
        self._tables = tables
        self._settings = settings

    async def plan(self, request: UpdateRequest, call: CallContext) -> Update:
        """Resolve the names, parse the filter, check the data."""
        relation = await self._schemas.relation(request.table, request.schema, call)
        self._validation.writable(relation, Effect.UPDATE)
        moment = await self._queries.moment(request.filters, call)
        return Update(
            relation=relation,
            assignments=assignments(request.data, relation),
            filter=self._validation.write_filter(request.filters, relation, moment),
            returning=returned(request.returning, relation),
            max_rows=min(request.max_rows or self._settings.max_write_rows, self._settings.max_write_rows),
            dry_run=request.dry_run,
            bounds=Bounds(max_rows=self._settings.max_rows, max_bytes=self._settings.max_bytes),
        )

    async def run(self, plan: Update, request: UpdateRequest, call: CallContext) -> Result:
        """Change the rows, or only try to."""
        return await self._tables.update(plan, call)

    def answer(
        self, got: Result, plan: Update, request: UpdateRequest, call: CallContext
    ) -> DataResponse | AcknowledgementResponse:
        """The rows, or how many were changed."""
        return answers.written(got, returning=bool(plan.returning), dry_run=plan.dry_run)
