"""Rows that match, in their order, from the place where a page begins."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from attrs import frozen

from pgmcp.adapters.memory.definitions import Key, Row, Table
from pgmcp.adapters.memory.filters.compiling import Compiler
from pgmcp.adapters.memory.filters.literals import value_of
from pgmcp.adapters.memory.filters.operands import Reader, reader
from pgmcp.adapters.memory.refusals import refuse
from pgmcp.adapters.memory.state import TableState
from pgmcp.adapters.memory.values.ordering import key_of
from pgmcp.domain.filters.tree import EVERYTHING, And, Compare, Comparison, Filter, Literal, View
from pgmcp.domain.plans import Select
from pgmcp.domain.relations import Order


def matching(table: Table, tree: Filter, state: TableState) -> list[tuple[int, Row]]:
    """The rows of a table that a filter keeps, with their numbers; by an index where the filter fixes a key."""
    if tree == EVERYTHING:
        return list(state.rows.items())
    pinned = _pinned(table, tree)
    if pinned is None:
        test = Compiler(table).test(tree)
        return [(number, row) for number, row in state.rows.items() if test(row)]
    number = state.find(pinned.key, pinned.value)
    if number is None or not (pinned.alone or Compiler(table).test(tree)(state.rows[number])):
        return []
    return [(number, state.rows[number])]


def selected(table: Table, plan: Select, rows: Iterable[Row]) -> list[Row]:
    """All rows of a page and those behind it, in order; the page's limit is not applied yet."""
    found = list(rows)
    if len(found) < 2 and plan.page.after is None:
        return found[plan.page.offset :]  # in any order
    keys = [_Sorted(key, table) for key in plan.order]
    if plan.page.after is not None and keys:
        place = [key.place_of(literal) for key, literal in zip(keys, plan.page.after, strict=True)]
        found = [row for row in found if _is_behind(row, keys, place)]
    for key in reversed(keys) if len(found) > 1 else ():
        found = key.sort(found)
    return found[plan.page.offset :]


def order_readers(table: Table, order: Sequence[Order]) -> list[Reader]:
    """What reads the order's values in a row."""
    return [reader(key.operand, table) for key in order]


class _Sorted:
    """One key of an order."""

    def __init__(self, order: Order, table: Table) -> None:
        self._order = order
        self._read = reader(order.operand, table)
        key = key_of(order.operand.type)
        if key is None:
            raise refuse(f"an order by values of type {order.operand.type.display}")
        self._key: Callable[[Any], Any] = key

    def place_of(self, literal: Literal | None) -> Any:
        """A literal's key; None for NULL."""
        return None if literal is None else self._key(value_of(literal))

    def sort(self, rows: list[Row]) -> list[Row]:
        """The rows by this key, those with equal keys in the order in which they are."""
        nulls = [row for row in rows if self._read(row) is None]
        known = rows if not nulls else [row for row in rows if self._read(row) is not None]
        ordered = sorted(known, key=lambda row: self._key(self._read(row)), reverse=self._order.descending)
        return nulls + ordered if self._order.nulls_first else ordered + nulls

    def compare(self, row: Row, place: Any) -> int:
        """Below zero, zero or above zero: the row comes before a place, is at it or behind it."""
        value = self._read(row)
        if value is None or place is None:
            if value is None and place is None:
                return 0
            return 1 if (value is None) is not self._order.nulls_first else -1
        key = self._key(value)
        if key == place:
            return 0
        return 1 if (key > place) is not self._order.descending else -1


def _is_behind(row: Row, keys: Sequence[_Sorted], places: Sequence[Any]) -> bool:
    for key, place in zip(keys, places, strict=True):
        found = key.compare(row, place)
        if found:
            return found > 0
    return False


@frozen
class _Pinned:
    """A key of a table, the one value that a filter lets through, and whether the filter says nothing else."""

    key: Key
    value: Hashable
    alone: bool


def _pinned(table: Table, tree: Filter) -> _Pinned | None:
    """The key that a filter fixes; None where it fixes none."""
    parts = tree.parts if isinstance(tree, And) else (tree,)
    fixed = {
        each.operand.column: each.value
        for each in parts
        if isinstance(each, Compare) and each.value is not None and _fixes(each, each.value, table)
    }
    for key in table.keys:
        if all(column in fixed for column in key.columns):
            value = key.of_values([value_of(fixed[column]) for column in key.columns])
            return _Pinned(key, value, len(parts) == len(key.columns))
    return None


def _fixes(part: Compare, value: Literal, table: Table) -> bool:
    """Whether a comparison lets one value of a column through, in the column's own type."""
    return (
        part.op is Comparison.EQ
        and not part.fold
        and not part.operand.path
        and part.operand.view is View.PLAIN
        and (value.type is (declared := table.relation.by_name[part.operand.column].type) or value.type == declared)
    )
