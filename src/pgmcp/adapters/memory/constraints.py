"""What rows have to keep: values where they must be, checks, foreign keys.

Source: PostgreSQL documentation, section 5.5 (Constraints).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from pgmcp.adapters.memory.definitions import Reference, Row, Table
from pgmcp.adapters.memory.faults import (
    CHECK_VIOLATION,
    FOREIGN_KEY_VIOLATION,
    NOT_NULL_VIOLATION,
    RESTRICT_VIOLATION,
    UNIQUE_VIOLATION,
    violation,
)
from pgmcp.adapters.memory.state import Space
from pgmcp.domain.errors import PgmcpError


def keep_values(table: Table, row: Row) -> None:
    """Refuse a row without a value that it must have, or that breaks a check.

    Raises:
        DatabaseError: `not_null_violation`, `check_violation`.
    """
    for field, value in zip(table.fields, row, strict=True):
        if value is None and not field.column.nullable:
            raise violation(NOT_NULL_VIOLATION, table.name, column=field.column.name)
    if table.checks:
        named = table.by_name(row)
        for check in table.checks:
            if check.holds(named) is False:
                raise violation(CHECK_VIOLATION, table.name, check.name, check.columns)


def keep_unique(space: Space, table: Table, row: Row, number: int | None = None) -> None:
    """Refuse a row with a key that another row has; `number` is the row's own, if it is there.

    Raises:
        DatabaseError: `unique_violation`.
    """
    state = space.state(table.name)
    for key in table.keys:
        if state.conflict(row, key, number) is not None:
            raise violation(UNIQUE_VIOLATION, table.name, key.name, key.columns)


def keep_references(space: Space, table: Table, rows: Iterable[Row]) -> None:
    """Refuse rows that refer to a row that is not there.

    Raises:
        DatabaseError: `foreign_key_violation`.
    """
    for row in rows:
        for reference in table.references:
            value = reference.local.of(row)
            if value is not None and space.state(reference.target).find(reference.key, value) is None:
                raise _broken(FOREIGN_KEY_VIOLATION, reference)


class Referrers:
    """What becomes of rows that refer to others when those go or change.

    Args:
        tables: Every table by name.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._referring: dict[str, list[Reference]] = {name: [] for name in tables}
        for table in tables.values():
            for reference in table.references:
                self._referring[reference.target].append(reference)

    def to(self, table: str) -> Sequence[Reference]:
        """The foreign keys that refer to a table."""
        return self._referring[table]

    def follow(self, space: Space, table: str, before: Sequence[Row], *, removed: bool) -> None:
        """Do what the foreign keys to a table say about rows that are gone, or that are no longer what they were.

        Args:
            space: Where the rows were, and are no longer.
            table: Their table.
            before: What they were.
            removed: Whether they were removed; a change of a key is never passed on.

        Raises:
            DatabaseError: `foreign_key_violation`, `restrict_violation`, and what a change to a referring row breaks.
        """
        # As the server has it, what a step brings about comes behind all that was to be done before it: a row that is
        # to go with another by `cascade` still refers when `no action` looks, if that was to look first.
        steps = deque([(table, before, removed)])
        while steps:
            name, rows, gone = steps.popleft()
            for reference in self._referring[name]:
                found = _referring(space, reference, rows)
                if found:
                    steps.append(self._pass_on(space, reference, found, removed=gone))

    def _pass_on(
        self, space: Space, reference: Reference, found: Mapping[int, Row], *, removed: bool
    ) -> tuple[str, Sequence[Row], bool]:
        """What becomes of rows that refer to what is gone: their table, what they were, and whether they went too."""
        if not removed or reference.on_delete == "no action":
            raise _broken(FOREIGN_KEY_VIOLATION, reference)
        if reference.on_delete == "restrict":
            raise _broken(RESTRICT_VIOLATION, reference)
        cascades = reference.on_delete == "cascade"
        if cascades:
            for number in found:
                space.put(reference.table, number, None)
        else:
            self._set_null(space, reference, found)
        return reference.table, list(found.values()), cascades

    def _set_null(self, space: Space, reference: Reference, found: Mapping[int, Row]) -> None:
        table = self._tables[reference.table]
        for number, row in found.items():
            emptied = table.completed(
                [None if at in reference.local.positions else value for at, value in enumerate(row)]
            )
            keep_values(table, emptied)
            keep_unique(space, table, emptied, number)
            space.put(table.name, number, emptied)


def _broken(sqlstate: str, reference: Reference) -> PgmcpError:
    """The error for a foreign key that a row breaks."""
    error = violation(sqlstate, reference.table, reference.name, reference.columns)
    error.refers_to = ("public", reference.target)
    return error


def _referring(space: Space, reference: Reference, before: Sequence[Row]) -> Mapping[int, Row]:
    """The rows that refer to rows as they were, of which none is there any more; by their numbers."""
    state = space.state(reference.target)
    keys = (reference.key.of(row) for row in before)
    gone = frozenset(key for key in keys if key is not None and state.find(reference.key, key) is None)
    if not gone:
        return {}
    rows = space.state(reference.table).rows
    return {number: row for number, row in rows.items() if reference.local.of(row) in gone}
