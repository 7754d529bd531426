"""Rows of relations over PostgreSQL: plans become statements, answers become results."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import lru_cache
from typing import Any

from attrs import evolve

from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.adapters.postgres.changing import OUTSIDE, PAST_CAP
from pgmcp.adapters.postgres.cutting import count_rows, settle, settle_row
from pgmcp.adapters.postgres.kept_changes import shape_of_delete, shape_of_update
from pgmcp.adapters.postgres.literals import BEYOND_LIMITS, blame, blame_assignment, blame_record, is_about_values
from pgmcp.adapters.postgres.reading import keys_of, rows_in
from pgmcp.adapters.postgres.receipting import answer_of
from pgmcp.adapters.postgres.runner import Runner, count_records
from pgmcp.adapters.postgres.written import Written
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import DatabaseError, PgmcpError, codes
from pgmcp.domain.filters.tree import EVERYTHING
from pgmcp.domain.plans import Batch, Bounds, Delete, Insert, Select, Update
from pgmcp.domain.policy.refusals import row_refused
from pgmcp.domain.relations import Relation
from pgmcp.domain.results import Form, Result, WireRows
from pgmcp.domain.tracking import track_execution_time
from pgmcp.ports.driver import Need, Row, Rows, Statement
from pgmcp.ports.transactions import Transaction


class PostgresTableRepository:
    """Implements `TableRepository`: one statement, and once it is known one round trip, for each call."""

    def __init__(self, *, runner: Runner, builder: QueryBuilder) -> None:
        self._runner = runner
        self._builder = builder

    @track_execution_time("TableRepository.select", layer="repository")
    async def select(self, plan: Select, call: CallContext, within: Transaction | None = None) -> Result:
        statement = self._builder.select(plan)
        shown = statement.shown
        try:
            if statement.single:
                return await self._select_row(statement, plan, call, within)
            rows = await self._run(statement, call, Need.READ, "select", within)
        except PgmcpError as error:
            if error.sqlstate != BEYOND_LIMITS or error.path is not None:
                raise
            raise await self._beyond_limits(error, plan, call, within) from error.__cause__
        cut = settle(rows.rows, plan.page.limit, plan.bounds)
        if cut.too_large:
            raise await self._row_too_large(self._builder.largest(plan), plan, call, within)
        return Result(
            columns=shown.columns,
            rows=rows_in(call.form, cut.rows, shown.types),
            count=cut.count,
            more=cut.more,
            truncated=cut.truncated,
            last_key=keys_of(plan, shown, cut) if plan.keyed and cut.more and cut.count else None,
        )

    @track_execution_time("TableRepository.insert", layer="repository")
    async def insert(self, plan: Insert, batch: Batch, call: CallContext, within: Transaction | None = None) -> Result:
        if not batch.rows:
            return Result()
        statement = self._builder.insert(plan, batch, call.receipt)
        try:
            rows = await self._runner.run(
                statement.statement, call, need=Need.WRITE, kind="insert", within=within, count=count_rows
            )
        except PgmcpError as error:
            if error.sqlstate == OUTSIDE and plan.check != EVERYTHING:
                raise row_refused(error) from error.__cause__
            if not is_about_values(error):
                raise _without_position(error) from error.__cause__
            raise await blame_record(_without_position(error), plan, batch, self._runner, call) from error.__cause__
        if call.receipt is not None:
            return _changed(statement, answer_of(rows.rows), plan.bounds, call.form)
        if not plan.returning and plan.check == EVERYTHING:
            return Result(count=rows.affected)
        return _changed(statement, rows.rows, plan.bounds, call.form)

    @track_execution_time("TableRepository.update", layer="repository")
    def update(self, plan: Update, call: CallContext, within: Transaction | None = None) -> Coroutine[Any, Any, Result]:
        # Written out for both: each function more is felt in the shortest of statements.
        if within is not None and not plan.returning and call.receipt is None and call.statement_timeout_ms is None:
            statement = self._builder.known(plan, shape_of_update(plan))
            if statement is not None:
                return self._change_inside(statement, plan, call, within, "update")
        return self._update(plan, call, within)

    async def _update(self, plan: Update, call: CallContext, within: Transaction | None) -> Result:
        statement = self._builder.update(plan, call.receipt)
        try:
            # By itself, not by `_change`: each coroutine more is felt in the shortest of statements.
            rows = await self._runner.run(
                statement.statement, call, need=Need.WRITE, kind="update", within=within, count=count_rows
            )
        except PgmcpError as told:
            error = await self._not_changed(told, statement, plan, call, "update")
            raise error from error.__cause__
        return _changed(statement, rows.rows if call.receipt is None else answer_of(rows.rows), plan.bounds, call.form)

    @track_execution_time("TableRepository.delete", layer="repository")
    def delete(self, plan: Delete, call: CallContext, within: Transaction | None = None) -> Coroutine[Any, Any, Result]:
        # Written out for both: each function more is felt in the shortest of statements.
        if within is not None and not plan.returning and call.receipt is None and call.statement_timeout_ms is None:
            statement = self._builder.known(plan, shape_of_delete(plan))
            if statement is not None:
                return self._change_inside(statement, plan, call, within, "delete")
        return self._delete(plan, call, within)

    async def _delete(self, plan: Delete, call: CallContext, within: Transaction | None) -> Result:
        statement = self._builder.delete(plan, call.receipt)
        try:
            rows = await self._runner.run(
                statement.statement, call, need=Need.WRITE, kind="delete", within=within, count=count_rows
            )
        except PgmcpError as told:
            error = await self._not_changed(told, statement, plan, call, "delete")
            raise error from error.__cause__
        return _changed(statement, rows.rows if call.receipt is None else answer_of(rows.rows), plan.bounds, call.form)

    def _change_inside(
        self, statement: Statement, plan: Update | Delete, call: CallContext, within: Transaction, kind: str
    ) -> Coroutine[Any, Any, Result]:
        """Run a change that is known, in a transaction that is open."""

        async def explain(told: PgmcpError) -> PgmcpError:
            await self._runner.name_columns(told, call)
            written = self._builder.update(plan) if isinstance(plan, Update) else self._builder.delete(plan)
            return await self._not_changed(told, written, plan, call, kind)

        return self._runner.change(statement, call, within, kind, _number_of, explain)

    async def _select_row(
        self, statement: Written, plan: Select, call: CallContext, within: Transaction | None
    ) -> Result:
        rows = await self._run(statement, call, Need.READ, "select", within, count_records)
        if len(rows.rows) > 1:
            # The key is none any more, or one that is checked only when its transaction ends.
            return await self.select(evolve(plan, relation=_without_keys(plan.relation)), call, within)
        shown = statement.shown
        if not plan.page.limit:
            return Result(columns=shown.columns, rows=rows_in(call.form, WireRows(), shown.types), more=bool(rows.rows))
        text = settle_row(rows.rows, shown.assemble, plan.bounds)
        if text is None:
            raise await self._row_too_large(self._builder.largest(plan), plan, call, within)
        given = WireRows((text,) if text else ())
        return Result(columns=shown.columns, rows=rows_in(call.form, given, shown.types), count=len(given.texts))

    async def _not_changed(
        self, told: PgmcpError, statement: Written, plan: Update | Delete, call: CallContext, kind: str
    ) -> PgmcpError:
        """The error of a change, in its caller's words."""
        error = await self._explained(told, statement, call)
        if error.sqlstate == OUTSIDE and isinstance(plan, Update) and plan.check != EVERYTHING:
            return _caused(row_refused(error), error)
        if error.sqlstate != PAST_CAP:
            return _caused(blame_assignment(error, plan) if isinstance(plan, Update) else error, error)
        past = DatabaseError(
            codes.TOO_MANY_ROWS,
            f"The {kind} would change more than {plan.max_rows} rows; none was changed.",
            hint="Narrow the filter, or raise max_rows.",
            details={key: fact for key, fact in error.details.items() if key == "outcome"}
            | {"max_rows": plan.max_rows},
        )
        return _caused(past, error)

    async def _run(
        self,
        statement: Written,
        call: CallContext,
        need: Need,
        kind: str,
        within: Transaction | None,
        count: Callable[[Rows], int] = count_rows,
    ) -> Rows:
        try:
            return await self._runner.run(statement.statement, call, need=need, kind=kind, within=within, count=count)
        except PgmcpError as error:
            raise await self._explained(error, statement, call) from error.__cause__

    async def _explained(self, error: PgmcpError, statement: Written, call: CallContext) -> PgmcpError:
        """The error with the place of the literal that is at fault, where one is."""
        _without_position(error)
        if not is_about_values(error) or error.sqlstate in {PAST_CAP, OUTSIDE}:
            return error
        return await blame(error, statement.suspects(), self._runner, call)

    async def _beyond_limits(
        self, error: PgmcpError, plan: Select, call: CallContext, within: Transaction | None
    ) -> PgmcpError:
        """The error for a row whose text is more than PostgreSQL can make; the same error where it can't say more."""
        try:
            return await self._row_too_large(self._builder.heaviest(plan), plan, call, within)
        except PgmcpError:
            return error

    async def _row_too_large(
        self, which: Written, plan: Select, call: CallContext, within: Transaction | None
    ) -> PgmcpError:
        """The error for a row that alone is above the cap, with the column whose number a statement gives."""
        rows = await self._run(which, call, Need.READ, "select", within)
        # The row may have gone in between; then the first column is as good a name as any.
        name = plan.columns[int(rows.rows[0][0] or 1) - 1 if rows.rows else 0]
        return DatabaseError(
            codes.ROW_TOO_LARGE,
            f"One row alone is larger than {plan.bounds.max_bytes} bytes; most of it is in column '{name}'.",
            hint=f"Leave '{name}' out of columns, or read it with execute_query in parts.",
            details={"column": name, "max_bytes": plan.bounds.max_bytes},
        )


