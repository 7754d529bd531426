"""Values of a filter: from what the caller wrote to typed literals in PostgreSQL's text form."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.filters.conditions import Condition
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.json import Number, dumps
from pgmcp.domain.places import inner
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.types import Kind, Type
from pgmcp.domain.values.unfit import Unfit

MAX_LEVELS = 64
MAX_MEMBERS = 10_000
MAX_VALUES = 50_000
_MAX_CONTAINERS = 100_000


def is_text(value: object) -> TypeGuard[str]:
    """Whether a value is a text; a JSON number, which keeps its digits in a `str`, is none."""
    return isinstance(value, str) and not isinstance(value, Number)


def is_number(value: object) -> TypeGuard[Number | int | float | Decimal]:
    """Whether a value is a number; a truth value, which Python counts among them, is none."""
    return isinstance(value, Number | int | float | Decimal) and not isinstance(value, bool)


def check_size(value: object, at: str) -> int:
    """Refuse a value that is nested too deeply or holds too long a list.

    Returns:
        How many values its lists and objects hold.

    Raises:
        ValidationError: `filter_too_large`.
    """
    if isinstance(value, str | int) or not isinstance(value, list | tuple | Mapping):
        return 0  # texts and numbers are most values
    level = [value]
    seen = held = 0
    for _ in range(MAX_LEVELS):
        below = []
        for container in level:
            seen += 1
            if seen > _MAX_CONTAINERS or (len(container) > MAX_MEMBERS and not isinstance(container, Mapping)):
                raise ValidationError(
                    codes.FILTER_TOO_LARGE,
                    f"a list of a filter has {MAX_MEMBERS} members at the most",
                    hint="Ask in several calls, each for a part of them.",
                    path=at,
                )
            held += len(container)
            members = container.values() if isinstance(container, Mapping) else container
            below += [member for member in members if isinstance(member, list | tuple | Mapping)]
        level = below
    if level:
        raise ValidationError(
            codes.FILTER_TOO_LARGE, f"a value of a filter has {MAX_LEVELS} levels at the most", path=at
        )
    return held


def literal(condition: Condition, type_: Type, *, value: Any = ..., at: str | None = None) -> Literal:
    """A value as a typed literal.

    Args:
        condition: The operator that it belongs to.
        type_: What it is read as.
        value: The value, when it isn't the operator's whole one.
        at: Its place, when it isn't the operator's own.

    Raises:
        ValidationError: `filter_value_invalid`, or `filter_null` for a null.
    """
    value = condition.value if value is ... else value
    at = at or condition.at
    try:
        text = to_text(value, type_)
    except Unfit as unfit:
        raise condition.invalid(
            unfit.expected, at=inner(at, *unfit.path), hint=_hint(condition, type_, value)
        ) from None
    if text is None:
        raise condition.invalid("no null, which would never match", at=at, hint=NULL_HINT, code=codes.FILTER_NULL)
    return Literal(text, type_, at)


NULL_HINT = 'Ask for NULL beside it: {"or":[{"col":{"is":"null"}},{"col":{…}}]}, or {"is":"not null"}.'


def _hint(condition: Condition, type_: Type, value: object) -> str | None:
    """How to correct a value that doesn't fit: the nearest label, `in` for a list, or an example of the type."""
    if type_.kind is Kind.ENUM and is_text(value):
        return did_you_mean(value, type_.labels, otherwise=f"Its labels: {', '.join(type_.labels[:20])}.")
    if condition.operator == "eq" and isinstance(value, list | tuple) and type_.kind is not Kind.ARRAY:
        return f'For one of several values write {{"in":[{sample(type_)}]}}.'
    one = sample(type_)
    example = {"in": f"[{one}]", "nin": f"[{one}]", "between": f"[{one},{one}]"}.get(condition.operator, one)
    return f'For example {{"{condition.operator}":{example}}}.'


_SAMPLES = {
    "bool": "true",
    "date": '"2024-03-01"',
    "timestamp": '"2024-03-01T12:00:00"',
    "timestamptz": '"2024-03-01T12:00:00Z"',
    "time": '"12:30:00"',
    "timetz": '"12:30:00Z"',
    "interval": '"P1DT2H"',
    "uuid": '"6bce05df-9831-4a77-99a5-edc4f7abfbec"',
    "bytea": r'"\\x00ff"',
    "inet": '"10.0.0.1"',
    "cidr": '"10.0.0.0/8"',
    "macaddr": '"08:00:2b:01:02:03"',
    "json": '{"a":1}',
    "jsonb": '{"a":1}',
    "int4range": '"[1,10)"',
    "int8range": '"[1,10)"',
    "numrange": '"[1.5,10)"',
    "daterange": '"[2024-03-01,2024-04-01)"',
    "tsrange": '"[2024-03-01 00:00,2024-04-01 00:00)"',
    "tstzrange": '"[2024-03-01 00:00+00,2024-04-01 00:00+00)"',
}


def sample(type_: Type) -> str:
    """A value of a type as JSON, for hints.

    >>> sample(Type(name="int4")), sample(Type(name="date"))
    ('5', '"2024-03-01"')
    """
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        return f"[{sample(root.element)}]"
    if root.kind is Kind.ENUM and root.labels:
        return dumps(root.labels[0])
    if root.tag in {"int2", "int4", "int8", "oid"}:
        return "5"
    if root.tag in {"numeric", "float4", "float8", "money"}:
        return "12.50"
    return _SAMPLES.get(root.tag, '"abc"')
