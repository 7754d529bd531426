"""Operators between arrays, ranges and networks.

Source: PostgreSQL documentation, sections 9.19 (arrays), 9.20 (ranges and multiranges), 9.12 (network addresses).
"""

from __future__ import annotations

from pgmcp.domain.filters.conditions import Condition
from pgmcp.domain.filters.tree import AnyElement, Array, Compare, Comparison, Filter, Network, Range, SetOp, View
from pgmcp.domain.filters.values import is_text, literal
from pgmcp.domain.values.types import INT4, NETWORKS, Kind, Type

INET = Type(name="inet")


def sets(condition: Condition) -> Filter:
    """`contains`, `contained_by`, `overlap` and the operators that ranges and networks have beside them."""
    type_, op = condition.target.type, SetOp(condition.operator)
    operand = condition.target.operand()
    if type_.tag in NETWORKS:
        return Network(operand=operand, op=op, value=literal(condition, INET))
    if type_.kind is Kind.ARRAY:
        return Array(operand=operand, op=op, value=literal(condition, type_))
    return Range(operand=operand, op=op, value=literal(condition, _other(condition, op)))


def _other(condition: Condition, op: SetOp) -> Type:
    """The type on a range's other side, by the value's form: a multirange, a range, or with `contains` an element."""
    type_, value = condition.target.type, condition.value
    range_ = type_.element if type_.kind is Kind.MULTIRANGE and type_.element is not None else type_
    text = value.lstrip() if is_text(value) else ""
    if type_.kind is Kind.MULTIRANGE and text.startswith("{"):
        return type_
    if text.startswith(("[", "(")) or text.casefold().rstrip() == "empty":
        return range_
    if op is SetOp.CONTAINS and range_.element is not None:
        return range_.element.root
    return range_


def any_element(condition: Condition) -> Filter:
    """`any`: one of an array's elements equals the value."""
    element = condition.target.type.element or condition.target.type
    return AnyElement(operand=condition.target.operand(), value=literal(condition, element.root))


def array_length(condition: Condition) -> Filter:
    """`array_length`, `array_length_gt`, …: the length of the first dimension, 0 when empty."""
    op = Comparison(condition.operator.removeprefix("array_length").removeprefix("_") or "eq")
    operand = condition.target.operand(INT4, View.LENGTH)
    return Compare(operand=operand, op=op, value=literal(condition, INT4))