def _without_keys(relation: Relation) -> Relation:
    """A relation of which several rows may have the same key."""
    return evolve(relation, primary_key=(), unique=())


@lru_cache(maxsize=100)
def _counted(count: int) -> Result:
    """The result of a change that gives nothing back: few numbers come again and again."""
    return Result(count=count)


def _number_of(rows: Rows) -> Result:
    """The result of a change that gives nothing back."""
    return _counted(int(rows.rows[0][0] or 0))


def _changed(statement: Written, rows: Sequence[Row], bounds: Bounds, form: Form) -> Result:
    """The result of a change: the first row is the number of rows changed."""
    count = int(rows[0][0] or 0)
    shown = statement.shown
    if not shown.columns:
        return _counted(count)
    cut = settle(rows[1:], bounds.max_rows + 1, bounds)
    given = rows_in(form, cut.rows, shown.types)
    return Result(columns=shown.columns, rows=given, count=count, more=cut.more, truncated=cut.truncated)


def _caused(error: PgmcpError, by: PgmcpError) -> PgmcpError:
    """An error that stands for another one, with what caused that."""
    error.__cause__ = by.__cause__
    return error


def _without_position(error: PgmcpError) -> PgmcpError:
    """A position in a statement of ours says nothing to its caller."""
    error.position = None
    return error
