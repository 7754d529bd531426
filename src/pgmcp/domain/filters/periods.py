"""Relative times as conditions: what it means that a date or timestamp is in, before or after a period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgmcp.domain.errors import codes
from pgmcp.domain.filters.conditions import Condition
from pgmcp.domain.filters.keys import Form
from pgmcp.domain.filters.relative import Edge, nearest_spelling, span
from pgmcp.domain.filters.tree import And, Between, Compare, Comparison, Filter
from pgmcp.domain.values.types import INSTANTS, Kind
from pgmcp.domain.values.unfit import Unfit

_EXAMPLE = 'For example {"gte":{"relative":"last 30 days"}} or {"relative":"this month"}.'


def is_relative(condition: Condition, value: Any = ...) -> bool:
    """Whether a value is a relative time: an object with `relative`, unless objects are the column's own values."""
    value = condition.value if value is ... else value
    target = condition.target
    return (
        isinstance(value, Mapping)
        and "relative" in value
        and not target.is_document
        and target.type.kind is not Kind.COMPOSITE
    )


def relative_edges(condition: Condition, value: Any = ..., at: str | None = None) -> Mapping[Comparison, Filter]:
    """What each ordering operator means beside a relative time, and `eq`, which means inside.

    Args:
        condition: The operator that it belongs to.
        value: The relative time, when it isn't the operator's whole value.
        at: Its place, when it isn't the operator's own.

    Raises:
        ValidationError: The column holds no dates or timestamps, or the relative time is none.
    """
    value = condition.value if value is ... else value
    at = at or condition.at
    target = condition.target
    if target.form is not Form.COLUMN or target.type.tag not in INSTANTS:
        raise condition.invalid(
            "no relative time; those are for columns of type date, timestamp and timestamptz",
            at=at,
            hint="Give the value itself.",
            code=codes.FILTER_OPERATOR_MISMATCH,
        )
    if len(value) != 1:
        raise condition.invalid(
            "nothing beside 'relative' in its object", at=at, hint=_EXAMPLE, code=codes.FILTER_MALFORMED
        )
    try:
        found = span(value["relative"], condition.moment)
    except Unfit as unfit:
        raise condition.invalid(unfit.expected, at=at, hint=nearest_spelling(value["relative"]) or _EXAMPLE) from None
    operand = target.operand()

    def compare(op: Comparison, edge: Edge) -> Compare:
        return Compare(operand=operand, op=op, value=edge.literal(target.type, at))

    after = Comparison.GT if found.closed else Comparison.GTE
    until = Comparison.LTE if found.closed else Comparison.LT
    low, high = compare(Comparison.GTE, found.low), compare(until, found.high)
    within: Filter = And((low, high))
    if found.low == found.high:
        within = compare(Comparison.EQ, found.low)
    elif found.closed:
        within = Between(
            operand=operand, low=found.low.literal(target.type, at), high=found.high.literal(target.type, at)
        )
    return {
        Comparison.EQ: within,
        Comparison.GT: compare(after, found.high),
        Comparison.GTE: low,
        Comparison.LT: compare(Comparison.LT, found.low),
        Comparison.LTE: high,
    }


def inside(condition: Condition, value: Any = ..., at: str | None = None) -> Filter:
    """The condition that a date or timestamp lies in the span that a relative time means."""
    return relative_edges(condition, value, at)[Comparison.EQ]
