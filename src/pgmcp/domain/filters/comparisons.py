"""Comparison and sets: `eq`, `ne`, `gt`, …, `between`, `is`, `distinct_from`, `in`, `nin`.

A path that gives text is seen as the kind of value that it is compared with: text, number or truth value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgmcp.domain.errors import codes
from pgmcp.domain.filters.conditions import Condition
from pgmcp.domain.filters.keys import Form
from pgmcp.domain.filters.periods import inside, is_relative, relative_edges
from pgmcp.domain.filters.tree import (
    And,
    Between,
    Compare,
    Comparison,
    Filter,
    Is,
    Literal,
    Member,
    Not,
    Operand,
    Or,
    Truth,
    View,
)
from pgmcp.domain.filters.values import NULL_HINT, is_number, is_text, literal
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.values.types import BOOL, JSONB, NUMERIC, TEXT


def operand_for(condition: Condition, value: Any) -> Operand:
    """The operand as it is compared with `value`; documents are compared as jsonb."""
    target = condition.target
    if target.is_document:
        return target.operand(JSONB)
    if target.form is Form.COLUMN:
        return target.operand()
    if isinstance(value, bool):
        view, type_ = View.BOOLEAN, BOOL
    elif is_number(value):
        view, type_ = View.NUMBER, NUMERIC
    else:
        view, type_ = View.TEXT, TEXT
    if condition.fold and view is not View.TEXT and value is not None:
        raise condition.invalid("text beside 'case_sensitive': false", hint="Leave 'case_sensitive' out.")
    return target.operand(type_, view)


def _compare(condition: Condition, op: Comparison) -> Compare:
    operand = operand_for(condition, condition.value)
    return Compare(operand=operand, op=op, value=literal(condition, operand.type), fold=condition.fold)


def _null(condition: Condition, truth: Truth) -> Is:
    target = condition.target
    return Is(operand=target.operand(TEXT, View.TEXT) if target.form is Form.TEXT else target.operand(), truth=truth)


def equal(condition: Condition) -> Filter:
    """`eq` and a bare value: IS NULL for a null, inside for a period."""
    if condition.value is None:
        return _null(condition, Truth.NULL)
    if is_relative(condition):
        return inside(condition)
    return _compare(condition, Comparison.EQ)


def unequal(condition: Condition) -> Filter:
    """`ne`: IS NOT NULL for a null, outside for a period; a NULL is neither."""
    if condition.value is None:
        return _null(condition, Truth.NOT_NULL)
    if is_relative(condition):
        return Not(inside(condition))
    return _compare(condition, Comparison.NE)


def distinct(condition: Condition) -> Filter:
    """`distinct_from`: NULL is a value like any other, and outside every period."""
    if is_relative(condition):
        return Not(And((_null(condition, Truth.NOT_NULL), inside(condition))))
    if condition.value is None:
        return Compare(operand=operand_for(condition, None), op=Comparison.DISTINCT_FROM, value=None)
    return _compare(condition, Comparison.DISTINCT_FROM)


def ordered(condition: Condition) -> Filter:
    """`gt`, `gte`, `lt`, `lte`: beyond, from, before or until a period's end or start."""
    op = Comparison(condition.operator)
    if condition.value is None:
        raise condition.invalid(
            "no null, which would never match", hint='Write {"is":"null"} or {"is":"not null"}.', code=codes.FILTER_NULL
        )
    if is_relative(condition):
        return relative_edges(condition)[op]
    return _compare(condition, op)


def between(condition: Condition) -> Filter:
    """`between`: both ends belong to it, a period's whole."""
    ends = condition.value
    if not isinstance(ends, list | tuple) or len(ends) != 2:
        raise condition.invalid("a list of two values, the lower first")
    refuse_nulls(condition)
    places = (f"{condition.at}[0]", f"{condition.at}[1]")
    if any(is_relative(condition, end) for end in ends):
        low, high = (
            relative_edges(condition, end, at)[op]
            if is_relative(condition, end)
            else Compare(operand=condition.target.operand(), op=op, value=_literal(condition, end, at))
            for end, at, op in zip(ends, places, (Comparison.GTE, Comparison.LTE), strict=True)
        )
        return And((low, high))
    operand, other = (operand_for(condition, end) for end in ends)
    if operand != other:
        raise condition.invalid("two values of one kind", at=places[1])
    low_literal, high_literal = (_literal(condition, end, at) for end, at in zip(ends, places, strict=True))
    return Between(operand=operand, low=low_literal, high=high_literal)


def _literal(condition: Condition, value: Any, at: str) -> Literal:
    return literal(condition, operand_for(condition, value).type, value=value, at=at)


def member(condition: Condition) -> Filter:
    """`in` and `nin`; values of several kinds, and periods, are split up."""
    if not isinstance(condition.value, list | tuple):
        raise condition.invalid("a list of values")
    refuse_nulls(condition)
    negated = condition.operator == "nin"
    by_operand: dict[Operand, list[Literal]] = {}
    periods: list[Filter] = []
    for position, value in enumerate(condition.value):
        at = f"{condition.at}[{position}]"
        if is_relative(condition, value):
            period = inside(condition, value, at)
            periods.append(Not(period) if negated else period)
        else:
            operand = operand_for(condition, value)
            by_operand.setdefault(operand, []).append(literal(condition, operand.type, value=value, at=at))
    if not by_operand and not periods:
        by_operand[operand_for(condition, None)] = []
    parts = [
        Member(operand=operand, values=tuple(values), negated=negated, fold=condition.fold)
        for operand, values in by_operand.items()
    ] + periods
    if len(parts) == 1:
        return parts[0]
    return And(tuple(parts)) if negated else Or(tuple(parts))


def refuse_nulls(condition: Condition) -> None:
    """Refuse a null inside the operator's list, with the way to say it."""
    for position, value in enumerate(condition.value):
        if value is None:
            raise condition.invalid(
                "no null, which would never match",
                at=f"{condition.at}[{position}]",
                hint=NULL_HINT,
                code=codes.FILTER_NULL,
            )


_TRUTHS: Mapping[Any, Truth] = {None: Truth.NULL, True: Truth.TRUE, False: Truth.FALSE}


def is_(condition: Condition) -> Filter:
    """`is`: never unknown. `true`, `false` and `unknown` are for truth values."""
    value = condition.value
    if value is None or isinstance(value, bool):
        truth = _TRUTHS[value]
    elif is_text(value) and value.casefold() in set(Truth):
        truth = Truth(value.casefold())
    else:
        hint = did_you_mean(value, list(Truth)) if is_text(value) else None
        raise condition.invalid("'null', 'not null', 'true', 'false' or 'unknown'", hint=hint)
    if truth in {Truth.NULL, Truth.NOT_NULL}:
        return _null(condition, truth)
    target = condition.target
    if target.form is Form.TEXT:
        return Is(operand=target.operand(BOOL, View.BOOLEAN), truth=truth)
    if target.type != BOOL:
        raise condition.invalid("'null' or 'not null'; the others are for truth values")
    return Is(operand=target.operand(), truth=truth)


def relative(condition: Condition) -> Filter:
    """`relative` as an operator of its own: the same as `eq` beside it."""
    return inside(condition, {"relative": condition.value})
