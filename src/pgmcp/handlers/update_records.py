"""update_records."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.aside import aside
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Effect, Update
from pgmcp.domain.records import assignments, returned
from pgmcp.domain.requests import UpdateRequest
from pgmcp.domain.results import Result
from pgmcp.handlers.base import Group
from pgmcp.handlers.writing import WritingHandler


class UpdateRecordsHandler(WritingHandler[UpdateRequest, Update]):
    """Changes the rows that match."""

    name = "update_records"
    group = Group.DATA
    effect = Effect.UPDATE
    destructive = True
    idempotent = True
    request = UpdateRequest
    summary = "Change the rows that match filters (as in read_table), at most max_rows or none. dry_run only counts."
    example: ClassVar = {"table": "orders", "filters": {"id": 1}, "data": {"status": "shipped"}, "dry_run": True}

    async def plan(self, request: UpdateRequest, call: CallContext) -> Update:
        """Resolve the names, parse the filter, check the data."""
        relation = await self.target(request, call)
        moment = await self.queries.moment(request.filters, call)
        return Update(
            relation=relation,
            assignments=await aside(request.data, lambda: assignments(request.data, relation)),
            filter=await self.validation.write_filter(request.filters, relation, moment),
            returning=returned(request.returning, relation),
            max_rows=self.most(request.max_rows),
            dry_run=request.dry_run,
            bounds=self.bounds(),
        )

    async def run(self, plan: Update, request: UpdateRequest, call: CallContext) -> Result:
        """Change the rows, or only try to."""
        return await self.tables.update(plan, call)
