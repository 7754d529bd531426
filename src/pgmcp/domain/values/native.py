"""The wire's JSON as Python values, the same whichever driver brought it.

| PostgreSQL | Python |
| --- | --- |
| int2, int4, int8 | int |
| numeric, money | Decimal with its scale; NaN and infinities too |
| float4, float8 | float |
| bool | bool |
| date, timestamp, timestamptz | date, datetime, datetime with its offset; text for infinity, BC, years past 9999 |
| time, timetz | time; text for 24:00:00 |
| interval | `Interval`; text for infinity |
| uuid | UUID |
| bytea | bytes |
| json, jsonb | dict, list, str, int, Decimal, bool; JSON null, and an object with no key but `$json`, as `Json` |
| inet | IPv4Address, IPv6Address; IPv4Interface, IPv6Interface where there is a mask |
| cidr | IPv4Network, IPv6Network |
| arrays | list, nested; text where a lower bound isn't 1, and for several dimensions of elements that may be lists |
| composites | dict |
| domains | as their base type |
| everything else | PostgreSQL's text, as str |

SQL NULL is None. `pgmcp.domain.values.text.to_text` takes every one of these back without loss.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any
from uuid import UUID

from pgmcp.domain import nesting
from pgmcp.domain.values.documents import WRAPPER, Json, exact, exact_number
from pgmcp.domain.values.interval import parse_interval
from pgmcp.domain.values.text import holds_lists
from pgmcp.domain.values.types import DOCUMENTS, FLOATS, Kind, Type

Decoder = Callable[[Any], Any]
"""A JSON value that is not null, its numbers as `exact_number` gives them, to the Python value."""


def decode_row(wire: str, types: Sequence[Type]) -> tuple[Any, ...]:
    """One row of the wire as Python values; for many rows of the same types take `row_decoder` once.

    >>> from pgmcp.domain.values.types import INT8, NUMERIC
    >>> decode_row('["9007199254740993",1.50]', [INT8, NUMERIC])
    (9007199254740993, Decimal('1.50'))
    """
    return row_decoder(types)(wire)


def row_decoder(types: Sequence[Type]) -> Callable[[str], tuple[Any, ...]]:
    """What decodes rows of these types, with everything looked up beforehand.

    Args:
        types: The columns' types, in order.

    Returns:
        A function from a row's JSON array to the tuple of its Python values.
    """
    found = tuple(decoder(type_) for type_ in types)
    read = _EXACT.decode if any(map(_needs_digits, types)) else _PLAIN.decode

    def decode_one(wire: str) -> tuple[Any, ...]:
        try:
            values = read(wire)
        except RecursionError:
            values = nesting.read(wire, read)
        return tuple(
            value if decode_value is None or value is None else decode_value(value)
            for decode_value, value in zip(found, values, strict=True)
        )

    return decode_one


def decode(value: Any, type_: Type) -> Any:
    """One JSON value of the wire, with `Number` for its numbers, as a Python value."""
    decode_value = decoder(type_)
    plain = exact(value)
    return plain if plain is None or decode_value is None else decode_value(plain)


def decoder(type_: Type) -> Decoder | None:
    """What decodes values of a type; None where JSON's own value is the Python value."""
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        return _array_decoder(decoder(root.element), nested=not holds_lists(root.element))
    if root.kind is Kind.COMPOSITE and root.attributes:
        return _composite_decoder({attribute.name: decoder(attribute.type) for attribute in root.attributes})
    return _DECODERS.get(root.tag)


def _needs_digits(type_: Type) -> bool:
    """Whether numbers of a type lose something when JSON's are read as Python's int and float."""
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        return _needs_digits(root.element)
    if root.kind is Kind.COMPOSITE:
        return any(_needs_digits(attribute.type) for attribute in root.attributes)
    return root.tag in DOCUMENTS | FLOATS | {"numeric", "money"}


def _array_decoder(element: Decoder | None, *, nested: bool) -> Decoder:
    """A decoder of lists; in `nested` ones a list inside is a further dimension."""

    def decode_list(value: Any) -> Any:
        if not isinstance(value, list):
            return value  # an array with another lower bound is text
        return [
            item
            if item is None
            else decode_list(item)
            if nested and isinstance(item, list)
            else element(item)
            if element
            else item
            for item in value
        ]

    return decode_list


def _composite_decoder(attributes: Mapping[str, Decoder | None]) -> Decoder:
    """A decoder of objects."""

    def decode_object(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: item if item is None or (found := attributes.get(name)) is None else found(item)
            for name, item in value.items()
        }

    return decode_object


def _document(value: Any) -> Any:
    """A JSON document: `{"$json": X}` is a `Json`, everything else what it is."""
    return Json(value[WRAPPER]) if isinstance(value, dict) and len(value) == 1 and WRAPPER in value else value


def _date(value: str) -> date | str:
    """A date, or its text where Python has none."""
    return date.fromisoformat(value) if len(value) == 10 and value[4] == "-" else value


def _timestamp(value: str) -> datetime | str:
    """A timestamp, or its text where Python has none: infinity, BC, years past 9999."""
    return datetime.fromisoformat(value) if value[10:11] == "T" and value[-1] != "C" else value


def _time(value: str) -> time | str:
    """A time of day, or its text at the end of the day."""
    return value if value.startswith("24") else time.fromisoformat(value)


def _interval(value: str) -> Any:
    """An interval, or its text where it has no end."""
    return parse_interval(value) or value


def _bytes(value: str) -> bytes:
    """Bytes of `x` behind a backslash, and hexadecimal digits."""
    return bytes.fromhex(value[2:])


def _address(value: str) -> Any:
    """An address, with its network where it has a mask."""
    return ip_interface(value) if "/" in value else ip_address(value)


_EXACT = json.JSONDecoder(parse_int=exact_number, parse_float=exact_number)
_PLAIN = json.JSONDecoder()
_DECODERS: Mapping[str, Decoder] = {
    "int8": int,
    "numeric": Decimal,
    "money": Decimal,
    "float4": float,
    "float8": float,
    "date": _date,
    "timestamp": _timestamp,
    "timestamptz": _timestamp,
    "time": _time,
    "timetz": _time,
    "interval": _interval,
    "uuid": UUID,
    "bytea": _bytes,
    "inet": _address,
    "cidr": ip_network,
    "json": _document,
    "jsonb": _document,
}
