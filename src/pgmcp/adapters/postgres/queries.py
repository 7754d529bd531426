"""Statements of the caller's own over PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from attrs import frozen

from pgmcp.adapters.postgres.cutting import count_rows, settle
from pgmcp.adapters.postgres.kept import Kept, Tally
from pgmcp.adapters.postgres.parameters import parameter_texts
from pgmcp.adapters.postgres.procedures import Procedures
from pgmcp.adapters.postgres.reading import rows_in
from pgmcp.adapters.postgres.residue import Residue
from pgmcp.adapters.postgres.runner import Runner, count_records
from pgmcp.adapters.postgres.transactions import PostgresTransaction
from pgmcp.adapters.postgres.types import TypeCatalogue
from pgmcp.adapters.postgres.wrapping import Wrapped, cast_parameters, largest, wrapped
from pgmcp.domain.aside import aside
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import DatabaseError, PgmcpError, codes
from pgmcp.domain.json import dumps
from pgmcp.domain.lease_errors import definition_changed
from pgmcp.domain.plans import Effect, Explain, RawQuery, StatementKind
from pgmcp.domain.policy.standing import Standing
from pgmcp.domain.results import Form, NativeRows, Result, ResultColumn, Truncation, WireRows
from pgmcp.domain.sql.caret import caret
from pgmcp.domain.stopping import outcome_told
from pgmcp.domain.tracking import track_execution_time
from pgmcp.domain.values.types import TEXT
from pgmcp.ports.analysing import Analysis, SqlAnalyser
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Need, Row, Statement
from pgmcp.ports.transactions import Outcome, Transaction, TransactionOptions, UnitOfWork

_KEPT_STATEMENTS = 500
_SYNTAX_ERROR = "42601"
# What the server says when the catalogue has changed since a statement was described: all before anything has run.
_STALE = frozenset({"42P01", "42703", "42804", "42883", "42P10", "42704", "0A000", "42601"})


@frozen
class _Known:
    """A statement that has been analysed and described: whether it may leave something on its session, and its mark."""

    analysis: Analysis
    wrapped: Wrapped
    dirties: bool
    mark: str | None


class PostgresQueryRepository:
    """Implements `QueryRepository`: what a statement takes and gives is asked once, then it costs one round trip.

    Args:
        runner: Runs statements.
        types: Knows types by oid.
        analyser: Says what a statement is.
        units: Opens the transaction that an analysed explain is rolled back with.
        clock: Tells when what is known of a statement is too old.
        ttl_s: Seconds that it is kept.
        tally: Where to count.
    """

    def __init__(
        self,
        *,
        runner: Runner,
        types: TypeCatalogue,
        analyser: SqlAnalyser,
        units: UnitOfWork,
        clock: Clock,
        ttl_s: float = 30,
        tally: Tally | None = None,
    ) -> None:
        self._runner = runner
        self._types = types
        self._analyser = analyser
        self._units = units
        self._residue = Residue(runner=runner, clock=clock, ttl_s=ttl_s)
        self._procedures = Procedures(runner, clock)
        self._known: Kept[tuple[str, Standing], _Known] = Kept(clock, most=_KEPT_STATEMENTS, ttl_s=ttl_s, tally=tally)

    @track_execution_time("QueryRepository.select", layer="repository")
    async def select(self, plan: RawQuery, call: CallContext, within: Transaction | None = None) -> Result:
        if within is None or not plan.read_only:
            return await self._select(plan, call, within)
        return await PostgresTransaction.of(within).reading_only(lambda: self._select(plan, call, within), call)

    async def _select(self, plan: RawQuery, call: CallContext, within: Transaction | None) -> Result:
        key = _key(plan, call)
        if within is not None and PostgresTransaction.of(within).redefined:
            # What a statement means there may be so for nobody else, and for nobody any more behind a savepoint.
            return await self._run(plan, await self._learn(plan, call, within), call, within)
        known = self._known.get(key)
        if known is not None:
            try:
                return await self._run(plan, known, call, within)
            except PgmcpError as error:
                if error.sqlstate not in _STALE:
                    raise
                self.forget()
                self._types.forget()
                # Of a CALL what it says may be of a part of it, behind others that are there.
                if within is not None or outcome_told(error) is Outcome.UNKNOWN:
                    raise
        era = self._known.era
        return await self._run(plan, self._known.put(key, await self._learn(plan, call, within), era), call, within)

    def forget(self) -> None:
        self._known.clear()
        self._residue.forget()

    @track_execution_time("QueryRepository.explain", layer="repository")
    async def explain(self, plan: Explain, call: CallContext, within: Transaction | None = None) -> Sequence[object]:
        if not plan.analyze:
            return await self._explain(plan, call, within)
        if within is not None:
            await within.savepoint("pgmcp explain", call)
            try:
                return await self._explain(plan, call, within)
            finally:
                await within.rollback_to("pgmcp explain", call)
                await within.release("pgmcp explain", call)
        options = TransactionOptions(read_only=plan.query.effect is Effect.READ)
        transaction = await self._units.begin(options, call)
        try:
            return await self._explain(plan, call, transaction)
        finally:
            await transaction.rollback()

    async def _explain(self, plan: Explain, call: CallContext, within: Transaction | None) -> Sequence[object]:
        query = plan.query
        analysis = await self._analyser.analyse(query.text)
        description = await self._described(analysis, call, within)
        by_oid = await self._types.by_oids(description[0], call, within)
        types = [by_oid[oid] for oid in description[0]]
        values = await aside(query.params, lambda: parameter_texts(query, types))
        options = "FORMAT JSON, ANALYZE, BUFFERS" if plan.analyze else "FORMAT JSON"
        opening = f"EXPLAIN ({options}) "
        text = opening + "".join(piece.text for piece in cast_parameters(analysis, types))
        need = Need.READ if query.effect is Effect.READ or not plan.analyze else Need.WRITE
        # What it runs may leave something even though it is rolled back: an advisory lock, say.
        statement = Statement(text, values, plan.analyze and await self._residue.of(analysis, call, within))
        _, rows = await self._runner.run_foreign(statement, call, need=need, kind="explain", within=within)
        found: list[object] = json.loads(rows.rows[0][0] or "[]")
        return found

    async def _learn(self, plan: RawQuery, call: CallContext, within: Transaction | None) -> _Known:
        analysis = await self._analyser.analyse(plan.text)
        parameters: Sequence[int] = ()
        columns: Sequence[tuple[str, int]] = ()
        if analysis.kind is not StatementKind.UTILITY or plan.params or analysis.parameters:
            parameters, columns = await self._described(analysis, call, within)
        by_oid = await self._types.by_oids([*parameters, *(oid for _, oid in columns)], call, within)
        listed = [ResultColumn(name, by_oid[oid]) for name, oid in columns]
        dirties = await self._residue.of(analysis, call, within)
        mark = None if within is not None or plan.read_only else await self._procedures.mark(analysis, call)
        sent = wrapped(analysis, [by_oid[oid] for oid in parameters], listed, self._runner.dialect)
        return _Known(analysis, sent, dirties, mark)

    async def _described(
        self, analysis: Analysis, call: CallContext, within: Transaction | None
    ) -> tuple[Sequence[int], Sequence[tuple[str, int]]]:
        try:
            description = await self._runner.describe(analysis.text, call, within=within)
        except PgmcpError as error:
            raise _pointed(error, analysis.text) from error.__cause__
        return description.parameters, description.columns

    async def _run(self, plan: RawQuery, known: _Known, call: CallContext, within: Transaction | None) -> Result:
        sent = known.wrapped
        values: tuple[str | None, ...] = await aside(plan.params, lambda: parameter_texts(plan, sent.parameters))
        if sent.bounded:
            values += (str(plan.bounds.max_rows + 1), str(plan.bounds.max_bytes))
        statement = Statement(sent.text, values, known.dirties, _about(plan))
        need = Need.READ if plan.read_only else Need.WRITE
        if within is not None and plan.defines:
            PostgresTransaction.of(within).redefined = True
        try:
            if known.analysis.kind is StatementKind.UTILITY:
                description, rows = await self._runner.run_foreign(
                    statement, call, need=need, kind="query", within=within
                )
                return _as_text([name for name, _ in description.columns], rows.rows, rows.affected, plan, call.form)
            rows = await self._runner.run(
                statement,
                call,
                need=need,
                kind="query",
                within=within,
                count=count_rows if sent.bounded else count_records,
            )
        except PgmcpError as error:
            if error.sqlstate in _STALE and sent.is_ours(error.position):
                raise definition_changed("The statement gives other columns than it did", error) from error.__cause__
            error.position = sent.position(error.position)
            if within is None:
                await self._procedures.settle(error, known.analysis, known.mark, call)
            raise _pointed(error, plan.text) from error.__cause__
        except asyncio.CancelledError as error:
            raise error from self._procedures.given_up(error, known.analysis, call) or error.__cause__
        if not sent.bounded:
            return Result(count=rows.affected)
        cut = settle(rows.rows[1:] if sent.counted else rows.rows, plan.bounds.max_rows + 1, plan.bounds)
        if cut.too_large and known.analysis.kind is StatementKind.ROWS:
            raise await self._row_too_large(plan, known, call, within)
        return Result(
            columns=sent.columns,
            rows=rows_in(call.form, cut.rows, tuple(column.type for column in sent.columns)),
            count=int(rows.rows[0][0] or 0) if sent.counted else cut.count,
            more=cut.more,
            truncated=cut.truncated,
        )

    async def _row_too_large(
        self, plan: RawQuery, known: _Known, call: CallContext, within: Transaction | None
    ) -> PgmcpError:
        """The error for an answer whose first row alone is above the cap: it names the column that takes most of it."""
        sent = known.wrapped
        text = largest(known.analysis, sent.parameters, sent.columns, self._runner.dialect)
        statement = Statement(
            text, await aside(plan.params, lambda: parameter_texts(plan, sent.parameters)), known.dirties
        )
        need = Need.READ if plan.read_only else Need.WRITE
        rows = await self._runner.run(statement, call, need=need, kind="query", within=within)
        name = sent.columns[int(rows.rows[0][0] or 1) - 1 if rows.rows else 0].name
        return DatabaseError(
            codes.ROW_TOO_LARGE,
            f"One row alone is larger than {plan.bounds.max_bytes} bytes; most of it is in column '{name}'.",
            hint=f"Leave '{name}' out, or select a part of it: left({name}::text, 1000).",
            details={"column": name, "max_bytes": plan.bounds.max_bytes},
        )


def _key(plan: RawQuery, call: CallContext) -> tuple[str, Standing]:
    """What a statement's meaning hangs on: its text, and the role and search path that names are looked up with."""
    return plan.text, call.view.standing.outlook


