"""read_table."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve

from pgmcp.domain.calls import CallContext
from pgmcp.domain.filters.mentions import mentions_time
from pgmcp.domain.plans import Effect, Select
from pgmcp.domain.requests import ReadRequest
from pgmcp.domain.responses import DataResponse
from pgmcp.domain.results import Result, Truncation
from pgmcp.handlers import answers
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.queries import QueryService
from pgmcp.services.schemas import SchemaService
from pgmcp.services.tables import TableService


class ReadTableHandler(HandlerBase[ReadRequest, Select, Result, DataResponse]):
    """Reads one page of one relation."""

    name = "read_table"
    group = Group.DATA
    effect = Effect.READ
    idempotent = True
    recurrent = True
    request = ReadRequest
    summary = (
        'Read rows of a table or view. filters: {"total":{"gte":10,"lt":50},"status":{"in":["new","paid"]},'
        '"or":[{"vip":true},{"note":{"ilike":"%x%"}}],"doc->address->>city":"Lisboa"}. Operators: eq ne gt gte lt '
        "lte between in nin is like ilike match starts_with ends_with contains overlap has_key jsonb_contains fts "
        'and more; and/or/not; {"gte":{"relative":"last 30 days"}}.'
    )
    example: ClassVar = {"table": "orders", "filters": {"status": "paid"}, "order_by": "-id", "limit": 3}

    def __init__(self, schemas: SchemaService, queries: QueryService, tables: TableService) -> None:
        """Find the relation, plan the read, run it."""
        self._schemas = schemas
        self._queries = queries
        self._tables = tables

    async def plan(self, request: ReadRequest, call: CallContext) -> Select:
        """Resolve the names, parse filter and order, set the bounds."""
        relation = await self._schemas.relation(request.table, request.schema, call)
        return await self._queries.select_plan(request, relation, call)

    def recurs(self, request: ReadRequest) -> bool:
        """Not where it says more than its values do: a cursor, a time by the clock."""
        return request.cursor is None and not mentions_time(request.filters or {})

    def holds(self, plan: Select, request: ReadRequest, call: CallContext) -> bool:
        """For as long as the table's name means the same relation, as its caller sees it."""
        return self._schemas.recalled(request.table, request.schema, call) is plan.relation

    async def run(self, plan: Select, request: ReadRequest, call: CallContext) -> Result:
        """Read the page."""
        return await self._tables.select(plan, call)

    def answer(self, got: Result, plan: Select, request: ReadRequest, call: CallContext) -> DataResponse:
        """The rows; how to go on where more follow."""
        cursor = self._queries.next_cursor(request, plan, got, call)
        hint = None
        if got.more and got.count and not plan.keyed:
            behind = plan.page.offset + got.count
            hint = f"More rows follow; without a unique key pages go by offset: call again with offset={behind}."
        if request.limit is not None and request.limit > plan.bounds.max_rows and got.more and got.truncated is None:
            got = evolve(got, truncated=Truncation.ROWS)
            hint = hint or f"One answer has at most {plan.bounds.max_rows} rows; go on with next_cursor."
        return answers.rows(got, next_cursor=cursor, hint=hint)
