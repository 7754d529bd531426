"""TableService: runs plans on relations: units of work, batches, trials."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from attrs import evolve

from pgmcp.domain.batches import merging
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, ValidationError, codes
from pgmcp.domain.plans import Batch, Delete, Insert, Select, Update
from pgmcp.domain.results import NativeRows, Result, Truncation, WireRows
from pgmcp.domain.tracking import track_execution_time
from pgmcp.ports.repositories import TableRepository
from pgmcp.ports.transactions import Transaction
from pgmcp.services.caching import Caching
from pgmcp.services.retrying import Retrying
from pgmcp.services.transactions import TransactionService, Work

T = TypeVar("T")

# No unique or exclusion constraint matches the ON CONFLICT specification.
# https://www.postgresql.org/docs/18/errcodes-appendix.html
NO_SUCH_KEY = "42P10"
# A row would be updated twice by one statement: two records have keys that PostgreSQL finds equal.
SECOND_CONFLICT = "21000"


class TableService:
    """Carries out table plans; knows nothing of JSON and MCP."""

    def __init__(
        self, repository: TableRepository, transactions: TransactionService, retrying: Retrying, cache: Caching
    ) -> None:
        """Work on a repository, with units of work from `transactions`; again where `retrying` may."""
        self._repository = repository
        self._cache = cache
        self._transactions = transactions
        self._retrying = retrying

    @track_execution_time("TableService.select", layer="service")
    async def select(self, plan: Select, call: CallContext) -> Result:
        """Read one page."""

        def work(within: Transaction | None, call: CallContext) -> Awaitable[Result]:
            return self._repository.select(plan, call, within)

        def load(call: CallContext) -> Awaitable[Result]:
            return self._retrying.reading(lambda: self._transactions.read(work, call), call)

        return await self._cache.read(plan, call, load)

    @track_execution_time("TableService.update", layer="service")
    def update(self, plan: Update, call: CallContext) -> Awaitable[Result]:
        """Change rows, or only try to."""

        def work(within: Transaction | None, call: CallContext) -> Awaitable[Result]:
            return self._repository.update(plan, call, within)

        return self._change(work, plan, call)

    @track_execution_time("TableService.delete", layer="service")
    def delete(self, plan: Delete, call: CallContext) -> Awaitable[Result]:
        """Remove rows, or only try to."""

        def work(within: Transaction | None, call: CallContext) -> Awaitable[Result]:
            return self._repository.delete(plan, call, within)

        return self._change(work, plan, call)

    @track_execution_time("TableService.add", layer="service")
    async def add(self, plan: Insert, call: CallContext) -> Result:
        """Add the rows that the plan itself holds, by one statement."""
        rows = plan.rows or Batch(columns=(), rows=())
        return await self._retrying.writing(lambda: self._add_alone(plan, rows, call), call)

    @track_execution_time("TableService.insert", layer="service")
    async def insert(self, plan: Insert, cut: Callable[[], AsyncIterator[Batch]], call: CallContext) -> Result:
        """Add all rows or none: one batch is a statement by itself, several share a unit of work.

        Args:
            plan: What to add to, and what to give back.
            cut: Gives the batches from the first one on, each time that it is called.
            call: Whose it is.

        Raises:
            ValidationError: There is no row at all.
        """
        return await self._retrying.writing(lambda: self.insert_once(plan, cut(), call), call)

    @track_execution_time("TableService.insert_once", layer="service")
    async def insert_once(self, plan: Insert, batches: AsyncIterator[Batch], call: CallContext) -> Result:
        """Add all rows or none, from a source that gives them only once, so that nothing can be done again."""
        first = await anext(batches, None)
        if first is None:
            raise ValidationError(codes.DATA_EMPTY, "there is nothing to add", hint="Give a record.", path="records")
        second = await anext(batches, None)
        if second is None:
            return await self._add_alone(plan, first, call)
        rest = _chain(first, second, batches)

        async def work(within: Transaction | None, call: CallContext) -> Result:
            return await self._insert_all(plan, rest, call, within)

        return await self._transactions.unit(work, call, plan.relation.changes)

    def _change(self, work: Work[Result], plan: Update | Delete, call: CallContext) -> Awaitable[Result]:
        if plan.dry_run:
            return self._retrying.reading(lambda: self._transactions.trial(work, call), call)
        changes = plan.relation.changes
        if call.transaction is not None:
            # What is never tried again needs nothing to try again.
            return self._transactions.write(work, call, changes)
        return self._retrying.writing(lambda: self._transactions.write(work, call, changes), call)

    async def _add_alone(self, plan: Insert, batch: Batch, call: CallContext) -> Result:
        async def work(within: Transaction | None, call: CallContext) -> Result:
            return await self._add(plan, batch, call, within)

        return await self._transactions.write(work, call, plan.relation.changes)

    async def _add(self, plan: Insert, batch: Batch, call: CallContext, within: Transaction | None = None) -> Result:
        try:
            filled = evolve(plan, on_conflict=merging(plan.on_conflict, batch))
            return await self._repository.insert(filled, batch, call, within)
        except PgmcpError as error:
            if error.sqlstate == SECOND_CONFLICT and error.path is None:
                raise error.with_details(path="records") from error.__cause__
            if error.sqlstate != NO_SUCH_KEY:
                raise
            keys = [key for key in (plan.relation.primary_key, *plan.relation.unique) if key]
            known = " or ".join(f"({', '.join(key)})" for key in keys)
            raise ValidationError(
                codes.UNKNOWN_CONSTRAINT,
                f"no unique key of '{plan.relation.display}' is over ({', '.join(plan.on_conflict.target)})",
                hint=f"`describe_table` shows its unique keys{known and f', such as {known}'}.",
                path="on_conflict.columns",
                details={key: value for key, value in error.details.items() if key == "outcome"},
            ) from error.__cause__

    async def _insert_all(
        self, plan: Insert, batches: AsyncIterator[Batch], call: CallContext, transaction: Transaction | None
    ) -> Result:
        total = Result()
        sent = 0
        async for batch in batches:
            # Once the caps cut what comes back, the rest is written without asking for it.
            left = plan if total.truncated is None else evolve(plan, returning=())
            total = _joined(total, await self._add(left, batch, call, transaction), plan)
            sent += len(batch.rows)
            if call.progress is not None:
                await call.progress(sent, None)
        return total


async def _chain(first: T, second: T, rest: AsyncIterator[T]) -> AsyncIterator[T]:
    yield first
    yield second
    async for item in rest:
        yield item


def _joined(total: Result, part: Result, plan: Insert) -> Result:
    """Two results of one insert as one, within the plan's bounds."""
    count = total.count + part.count
    if not plan.returning or total.truncated is not None:
        return evolve(total, count=count)
    rows, truncated = _within(total.rows, part.rows, plan)
    return Result(columns=part.columns, rows=rows, count=count, truncated=truncated or part.truncated)


def _within(
    before: WireRows | NativeRows, behind: WireRows | NativeRows, plan: Insert
) -> tuple[WireRows | NativeRows, Truncation | None]:
    most = plan.bounds.max_rows
    if isinstance(behind, NativeRows):
        values = (before.rows if isinstance(before, NativeRows) else ()) + behind.rows
        return NativeRows(values[:most]), Truncation.ROWS if len(values) > most else None
    texts = (before.rows if isinstance(before, WireRows) else ()) + behind.rows
    kept = texts[:most]
    size = 0
    for position, text in enumerate(kept):
        size += len(text.encode()) + 1  # and what parts it from the next, as repositories count
        if size > plan.bounds.max_bytes:
            return WireRows.of(kept[:position]), Truncation.BYTES
    return WireRows.of(kept), Truncation.ROWS if len(texts) > most else None
