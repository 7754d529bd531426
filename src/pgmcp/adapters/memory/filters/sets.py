"""Conditions on arrays, ranges, networks and documents as functions of a row.

Source: PostgreSQL documentation, sections 9.12 (networks), 9.16 (JSON), 9.19 (arrays) and 9.20 (ranges).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgmcp.adapters.memory.definitions import Row, Table
from pgmcp.adapters.memory.filters.literals import value_of
from pgmcp.adapters.memory.filters.operands import reader
from pgmcp.adapters.memory.refusals import refuse
from pgmcp.adapters.memory.values import arrays, documents, networks, ranges
from pgmcp.adapters.memory.values.networks import Placed
from pgmcp.adapters.memory.values.ordering import bound_key, key_of, shared_keys
from pgmcp.adapters.memory.values.ranges import Empty, Range
from pgmcp.domain.filters import tree as trees
from pgmcp.domain.filters.tree import AnyElement, Array, Json, JsonOp, Network, SetOp
from pgmcp.domain.values.text import holds_lists
from pgmcp.domain.values.types import Kind, Type

Test = Callable[[Row], bool | None]
Ends = Range | Empty


def array(tree: Array, table: Table) -> Test:
    """An operator between two arrays; a NULL among the elements equals nothing."""
    read = reader(tree.operand, table)
    element = _element_key(tree.operand.type, tree.value.at)
    wanted, with_null = arrays.members(value_of(tree.value), element)

    def test(row: Row) -> bool | None:
        value = read(row)
        if value is None:
            return None
        have, has_null = arrays.members(value, element)
        match tree.op:
            case SetOp.CONTAINS:
                return not with_null and wanted <= have
            case SetOp.CONTAINED_BY:
                return not has_null and have <= wanted
            case SetOp.OVERLAP:
                return not have.isdisjoint(wanted)
            case _:
                raise refuse(f"{tree.op} on arrays", tree.value.at)

    return test


def any_element(tree: AnyElement, table: Table) -> Test:
    """`value = ANY (operand)`."""
    read = reader(tree.operand, table)
    element = tree.operand.type.root.element
    if element is None or holds_lists(element):
        raise refuse(f"operators on values of type {tree.operand.type.display}", tree.value.at)
    left, right = shared_keys(element, tree.value.type, path=tree.value.at)
    wanted = right(value_of(tree.value))

    def test(row: Row) -> bool | None:
        value = read(row)
        if value is None:
            return None
        have, has_null = arrays.members(value, left)
        return True if wanted in have else (None if has_null else False)

    return test


def _element_key(type_: Type, path: str) -> Callable[[Any], Any]:
    element = type_.root.element
    found = None if element is None or holds_lists(element) else key_of(element)
    if found is None:
        raise refuse(f"operators on values of type {type_.display}", path)
    return found


def range_(tree: trees.Range, table: Table) -> Test:
    """An operator between two ranges, or a range and an element."""
    root, path = tree.operand.type.root, tree.value.at
    if root.kind is not Kind.RANGE:
        raise refuse(f"operators on values of type {tree.operand.type.display}", path)
    read, bound = reader(tree.operand, table), bound_key(root)
    other = value_of(tree.value)
    right: Ends
    if tree.value.type.root.kind is Kind.RANGE:
        right = ranges.read(other, root, bound)
    elif tree.value.type.root == root.element:
        right = Range(ranges.point(bound(other)), ranges.point(bound(other)))
    else:
        raise refuse(f"comparing {root.display} with {tree.value.type.display}", path)
    holds = _RANGES.get(tree.op)
    if holds is None:
        raise refuse(f"{tree.op} on ranges", path)
    return lambda row: None if (value := read(row)) is None else holds(ranges.read(value, root, bound), right)


def _contains(left: Ends, right: Ends) -> bool:
    if isinstance(right, Empty):
        return True
    return not isinstance(left, Empty) and left.low <= right.low and right.high <= left.high


def _apart(holds: Callable[[Range, Range], bool]) -> Callable[[Ends, Ends], bool]:
    """An operator that holds for no empty range."""
    return lambda left, right: not isinstance(left, Empty) and not isinstance(right, Empty) and holds(left, right)


def _meet(high: tuple[Any, ...], low: tuple[Any, ...]) -> bool:
    """Whether one range ends where another begins, with nothing between and nothing in both."""
    return len(high) == len(low) == 3 and high[1] == low[1] and low[2] - high[2] == 1


_RANGES: dict[SetOp, Callable[[Ends, Ends], bool]] = {
    SetOp.CONTAINS: _contains,
    SetOp.CONTAINED_BY: lambda left, right: _contains(right, left),
    SetOp.OVERLAP: _apart(lambda left, right: left.low <= right.high and right.low <= left.high),
    SetOp.ADJACENT: _apart(lambda left, right: _meet(left.high, right.low) or _meet(right.high, left.low)),
    SetOp.LEFT_OF: _apart(lambda left, right: left.high < right.low),
    SetOp.RIGHT_OF: _apart(lambda left, right: left.low > right.high),
}

_NETWORKS: dict[SetOp, Callable[[Placed, Placed], bool]] = {
    SetOp.CONTAINS: lambda left, right: networks.within(right, left, strictly=False),
    SetOp.CONTAINED_BY: lambda left, right: networks.within(left, right, strictly=False),
    SetOp.OVERLAP: networks.overlap,
    SetOp.SUBNET_OF: lambda left, right: networks.within(left, right, strictly=True),
    SetOp.SUPERNET_OF: lambda left, right: networks.within(right, left, strictly=True),
}


def network(tree: Network, table: Table) -> Test:
    """An operator between two network addresses."""
    read, holds = reader(tree.operand, table), _NETWORKS.get(tree.op)
    if holds is None:
        raise refuse(f"{tree.op} on networks", tree.value.at)
    wanted = networks.placed(value_of(tree.value))
    return lambda row: None if (value := read(row)) is None else holds(networks.placed(value), wanted)


def document(tree: Json, table: Table) -> Test:
    """An operator on a document."""
    if tree.op in {JsonOp.PATH_EXISTS, JsonOp.PATH_MATCH}:
        raise refuse("jsonpath", tree.values[0].at)
    read = reader(tree.operand, table)
    holds = _document_test(tree)
    return lambda row: None if (value := read(row)) is None else holds(documents.bare(value))


def _document_test(tree: Json) -> Callable[[Any], bool]:
    if tree.op in {JsonOp.CONTAINS, JsonOp.CONTAINED_BY}:
        other = documents.bare(value_of(tree.values[0]))
        if tree.op is JsonOp.CONTAINS:
            return lambda value: documents.contains(value, other)
        return lambda value: documents.contains(other, value)
    names = [value.text for value in tree.values]
    if tree.op is JsonOp.HAS_ANY_KEYS:
        return lambda value: any(documents.has_key(value, name) for name in names)
    return lambda value: all(documents.has_key(value, name) for name in names)
