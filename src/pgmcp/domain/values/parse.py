"""PostgreSQL's text form as Python values, without a server: what the memory adapter reads literals and batches with.

The Python values are those of `pgmcp.domain.values.native`. What hangs on a clock, a setting or a catalogue is refused:
nothing is read here in another way than PostgreSQL would read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any
from uuid import UUID

from pgmcp.domain import nesting
from pgmcp.domain.values.documents import exact_number, wrapped
from pgmcp.domain.values.instants import read_date, read_time, read_timestamp
from pgmcp.domain.values.interval import parse_interval
from pgmcp.domain.values.literals import MalformedLiteralError, Texts, read_array, read_composite
from pgmcp.domain.values.numbers import float4_text
from pgmcp.domain.values.plain import truth_of
from pgmcp.domain.values.text import delimiter, holds_lists, to_text
from pgmcp.domain.values.times import EXPECTED_INTERVAL
from pgmcp.domain.values.types import DOCUMENTS, Kind, Type
from pgmcp.domain.values.unfit import Unfit

_FIRST_BOUNDS = re.compile(r"(?:\[1:[0-9]+\])+")
_ESCAPE = re.compile(rb"\\(\\|[0-7]{3})")
_DOCUMENT = json.JSONDecoder(parse_int=exact_number, parse_float=exact_number)
_CENTS = Context(prec=40, rounding=ROUND_HALF_UP)


def from_text(text: str, type_: Type) -> Any:
    """A text that PostgreSQL's input function of a type reads, as the Python value of that type.

    Args:
        text: PostgreSQL's text form.
        type_: The type.

    Returns:
        The value as `pgmcp.domain.values.native` describes it; a text of a type without a class there as it is.

    Raises:
        Unfit: PostgreSQL would refuse the text, or would need its clock or its settings to read it.

    >>> from pgmcp.domain.values.types import INT4, array_of
    >>> from_text("{1,NULL}", array_of(INT4))
    [1, None]
    """
    root = type_.root
    # Refuses what can be told to be wrong, and writes integers in decimal digits. A document's text is no document yet.
    checked = text if root.tag in DOCUMENTS else str(to_text(text, root))
    if root.kind is Kind.ARRAY and root.element is not None:
        return _array(text, root.element)
    if root.kind is Kind.COMPOSITE and root.attributes:
        return _composite(text, root)
    reader = _READERS.get(root.tag)
    return reader(checked) if reader else text


def _array(text: str, element: Type) -> Any:
    """A list, or the array's own text where a list would not say everything."""
    try:
        bounds, texts = read_array(text, delimiter(element))
    except MalformedLiteralError as error:
        raise Unfit("an array's text such as {1,2}") from error
    several = any(isinstance(item, list) for item in texts)
    if (bounds and not _FIRST_BOUNDS.fullmatch(bounds)) or (several and holds_lists(element)):
        return text.strip()
    return _elements(texts, element)


def _elements(texts: Texts, element: Type) -> list[Any]:
    """Elements' values, nested by dimension."""
    return [
        item if item is None else _elements(item, element) if isinstance(item, list) else from_text(item, element)
        for item in texts
    ]


def _composite(text: str, root: Type) -> dict[str, Any]:
    """A dict by attribute names."""
    expected = f"a composite's text with {len(root.attributes)} fields, such as (1,x)"
    try:
        fields = read_composite(text)
    except MalformedLiteralError as error:
        raise Unfit(expected) from error
    if len(fields) != len(root.attributes):
        raise Unfit(expected)
    return {
        attribute.name: field if field is None else from_text(field, attribute.type)
        for attribute, field in zip(root.attributes, fields, strict=True)
    }


def _numeric(text: str) -> Decimal:
    """A Decimal in numeric's own digits: no exponent above zero, no negative zero."""
    bare = text.strip().replace("_", "")
    if bare.lower().lstrip("+-")[:2] in {"0x", "0o", "0b"}:
        return Decimal(int(bare, 0))
    number = Decimal(bare)
    if number.is_finite() and number.adjusted() < 131_072:
        return Decimal(format(number or abs(number), "f"))
    if number.is_finite():
        raise Unfit("a number with at most 131072 digits before the point")
    return number


def _money(text: str) -> Decimal:
    """An amount, in hundredths."""
    return Decimal(text.strip().replace("_", "")).quantize(Decimal("0.01"), context=_CENTS)


def _float8(text: str) -> float:
    """A double."""
    if "x" in text.lower():
        return float.fromhex(text)
    return float("nan") if "nan" in text.lower() else float(text)


def _float4(text: str) -> float:
    """A single, as the double that its shortest digits give."""
    return float(float4_text(_float8(text)))


def _bool(text: str) -> bool:
    """A truth value."""
    return bool(truth_of(text))


def _interval(text: str) -> Any:
    """An interval; text where it has no end."""
    word = text.strip().lower().removeprefix("+")
    if word in {"infinity", "-infinity"}:
        return word
    found = parse_interval(text)
    if found is None:
        raise Unfit(EXPECTED_INTERVAL)
    return found


def _bytes(text: str) -> bytes:
    """Bytes, from hexadecimal digits or from the escape form."""
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    return _ESCAPE.sub(lambda found: b"\\" if found[1] == b"\\" else bytes([int(found[1], 8)]), text.encode())


def _uuid(text: str) -> UUID:
    """A UUID."""
    return UUID(text.strip("{}").replace("-", ""))


def _address(text: str) -> Any:
    """An address, with its network where a mask says more than the address alone."""
    bare = text.strip()
    try:
        found = ip_interface(bare)
    except ValueError as error:
        raise Unfit("an address such as 10.0.0.1 or 10.0.0.1/24") from error
    alone = found.network.prefixlen == found.max_prefixlen
    return ip_address(bare.partition("/")[0]) if alone else found


def _network(text: str) -> Any:
    """A network, no bit set behind its mask."""
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise Unfit("a network such as 10.0.0.0/8, without bits to the right of its mask") from error


def _document(text: str) -> Any:
    """A JSON document, wrapped where it would be mistaken for another value."""
    try:
        return wrapped(_read(text))
    except ValueError as error:
        raise Unfit("a JSON text") from error


def _read(text: str) -> Any:
    try:
        return _DOCUMENT.decode(text)
    except RecursionError:
        return nesting.read(text, _DOCUMENT.decode)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "int2": int,
    "int4": int,
    "int8": int,
    "numeric": _numeric,
    "money": _money,
    "float4": _float4,
    "float8": _float8,
    "bool": _bool,
    "date": read_date,
    "timestamp": partial(read_timestamp, zoned=False),
    "timestamptz": partial(read_timestamp, zoned=True),
    "time": partial(read_time, zoned=False),
    "timetz": partial(read_time, zoned=True),
    "interval": _interval,
    "uuid": _uuid,
    "bytea": _bytes,
    "inet": _address,
    "cidr": _network,
    "json": _document,
    "jsonb": _document,
}
