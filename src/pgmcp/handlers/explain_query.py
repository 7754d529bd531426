"""explain_query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.explaining import summarise
from pgmcp.domain.plans import Effect, Explain
from pgmcp.domain.requests import ExplainQueryRequest
from pgmcp.domain.responses import PlanResponse
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.queries import QueryService


class ExplainQueryHandler(HandlerBase[ExplainQueryRequest, Explain, Sequence[object], PlanResponse]):
    """Shows how PostgreSQL would run a statement."""

    name = "explain_query"
    group = Group.QUERY
    effect = Effect.RUN
    idempotent = True
    request = ExplainQueryRequest
    summary = "Show how PostgreSQL would run one SQL statement: plan, cost, rows; analyze also measures."
    example: ClassVar = {"query": "SELECT * FROM orders WHERE customer_id = $1", "params": [1]}

    def __init__(self, queries: QueryService) -> None:
        """Plan and run by `queries`."""
        self._queries = queries

    async def plan(self, request: ExplainQueryRequest, call: CallContext) -> Explain:
        """Judge the statement's bytes and shape."""
        return await self._queries.explain_plan(request.query, request.params, analyze=request.analyze)

    async def run(self, plan: Explain, request: ExplainQueryRequest, call: CallContext) -> Sequence[object]:
        """Ask PostgreSQL."""
        return await self._queries.explain(plan, call)

    def answer(
        self, got: Sequence[object], plan: Explain, request: ExplainQueryRequest, call: CallContext
    ) -> PlanResponse:
        """The plan as lines."""
        return summarise(got)
