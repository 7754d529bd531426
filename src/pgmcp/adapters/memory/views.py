"""Views: rows worked out from those of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pgmcp.adapters.memory.definitions import Table
from pgmcp.adapters.memory.state import Space, TableState

Rows = Sequence[Mapping[str, Any]]


class RowsByName(Mapping[str, Rows]):
    """The rows of tables as a view's query gets them; those of a table are made when it is asked for.

    Args:
        tables: The tables and views by name.
        space: Where the rows are.
        views: Works out the rows of another view.
    """

    def __init__(self, tables: Mapping[str, Table], space: Space, views: Callable[[Table, Space], TableState]) -> None:
        self._tables, self._space, self._views = tables, space, views

    def __getitem__(self, name: str) -> Rows:
        table = self._tables[name]
        return [table.by_name(row) for row in self._views(table, self._space).rows.values()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def worked_out(table: Table, rows: RowsByName, take: Callable[[Table, Mapping[str, Any]], list[Any]]) -> TableState:
    """The state of a view whose rows its query gives.

    Args:
        table: The view.
        rows: What its query reads.
        take: Puts a row that the query gives in the order of the view's columns, each value as its column keeps it.
    """
    state = TableState(table)
    for row in table.query(rows) if table.query is not None else ():
        state.add(tuple(take(table, row)))
    return state
