"""Comparisons, memberships and `IS` as functions of a row.

Source: PostgreSQL documentation, sections 9.2 (Comparison) and 9.25 (Row and Array Comparisons).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from pgmcp.adapters.memory.definitions import Row, Table
from pgmcp.adapters.memory.filters.casing import casing_of
from pgmcp.adapters.memory.filters.literals import value_of
from pgmcp.adapters.memory.filters.operands import Reader, reader, text_reader
from pgmcp.adapters.memory.values.ordering import shared_keys
from pgmcp.domain.filters.tree import Between, Compare, Comparison, Is, Literal, Member, Operand, Truth

Test = Callable[[Row], bool | None]

_SYMBOLS: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LTE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GTE: operator.ge,
}


def compare(tree: Compare, table: Table) -> Test:
    """`operand op value`."""
    if tree.value is None:
        read = reader(tree.operand, table)
        return lambda row: read(row) is not None
    if tree.fold:
        lower = casing_of(tree.operand).lower
        return _holding(tree.op, folded_reader(tree.operand, table, tree.value.at), lower, lower(unpadded(tree.value)))
    read = reader(tree.operand, table)
    left, right = shared_keys(tree.operand.type, tree.value.type, path=tree.value.at)
    return _holding(tree.op, read, left, right(value_of(tree.value)))


def _holding(op: Comparison, read: Reader, key: Callable[[Any], Any], wanted: Any) -> Test:
    if op is Comparison.DISTINCT_FROM:
        return lambda row: (value := read(row)) is None or key(value) != wanted
    symbol = _SYMBOLS[op]
    return lambda row: None if (value := read(row)) is None else symbol(key(value), wanted)


def between(tree: Between, table: Table) -> Test:
    """`low <= operand and operand <= high`."""
    read = reader(tree.operand, table)
    low_key, low_right = shared_keys(tree.operand.type, tree.low.type, path=tree.low.at)
    high_key, high_right = shared_keys(tree.operand.type, tree.high.type, path=tree.high.at)
    low, high = low_right(value_of(tree.low)), high_right(value_of(tree.high))
    return lambda row: None if (value := read(row)) is None else bool(low <= low_key(value) and high_key(value) <= high)


def member(tree: Member, table: Table) -> Test:
    """`operand` equals one of the values, or none of them."""
    if not tree.values:
        return lambda _: tree.negated
    negated = tree.negated
    if tree.fold:
        read = folded_reader(tree.operand, table, tree.values[0].at)
        lower = casing_of(tree.operand).lower
        texts = {lower(unpadded(value)) for value in tree.values}
        return lambda row: None if (value := read(row)) is None else (lower(value) in texts) is not negated
    read = reader(tree.operand, table)
    wanted = [(left, right(value_of(value))) for value, (left, right) in _keyed(tree)]
    if len({value.type for value in tree.values}) == 1:
        key, keys = wanted[0][0], {each for _, each in wanted}
        return lambda row: None if (value := read(row)) is None else (key(value) in keys) is not negated
    return lambda row: (
        None if (value := read(row)) is None else any(key(value) == each for key, each in wanted) is not negated
    )


def _keyed(tree: Member) -> list[tuple[Literal, tuple[Callable[[Any], Any], Callable[[Any], Any]]]]:
    return [(value, shared_keys(tree.operand.type, value.type, path=value.at)) for value in tree.values]


def is_(tree: Is, table: Table) -> Test:
    """`operand IS …`, which is never unknown."""
    read = reader(tree.operand, table)
    match tree.truth:
        case Truth.NULL | Truth.UNKNOWN:
            return lambda row: read(row) is None
        case Truth.NOT_NULL:
            return lambda row: read(row) is not None
        case Truth.TRUE:
            return lambda row: read(row) is True
        case Truth.FALSE:
            return lambda row: read(row) is False


def folded_reader(operand: Operand, table: Table, path: str) -> Reader:
    """What reads an operand's text as `lower` takes it: without the blanks that pad it."""
    return text_reader(operand, table, padded=False, path=path)


def unpadded(literal: Literal) -> str:
    """A literal's text without the blanks that pad a `char(n)`."""
    return literal.text.rstrip(" ") if literal.type.tag == "bpchar" else literal.text
