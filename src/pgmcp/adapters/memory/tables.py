"""Rows of relations in memory: plans are interpreted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pgmcp.adapters.memory.definitions import Row, Table
from pgmcp.adapters.memory.engine import Engine
from pgmcp.adapters.memory.faults import WRONG_KIND, fault
from pgmcp.adapters.memory.paging import cut, in_form, too_large
from pgmcp.adapters.memory.selecting import matching, order_readers, selected
from pgmcp.adapters.memory.state import Space
from pgmcp.adapters.memory.transactions import MemoryTransaction
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.plans import Batch, Delete, Insert, Select, Update
from pgmcp.domain.relations import Relation, RelationKind
from pgmcp.domain.results import Form, Result
from pgmcp.domain.tracking import track_execution_time
from pgmcp.domain.values.text import to_text
from pgmcp.ports.transactions import Outcome, Transaction


class MemoryTableRepository:
    """Implements `TableRepository`. A call never waits, but for another transaction that writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @track_execution_time("TableRepository.select", layer="repository")
    async def select(self, plan: Select, call: CallContext, within: Transaction | None = None) -> Result:
        engine = self._engine
        started = engine.in_time(call)
        transaction = None if within is None else MemoryTransaction.of(within)
        space = engine.alone() if transaction is None else transaction.reading()
        try:
            result = self._selected(plan, space, call.form)
        except PgmcpError as error:
            if transaction is not None:
                transaction.fail()
            engine.observe(call, "select", started, state=error.sqlstate, relation=plan.relation.display)
            raise
        engine.observe(call, "select", started, result.count, relation=plan.relation.display)
        return result

    @track_execution_time("TableRepository.insert", layer="repository")
    async def insert(self, plan: Insert, batch: Batch, call: CallContext, within: Transaction | None = None) -> Result:
        if not batch.rows:
            return Result()
        return await self._write(
            "insert", plan, call, within, lambda space: self._engine.writer.insert(plan, batch, space)
        )

    @track_execution_time("TableRepository.update", layer="repository")
    async def update(self, plan: Update, call: CallContext, within: Transaction | None = None) -> Result:
        return await self._write("update", plan, call, within, lambda space: self._engine.writer.update(plan, space))

    @track_execution_time("TableRepository.delete", layer="repository")
    async def delete(self, plan: Delete, call: CallContext, within: Transaction | None = None) -> Result:
        return await self._write("delete", plan, call, within, lambda space: self._engine.writer.delete(plan, space))

    def _selected(self, plan: Select, space: Space, form: Form) -> Result:
        table = self._engine.tables[plan.relation.name.name]
        kept = matching(table, plan.filter, self._engine.viewed(table, space))
        rows = selected(table, plan, [row for _, row in kept])
        view = self._engine.shown(table, plan.columns, plan.relation)
        values = view.of(rows)
        found = cut(values, view.shape, plan.page.limit, plan.bounds, form)
        if found.too_large:
            raise too_large(values[0], view.shape, plan.bounds)
        count = len(found.rows)
        return Result(
            columns=view.shape.columns,
            rows=in_form(found, form, view.shape),
            count=count,
            more=found.more,
            truncated=found.truncated,
            last_key=_last_key(table, plan, rows[count - 1]) if plan.keyed and found.more and count else None,
        )

    async def _write(
        self,
        kind: str,
        plan: Insert | Update | Delete,
        call: CallContext,
        within: Transaction | None,
        work: Callable[[Space], list[Row]],
    ) -> Result:
        started = self._engine.in_time(call)
        transaction = None if within is None else MemoryTransaction.of(within)
        try:
            if transaction is None:
                rows = await self._alone(call, plan.relation, work)
            else:
                rows = await _within(transaction, call, plan.relation, work)
        except PgmcpError as error:
            self._engine.observe(call, kind, started, state=error.sqlstate, relation=plan.relation.display)
            raise
        self._engine.observe(call, kind, started, len(rows), relation=plan.relation.display)
        return self._changed(plan, rows, call.form)

    def _changed(self, plan: Insert | Update | Delete, rows: Sequence[Row], form: Form) -> Result:
        if not plan.returning:
            return Result(count=len(rows))
        view = self._engine.shown(self._engine.tables[plan.relation.name.name], plan.returning, plan.relation)
        found = cut(view.of(rows), view.shape, plan.bounds.max_rows + 1, plan.bounds, form)
        return Result(
            columns=view.shape.columns,
            rows=in_form(found, form, view.shape),
            count=len(rows),
            more=found.more,
            truncated=found.truncated,
        )

    async def _alone(self, call: CallContext, relation: Relation, work: Callable[[Space], list[Row]]) -> list[Row]:
        try:
            await self._engine.lock.acquire(call)
            try:
                return _atomic(self._engine.alone(), relation, work)
            finally:
                self._engine.lock.release()
        except PgmcpError as error:
            raise error.with_details(outcome=Outcome.ROLLED_BACK) from error.__cause__


async def _within(
    transaction: MemoryTransaction, call: CallContext, relation: Relation, work: Callable[[Space], list[Row]]
) -> list[Row]:
    transaction.reading()  # one that has ended or failed doesn't fail anew
    try:
        return _atomic(await transaction.writing(relation.name.name, call), relation, work)
    except PgmcpError:
        transaction.fail()
        raise


def _atomic(space: Space, relation: Relation, work: Callable[[Space], list[Row]]) -> list[Row]:
    """Do all of the work or none of it."""
    if relation.kind is not RelationKind.TABLE:
        raise fault(WRONG_KIND, f'cannot change {relation.kind} "{relation.name.name}"')
    mark = space.mark
    try:
        return work(space)
    except BaseException:
        space.undo(mark)
        raise


def _last_key(table: Table, plan: Select, row: Row) -> tuple[str | None, ...]:
    return tuple(
        to_text(read(row), key.operand.type)
        for read, key in zip(order_readers(table, plan.order), plan.order, strict=True)
    )
