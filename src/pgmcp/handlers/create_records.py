"""create_records."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import ClassVar, TypeVar

from pgmcp.domain.batches import batches, with_keys_once
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Batch, Effect, Insert
from pgmcp.domain.records import conflict, returned
from pgmcp.domain.requests import CreateBatchRequest
from pgmcp.domain.results import Result
from pgmcp.handlers.base import Group
from pgmcp.handlers.writing import WritingHandler

T = TypeVar("T")


class CreateRecordsHandler(WritingHandler[CreateBatchRequest, Insert]):
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

    async def plan(self, request: CreateBatchRequest, call: CallContext) -> Insert:
        """Resolve the names; the records are checked as they are sent."""
        relation = await self.target(request, call)
        return Insert(
            relation=relation,
            returning=returned(request.returning, relation),
            on_conflict=conflict(request.on_conflict, relation),
            bounds=self.bounds(),
        )

    async def run(self, plan: Insert, request: CreateBatchRequest, call: CallContext) -> Result:
        """Write the records, batch by batch."""
        if isinstance(request.records, (list, tuple)):
            return await self.tables.insert(plan, lambda: self._cut(plan, request), call)
        return await self.tables.insert_once(plan, self._cut(plan, request), call)

    def _cut(self, plan: Insert, request: CreateBatchRequest) -> AsyncIterator[Batch]:
        cut = batches(_each(request.records), plan.relation, size=request.batch_size)
        return with_keys_once(cut, plan.on_conflict)


async def _each(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
