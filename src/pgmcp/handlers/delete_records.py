"""delete_records."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Delete, Effect
from pgmcp.domain.records import returned
from pgmcp.domain.requests import DeleteRequest
from pgmcp.domain.results import Result
from pgmcp.handlers.base import Group
from pgmcp.handlers.writing import WritingHandler


class DeleteRecordsHandler(WritingHandler[DeleteRequest, Delete]):
    """Removes the rows that match."""

    name = "delete_records"
    group = Group.DATA
    effect = Effect.DELETE
    destructive = True
    idempotent = True
    request = DeleteRequest
    summary = "Remove the rows that match filters (as in read_table), at most max_rows or none. dry_run only counts."
    example: ClassVar = {"table": "order_items", "filters": {"order_id": 1}, "dry_run": True}

    async def plan(self, request: DeleteRequest, call: CallContext) -> Delete:
        """Resolve the names and parse the filter."""
        relation = await self.target(request, call)
        moment = await self.queries.moment(request.filters, call)
        return Delete(
            relation=relation,
            filter=await self.validation.write_filter(request.filters, relation, moment),
            returning=returned(request.returning, relation),
            max_rows=self.most(request.max_rows),
            dry_run=request.dry_run,
            bounds=self.bounds(),
        )

    async def run(self, plan: Delete, request: DeleteRequest, call: CallContext) -> Result:
        """Remove the rows, or only try to."""
        return await self.tables.delete(plan, call)
