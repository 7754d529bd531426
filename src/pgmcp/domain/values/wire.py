"""Python values as the wire's JSON, to the letter of what the typed expressions make on a server.

What both sides keep to, beyond the interface's own words:
- `int8`, `numeric` and `money` are a JSON number up to 15 significant digits (zeros in front don't count, those at the
  end do), else a string of the same digits.
- `float4`, `float8` in PostgreSQL's spelling (`1e+15`, `-0`), NaN and infinities as strings.
- `timestamp`, `timestamptz` with `T`, an offset as `+00:00`; `time`, `timetz` in PostgreSQL's form (`12:00:00+00`).
- An array of several dimensions is text where elements may be lists themselves (json, jsonb, domains over arrays).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pgmcp.domain.json import dumps, encode_text
from pgmcp.domain.values.documents import WRAPPER, Json, needs_wrapping
from pgmcp.domain.values.interval import Interval
from pgmcp.domain.values.numbers import float4_text, float8_text, special_text
from pgmcp.domain.values.plain import shown_address
from pgmcp.domain.values.text import holds_lists
from pgmcp.domain.values.times import iso_instant, iso_time
from pgmcp.domain.values.types import Kind, Type

Encoder = Callable[[Any], str]
MOST_DIGITS = 15


def encode_row(values: Sequence[Any], types: Sequence[Type]) -> str:
    """One row as a JSON array; for many rows of the same types take `row_encoder` once.

    >>> from pgmcp.domain.values.types import INT8, NUMERIC
    >>> encode_row([9007199254740993, Decimal("1.50")], [INT8, NUMERIC])
    '["9007199254740993",1.50]'
    """
    return row_encoder(types)(values)


def row_encoder(types: Sequence[Type]) -> Callable[[Sequence[Any]], str]:
    """What encodes rows of these types, with everything looked up beforehand."""
    found = tuple(encoder(type_) for type_ in types)

    def encode_one(values: Sequence[Any]) -> str:
        pairs = zip(found, values, strict=True)
        return "[" + ",".join(["null" if value is None else encode_value(value) for encode_value, value in pairs]) + "]"

    return encode_one


def encode(value: Any, type_: Type) -> str:
    """One Python value as JSON text."""
    return "null" if value is None else encoder(type_)(value)


def encoder(type_: Type) -> Encoder:
    """What encodes values of a type that are not NULL."""
    root = type_.root
    if root.kind is Kind.ARRAY and root.element is not None:
        return _array_encoder(encoder(root.element), nested=not holds_lists(root.element))
    if root.kind is Kind.COMPOSITE and root.attributes:
        return _composite_encoder({attribute.name: encoder(attribute.type) for attribute in root.attributes})
    return _ENCODERS.get(root.tag, _string)


def exact_json(text: str) -> str:
    """The digits of an exact number as a JSON number where every client keeps them, else as a string.

    >>> exact_json("1.50"), exact_json("9007199254740993")
    ('1.50', '"9007199254740993"')
    """
    significant = len(text.lstrip("-0.").replace(".", ""))
    return text if significant <= MOST_DIGITS else f'"{text}"'


def numeric_digits(number: Decimal) -> str:
    """A finite Decimal as PostgreSQL prints it: no exponent, no negative zero."""
    return format(number or abs(number), "f")


def _string(value: Any) -> str:
    """Text as a JSON string."""
    return encode_text(str(value))


def _exact(value: float | Decimal) -> str:
    """An int or a Decimal of an exact type."""
    number = Decimal(value)
    return exact_json(numeric_digits(number)) if number.is_finite() else f'"{special_text(number)}"'


def _float8(value: float) -> str:
    """A double."""
    return _float(float8_text(float(value)))


def _float4(value: float) -> str:
    """A single."""
    return _float(float4_text(float(value)))


def _float(text: str) -> str:
    """A float's text as a JSON number, or as a string where JSON has no such number."""
    return f'"{text}"' if text[-1] in "Ny" else text


def _bool(value: Any) -> str:
    """A truth value."""
    return "true" if value else "false"


def _moment(value: Any) -> str:
    """A date or a time in Python's own class, or the text of what Python has no class for."""
    if isinstance(value, datetime):
        return f'"{iso_instant(value)}"'
    if isinstance(value, time):
        return f'"{iso_time(value)}"'
    return f'"{value.isoformat()}"' if isinstance(value, date) else _string(value)


def _interval(value: Any) -> str:
    """An interval as an ISO 8601 duration."""
    return _string(value.iso if isinstance(value, Interval) else value)


def _bytes(value: bytes) -> str:
    """Bytes as hexadecimal digits."""
    return f'"\\\\x{bytes(value).hex()}"'


def _address(value: Any) -> str:
    """An address or a network."""
    return _string(shown_address(value))


def _document(value: Any) -> str:
    """A JSON value, wrapped where it would be mistaken for another."""
    inner = value.value if isinstance(value, Json) else value
    return dumps({WRAPPER: inner} if isinstance(value, Json) or needs_wrapping(inner) else inner)


def _array_encoder(element: Encoder, *, nested: bool) -> Encoder:
    """An encoder of lists; in `nested` ones a list inside is a further dimension."""

    def encode_list(value: Any) -> str:
        if isinstance(value, str):
            return _string(value)
        items = (
            "null" if item is None else encode_list(item) if nested and isinstance(item, list) else element(item)
            for item in value
        )
        return "[" + ",".join(items) + "]"

    return encode_list


def _composite_encoder(attributes: Mapping[str, Encoder]) -> Encoder:
    """An encoder of dicts, in the order of the type's attributes."""
    named = [(f"{dumps(name)}:", name, encode_value) for name, encode_value in attributes.items()]

    def encode_object(value: Any) -> str:
        items = (
            f"{lead}{'null' if (item := value.get(name)) is None else encode_value(item)}"
            for lead, name, encode_value in named
        )
        return "{" + ",".join(items) + "}"

    return encode_object


_ENCODERS: Mapping[str, Encoder] = {
    "bool": _bool,
    "int2": str,
    "int4": str,
    "int8": _exact,
    "numeric": _exact,
    "money": _exact,
    "float4": _float4,
    "float8": _float8,
    **dict.fromkeys(("date", "timestamp", "timestamptz", "time", "timetz"), _moment),
    "interval": _interval,
    "bytea": _bytes,
    "inet": _address,
    "cidr": _address,
    "json": _document,
    "jsonb": _document,
}
