"""Keys that values are compared, sorted and found by: equal where PostgreSQL's `=` holds, ordered as its `<` has it.

Texts are in collation "C": by code points, which is the order of their UTF-8 bytes too.

Source: PostgreSQL documentation, sections 9.2 (Comparison Functions and Operators) and 23.2 (Collation Support).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from pgmcp.adapters.memory.refusals import refuse
from pgmcp.adapters.memory.values import arrays, documents, moments, networks, ranges
from pgmcp.domain.values.numbers import nearest_float4
from pgmcp.domain.values.text import holds_lists
from pgmcp.domain.values.types import FLOATS, INSTANTS, INTEGERS, TEXTS, Kind, Type

KeyOf = Callable[[Any], Any]


class _Greatest:
    """NaN: equal to itself and above every other number."""

    def __lt__(self, other: object) -> bool:
        return False

    def __le__(self, other: object) -> bool:
        return self is other

    def __gt__(self, other: object) -> bool:
        return self is not other

    def __ge__(self, other: object) -> bool:
        return True


NAN = _Greatest()


def _itself(value: Any) -> Any:
    return value


def _number(value: Decimal | float) -> Any:
    return value if value == value else NAN  # noqa: PLR0124 -- false for NaN alone


def _single(value: float) -> Any:
    return nearest_float4(value) if value == value else NAN  # noqa: PLR0124 -- as above


def _double(value: Decimal | float) -> Any:
    return _number(float(value))


def _unpadded(value: str) -> str:
    return value.rstrip(" ")


_KEYS: dict[str, KeyOf] = {
    "bool": _itself,
    "int2": _itself,
    "int4": _itself,
    "int8": _itself,
    "numeric": _number,
    "float4": _single,
    "float8": _number,
    "text": _itself,
    "varchar": _itself,
    "name": _itself,
    "bpchar": _unpadded,
    "bytea": _itself,
    "uuid": lambda value: value.int,
    "date": moments.date_key,
    "timestamp": moments.timestamp_key,
    "timestamptz": moments.timestamptz_key,
    "time": moments.time_key,
    "interval": moments.interval_key,
    "jsonb": documents.key,
    "inet": networks.key,
    "cidr": networks.key,
}
_EXACT_NUMBERS = INTEGERS | {"numeric"}


def key_of(type_: Type) -> KeyOf | None:
    """What turns a value (never None) of a type into its key; None where PostgreSQL knows no equality.

    Raises:
        QueryError: `feature_not_supported`, for types that only PostgreSQL can compare.
    """
    root = type_.root
    if root.kind is Kind.ENUM:
        return {label: place for place, label in enumerate(root.labels)}.__getitem__
    if root.kind is Kind.ARRAY and root.element is not None:
        if holds_lists(root.element):
            raise refuse(f"comparing values of type {root.display}")
        element = key_of(root.element)
        return None if element is None else partial(arrays.key, element=element)
    if root.kind is Kind.RANGE and root.element is not None:
        return partial(_range_key, type_=root, bound=bound_key(root))
    if root.tag == "json":
        return None
    found = _KEYS.get(root.tag)
    if found is None:
        raise refuse(f"comparing values of type {root.display}")
    return found


def bound_key(range_type: Type) -> KeyOf:
    """What turns a bound of a range into its key."""
    found = None if range_type.element is None else key_of(range_type.element)
    if found is None:
        raise refuse(f"comparing values of type {range_type.display}")
    return found


def _range_key(value: str, type_: Type, bound: KeyOf) -> Any:
    return ranges.read(value, type_, bound).key


def shared_keys(left: Type, right: Type, *, path: str | None = None) -> tuple[KeyOf, KeyOf]:
    """Keys for comparing values of two types with one another.

    Args:
        left: The one type.
        right: The other.
        path: Where the comparison stands in the request.

    Raises:
        QueryError: `feature_not_supported`, where only PostgreSQL can compare them.
    """
    one, other = left.root, right.root
    tags = {one.tag, other.tag}
    if one == other:
        same = key_of(one)
        if same is not None:
            return same, same
    elif tags <= _EXACT_NUMBERS:
        return _number, _number
    elif tags <= _EXACT_NUMBERS | FLOATS:
        return _float_key(one), _float_key(other)
    elif tags <= TEXTS - {"citext"} or tags == {"inet", "cidr"}:
        return _KEYS[one.tag], _KEYS[other.tag]
    elif tags <= INSTANTS:  # the session's time zone is UTC
        return _moment_key(one), _moment_key(other)
    raise refuse(f"comparing {left.display} with {right.display}", path)


def _float_key(type_: Type) -> KeyOf:
    return _single if type_.tag == "float4" else _double


def _moment_key(type_: Type) -> KeyOf:
    return moments.date_as_timestamp_key if type_.tag == "date" else _KEYS[type_.tag]
