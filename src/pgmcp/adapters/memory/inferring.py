"""The types of columns whose values are all that is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any
from uuid import UUID

from pgmcp.domain.values.documents import Json
from pgmcp.domain.values.interval import Interval
from pgmcp.domain.values.types import (
    BOOL,
    DATE,
    FLOAT8,
    INT4,
    INT8,
    JSONB,
    NUMERIC,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    Type,
    array_of,
)

# A class before those that it is a kind of: True is an int, a datetime is a date.
_BY_CLASS: tuple[tuple[type | tuple[type, ...], Type], ...] = (
    (bool, BOOL),
    (float, FLOAT8),
    (Decimal, NUMERIC),
    (str, TEXT),
    (date, DATE),
    (time, Type(name="time")),
    ((Interval, timedelta), Type(name="interval")),
    (UUID, Type(name="uuid")),
    ((bytes, bytearray, memoryview), Type(name="bytea")),
    ((IPv4Address, IPv6Address, IPv4Interface, IPv6Interface), Type(name="inet")),
    ((IPv4Network, IPv6Network), Type(name="cidr")),
    ((Mapping, Json), JSONB),
)


def type_of_values(values: Iterable[Any]) -> Type:
    """The type that has room for all of the values; text where there are none but NULLs.

    >>> type_of_values([1, None, 3_000_000_000]).display
    'int8'
    """
    found: Type | None = None
    for value in values:
        if value is not None:
            found = _wider(found, _type_of(value))
    return found or TEXT


def _wider(known: Type | None, other: Type) -> Type:
    if known is None or known == other:
        return other
    widths = [INT4, INT8, NUMERIC]
    if known in widths and other in widths:
        return max(known, other, key=widths.index)
    return JSONB if JSONB in {known, other} else TEXT


def _type_of(value: Any) -> Type:
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT4 if -(2**31) <= value < 2**31 else INT8 if -(2**63) <= value < 2**63 else NUMERIC
    if isinstance(value, datetime):
        return TIMESTAMP if value.tzinfo is None else TIMESTAMPTZ
    if isinstance(value, list | tuple):
        element = type_of_values(value)
        return JSONB if element == JSONB else array_of(element)
    return next((type_ for classes, type_ in _BY_CLASS if isinstance(value, classes)), TEXT)
