"""Rows and their indexes, with a journal that can undo what was done."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime

from attrs import frozen

from pgmcp.adapters.memory.definitions import Key, Row, Table


class TableState:
    """The rows of one table, by a number of their own, and an index for each of its keys.

    Attributes:
        rows: The rows in the order in which they were added.
        shared: Whether a snapshot holds on to this state: who wants to write copies it first.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.rows: dict[int, Row] = {}
        self.shared = False
        self._next = 0
        self._indexes: dict[str, dict[Hashable, int]] = {key.name: {} for key in table.keys}

    def copy(self) -> TableState:
        """The same rows, apart from these."""
        made = TableState(self.table)
        made.rows = dict(self.rows)
        made._next = self._next
        made._indexes = {name: dict(index) for name, index in self._indexes.items()}
        return made

    def find(self, key: Key, value: Hashable) -> int | None:
        """The number of the row whose key is `value`."""
        return self._indexes[key.name].get(value)

    def conflict(self, row: Row, key: Key, beside: int | None = None) -> int | None:
        """The number of another row with the same key; `beside` is the row's own number, if it is there."""
        value = key.of(row)
        number = None if value is None else self._indexes[key.name].get(value)
        return None if number == beside else number

    def add(self, row: Row) -> int:
        """Add a row, which conflicts with none; its number."""
        number = self._next
        self._next += 1
        self.put(number, row)
        return number

    def put(self, number: int, row: Row | None) -> Row | None:
        """Set, change or (with None) remove the row of a number; the row that was there."""
        before = self.rows.get(number)
        if before is not None:
            for key in self.table.keys:
                value = key.of(before)
                if value is not None:
                    del self._indexes[key.name][value]
        if row is None:
            self.rows.pop(number, None)
            return before
        self.rows[number] = row
        for key in self.table.keys:
            value = key.of(row)
            if value is not None:
                self._indexes[key.name][value] = number
        return before


@frozen
class Change:
    """What a journal knows of a change: the row that was there before, None where there was none."""

    table: str
    number: int
    before: Row | None


class Space:
    """The tables as a statement or a transaction sees and changes them.

    Args:
        committed: The tables' states as others left them, by name.
        moment: What `now()` is.
        alone: Whether this is for one statement by itself, whose changes go straight into `committed`; else they are
            kept apart in `own`, for a transaction to commit.
    """

    def __init__(self, committed: dict[str, TableState], moment: datetime, *, alone: bool) -> None:
        self.committed = committed
        self.moment = moment
        self._alone = alone
        self.own: dict[str, TableState] = {}
        self._journal: list[Change] = []

    def state(self, table: str) -> TableState:
        """A table to read."""
        return self.own.get(table) or self.committed[table]

    def states(self) -> Mapping[str, TableState]:
        """Every table to read."""
        return self.committed | self.own

    @property
    def mark(self) -> int:
        """A place in the journal, to come back to."""
        return len(self._journal)

    def add(self, table: str, row: Row) -> int:
        """Add a row; its number."""
        number = self._writable(table).add(row)
        self._journal.append(Change(table, number, None))
        return number

    def put(self, table: str, number: int, row: Row | None) -> None:
        """Change a row, or remove it."""
        before = self._writable(table).put(number, row)
        self._journal.append(Change(table, number, before))

    def undo(self, mark: int) -> None:
        """Take back everything since a mark."""
        while len(self._journal) > mark:
            change = self._journal.pop()
            self.state(change.table).put(change.number, change.before)

    def _writable(self, table: str) -> TableState:
        if not self._alone:
            if table not in self.own:
                self.own[table] = self.committed[table].copy()
            return self.own[table]
        state = self.committed[table]
        if state.shared:
            state = self.committed[table] = state.copy()
        return state
