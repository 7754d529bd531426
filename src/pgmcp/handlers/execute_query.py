"""execute_query."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Effect, RawQuery, StatementKind
from pgmcp.domain.requests import ExecuteQueryRequest
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse
from pgmcp.domain.results import Result
from pgmcp.handlers import answers
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.queries import QueryService


class ExecuteQueryHandler(HandlerBase[ExecuteQueryRequest, RawQuery, Result, DataResponse | AcknowledgementResponse]):
    """Runs one statement of the caller's own."""

    name = "execute_query"
    group = Group.QUERY
    effect = Effect.RUN
    destructive = True
    recurrent = True
    request = ExecuteQueryRequest
    summary = "Run one SQL statement, params for $1, $2…; read-only unless read_only is false and writing is allowed."
    example: ClassVar = {
        "query": "SELECT status, count(*) FROM orders WHERE total > $1 GROUP BY status ORDER BY status",
        "params": [100],
    }

    def __init__(self, queries: QueryService) -> None:
        """Plan and run by `queries`."""
        self._queries = queries

    async def plan(self, request: ExecuteQueryRequest, call: CallContext) -> RawQuery:
        """Judge the statement's bytes and shape."""
        return await self._queries.raw_plan(request)

    async def run(self, plan: RawQuery, request: ExecuteQueryRequest, call: CallContext) -> Result:
        """Run it."""
        return await self._queries.run(plan, call)

    def answer(
        self, got: Result, plan: RawQuery, request: ExecuteQueryRequest, call: CallContext
    ) -> DataResponse | AcknowledgementResponse:
        """Its rows, or how many rows it changed."""
        if plan.kind is StatementKind.CHANGE or (plan.kind is StatementKind.UTILITY and not got.columns):
            return AcknowledgementResponse(count=got.count)
        hint = None
        if got.truncated is not None:
            hint = "Only the first rows are here: aggregate, filter or page with LIMIT and OFFSET in the statement."
        return answers.rows(got, hint=hint)
