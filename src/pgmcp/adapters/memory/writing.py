"""Adding, changing and removing rows, as one statement each: whoever calls it undoes what was done when it raises.

Source: PostgreSQL documentation, INSERT (with ON CONFLICT), UPDATE, DELETE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from pgmcp.adapters.memory.constraints import Referrers, keep_references, keep_unique, keep_values
from pgmcp.adapters.memory.definitions import Key, Row, Table
from pgmcp.adapters.memory.faults import NO_SUCH_KEY, SECOND_CONFLICT, fault
from pgmcp.adapters.memory.filters.compiling import Compiler
from pgmcp.adapters.memory.filters.literals import value_of
from pgmcp.adapters.memory.selecting import matching
from pgmcp.adapters.memory.state import Space
from pgmcp.adapters.postgres.errors import too_large
from pgmcp.domain.errors import DatabaseError, PgmcpError, codes
from pgmcp.domain.filters.tree import EVERYTHING, Filter, Literal
from pgmcp.domain.plans import Batch, ConflictAction, Delete, Insert, Update
from pgmcp.domain.policy.refusals import row_refused
from pgmcp.domain.values.modifiers import exceeds


@frozen
class Writer:
    """Carries out plans of writing in a space.

    Args:
        tables: Every table by name.
        referrers: Who refers to whom.
    """

    tables: Mapping[str, Table]
    referrers: Referrers

    def insert(self, plan: Insert, batch: Batch, space: Space) -> list[Row]:
        """Add the rows of a batch; those that were added or, on conflict, changed."""
        table = self.tables[plan.relation.name.name]
        adding = _Adding(table, plan, space)
        for place in range(len(batch.rows)):
            adding.add(_given(table, batch, place, space))
        _keep_to(plan.check, table, adding.rows)
        keep_references(space, table, adding.rows)
        if adding.replaced:
            self.referrers.follow(space, table.name, adding.replaced, removed=False)
        return adding.rows

    def update(self, plan: Update, space: Space) -> list[Row]:
        """Change the rows that match; they, as they are now."""
        table = self.tables[plan.relation.name.name]
        found = _limited("update", matching(table, plan.filter, space.state(table.name)), plan.max_rows)
        changes = {table.position[each.column]: _assigned(table, each.column, each.value) for each in plan.assignments}
        changed: list[Row] = []
        for number, row in found:
            after = table.completed([changes.get(at, value) for at, value in enumerate(row)])
            keep_values(table, after)
            keep_unique(space, table, after, number)
            space.put(table.name, number, after)
            changed.append(after)
        _keep_to(plan.check, table, changed)
        keep_references(space, table, changed)
        self.referrers.follow(space, table.name, [row for _, row in found], removed=False)
        return changed

    def delete(self, plan: Delete, space: Space) -> list[Row]:
        """Remove the rows that match; they, as they were."""
        table = self.tables[plan.relation.name.name]
        found = _limited("delete", matching(table, plan.filter, space.state(table.name)), plan.max_rows)
        for number, _ in found:
            space.put(table.name, number, None)
        removed = [row for _, row in found]
        self.referrers.follow(space, table.name, removed, removed=True)
        return removed


class _Adding:
    """One INSERT on its way.

    Attributes:
        rows: The rows added or changed so far, in order.
        replaced: What changed rows were before.
    """

    def __init__(self, table: Table, plan: Insert, space: Space) -> None:
        self._table, self._space, self._check = table, space, plan.check
        conflict = plan.on_conflict
        self._ignore = conflict.action is ConflictAction.IGNORE or (
            conflict.action is ConflictAction.UPDATE and not conflict.update
        )
        self._arbiters = _arbiters(table, conflict.target) if conflict.action is not ConflictAction.ERROR else ()
        self._update = tuple(table.position[name] for name in conflict.update)
        self._touched: set[int] = set()
        self.rows: list[Row] = []
        self.replaced: list[Row] = []

    def add(self, row: Row) -> None:
        """Add a row, or do what its conflict asks for."""
        keep_values(self._table, row)
        state = self._space.state(self._table.name)
        met = next((number for key in self._arbiters if (number := state.conflict(row, key)) is not None), None)
        if met is not None:
            if not self._ignore:
                self._merge(met, row)
            return
        keep_unique(self._space, self._table, row)
        self._touched.add(self._space.add(self._table.name, row))
        self.rows.append(row)

    def _merge(self, number: int, row: Row) -> None:
        if number in self._touched:
            raise fault(SECOND_CONFLICT, "ON CONFLICT DO UPDATE command cannot affect row a second time")
        before = self._space.state(self._table.name).rows[number]
        _keep_to(self._check, self._table, [before])
        merged = self._table.completed([row[at] if at in self._update else value for at, value in enumerate(before)])
        keep_values(self._table, merged)
        keep_unique(self._space, self._table, merged, number)
        self._space.put(self._table.name, number, merged)
        self._touched.add(number)
        self.rows.append(merged)
        self.replaced.append(before)


def _keep_to(check: Filter, table: Table, rows: Sequence[Row]) -> None:
    """Refuse rows that the caller may not see.

    Raises:
        SecurityError: `row_refused`.
    """
    if check == EVERYTHING:
        return
    test = Compiler(table).test(check)
    if not all(test(row) for row in rows):
        raise row_refused()


def _arbiters(table: Table, target: Sequence[str]) -> tuple[Key, ...]:
    """The keys whose conflicts are meant: all without a target."""
    if not target:
        return table.keys
    found = tuple(key for key in table.keys if set(key.columns) == set(target))
    if not found:
        message = "there is no unique or exclusion constraint matching the ON CONFLICT specification"
        raise fault(NO_SUCH_KEY, message)
    return found


def _given(table: Table, batch: Batch, place: int, space: Space) -> Row:
    """A row of a batch; columns that it doesn't name take their defaults."""
    given: dict[int, Any] = {}
    for column, text in zip(batch.columns, batch.rows[place], strict=True):
        at = table.position[column]
        try:
            given[at] = None if text is None else table.fields[at].assign(table.fields[at].decode(text))
        except PgmcpError as error:
            blamed = too_large(error, table.fields[at].column) if exceeds(text, _declared(table, at)) else error
            raise blamed.with_details(**batch.place(column, place)) from error.__cause__
    return table.completed(
        [given[at] if at in given else field.default(space.moment) for at, field in enumerate(table.fields)]
    )


def _assigned(table: Table, column: str, literal: Literal | None) -> Any:
    if literal is None:
        return None
    at = table.position[column]
    value = value_of(literal)
    try:
        return table.fields[at].assign(value)
    except PgmcpError as error:
        if exceeds(literal.text, _declared(table, at)):
            raise too_large(error, table.fields[at].column).with_details(path=literal.at) from error.__cause__
        raise


def _declared(table: Table, at: int) -> str:
    return table.fields[at].column.type_name


def _limited(kind: str, found: list[tuple[int, Row]], max_rows: int) -> list[tuple[int, Row]]:
    if len(found) <= max_rows:
        return found
    raise DatabaseError(
        codes.TOO_MANY_ROWS,
        f"The {kind} would change more than {max_rows} rows; none was changed.",
        hint="Narrow the filter, or raise max_rows.",
        details={"max_rows": max_rows},
    )