def _about(plan: RawQuery) -> str | None:
    """The one table that a statement uses, as its caller names it; None for several, or without a verdict."""
    tables = () if plan.basis is None else plan.basis.tables
    if len(tables) != 1:
        return None
    return tables[0].name if (tables[0].name,) in plan.relations else str(tables[0])


def _as_text(names: Sequence[str], rows: Sequence[Row], affected: int, plan: RawQuery, form: Form) -> Result:
    """The result of a statement that can't be wrapped: every value as PostgreSQL writes it."""
    kept: list[Row] = []
    size = 0
    truncated = Truncation.ROWS if len(rows) > plan.bounds.max_rows else None
    for row in rows[: plan.bounds.max_rows]:
        size += sum(len(value.encode()) + 3 for value in row if value is not None)
        if size > plan.bounds.max_bytes:
            truncated = Truncation.BYTES
            break
        kept.append(row)
    wire = WireRows.of(dumps(list(row)) for row in kept)
    return Result(
        columns=tuple(ResultColumn(name, TEXT) for name in names),
        rows=wire if form is Form.WIRE else NativeRows(tuple(tuple(row) for row in kept)),
        count=len(kept) if names else affected,
        more=truncated is not None,
        truncated=truncated,
    )


def _pointed(error: PgmcpError, text: str) -> PgmcpError:
    """The error with the line and a caret, where it is about the statement's syntax and says where."""
    if error.sqlstate == _SYNTAX_ERROR and error.position is not None:
        error.hint = caret(text, error.position)
    return error
