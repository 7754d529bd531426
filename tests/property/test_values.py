"""Round trips of values through text, wire and Python, over generated values with the edges of each type."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pgmcp.domain.errors import ValidationError
from pgmcp.domain.json import dumps, loads
from pgmcp.domain.values.documents import Json, exact, unwrapped, wrapped
from pgmcp.domain.values.interval import Interval
from pgmcp.domain.values.literals import Texts, read_array, read_composite, write_array, write_composite
from pgmcp.domain.values.native import decode, decode_row
from pgmcp.domain.values.numbers import nearest_float4
from pgmcp.domain.values.parse import from_text
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.types import Attribute, Kind, Type, array_of
from pgmcp.domain.values.wire import encode_row

# A busy machine is slow now and then; there are many types, so each gets fewer examples.
steady = settings(deadline=None, max_examples=50)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
# Fixed spellings of numbers that Python's own types would lose.
number_texts = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
exact_numbers = number_texts.map(lambda spelling: exact(loads(spelling)))
documents = st.recursive(
    st.none() | st.booleans() | texts | exact_numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.just("$json"), inner, max_size=3),
    max_leaves=8,
)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
    lambda value: abs(value.adjusted()) < 300
)
numerics = decimals.map(lambda value: Decimal(format(value or abs(value), "f")))
intervals = st.builds(
    Interval,
    months=st.integers(-(2**31), 2**31 - 1),
    days=st.integers(-(2**31), 2**31 - 1),
    microseconds=st.integers(-(2**63), 2**63 - 1),
)
cents = st.integers(-(2**63), 2**63 - 1).map(lambda count: Decimal(count).scaleb(-2))
instants = st.datetimes().map(lambda value: value.replace(fold=0))
times = st.times().map(lambda value: value.replace(fold=0))
singles = st.floats(width=32, allow_nan=False).map(
    lambda value: from_text(repr(nearest_float4(value)), Type(name="float4"))
)


def _base(name: str) -> Type:
    return Type(name=name)


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "int2": st.integers(-(2**15), 2**15 - 1),
    "int4": st.integers(-(2**31), 2**31 - 1),
    "int8": st.integers(-(2**63), 2**63 - 1),
    "numeric": numerics | st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal("0.00")]),
    "money": cents,
    "float4": singles,
    "float8": st.floats(),
    "bool": st.booleans(),
    "text": texts,
    "date": st.dates() | st.sampled_from(["infinity", "-infinity", "0044-03-15 BC", "5874897-12-31"]),
    "timestamp": instants | st.sampled_from(["infinity", "10000-01-01 00:00:00", "4713-01-01 00:00:00.5 BC"]),
    "timestamptz": instants.map(lambda value: value.replace(tzinfo=UTC)) | st.just("0044-03-15 10:00:00+00 BC"),
    "time": times | st.just("24:00:00"),
    "timetz": times.map(lambda value: value.replace(tzinfo=UTC)) | st.just("24:00:00-15:59"),
    "interval": intervals | st.sampled_from(["infinity", "-infinity"]),
    "uuid": st.uuids(),
    "bytea": st.binary(),
    "inet": st.ip_addresses(),
    "cidr": st.builds(IPv4Network, st.integers(0, 2**32 - 1)) | st.builds(IPv6Network, st.integers(0, 2**128 - 1)),
    "json": documents.map(wrapped),
    "jsonb": documents.map(wrapped),
}


@pytest.mark.parametrize("name", SCALARS)
@steady
@given(data=st.data())
def test_scalars_survive_every_form(name: str, data: st.DataObject) -> None:
    """A value goes to text and back, to the wire and back, and from the wire to the same text as from Python."""
    _survives(data.draw(SCALARS[name]), _base(name))


@pytest.mark.parametrize("name", SCALARS)
@steady
@given(data=st.data())
def test_arrays_survive_every_form(name: str, data: st.DataObject) -> None:
    """So do lists of them, with NULLs."""
    _survives(data.draw(st.lists(SCALARS[name] | st.none(), max_size=4)), array_of(_base(name)))


@steady
@given(rows=st.integers(1, 3), columns=st.integers(1, 3), data=st.data())
def test_nested_arrays_survive_every_form(rows: int, columns: int, data: st.DataObject) -> None:
    """So do lists of lists of one length."""
    inner = st.lists(texts | st.none(), min_size=columns, max_size=columns)
    _survives(data.draw(st.lists(inner, min_size=rows, max_size=rows)), array_of(_base("text")))


@pytest.mark.parametrize("name", SCALARS)
@steady
@given(data=st.data())
def test_composites_survive_every_form(name: str, data: st.DataObject) -> None:
    """So do composites that hold values, arrays and texts."""
    type_ = Type(
        name="c",
        schema="public",
        kind=Kind.COMPOSITE,
        attributes=(
            Attribute("a b", _base(name)),
            Attribute("list", array_of(_base(name))),
            Attribute('"', _base("text")),
        ),
    )
    items = st.tuples(
        SCALARS[name] | st.none(), st.lists(SCALARS[name] | st.none(), max_size=3) | st.none(), texts | st.none()
    )
    values = items.map(lambda drawn: dict(zip(("a b", "list", '"'), drawn, strict=True)))
    _survives(data.draw(values), type_)
    _survives(data.draw(st.lists(values | st.none(), max_size=2)), array_of(type_))


def _survives(value: Any, type_: Type) -> None:
    """Every way through the three forms ends where it began; repr tells NaN, -0 and scales apart."""
    text = to_text(value, type_)
    assert text is not None
    assert repr(from_text(text, type_)) == repr(value)
    wire = encode_row([value], [type_])
    (native,) = decode_row(wire, [type_])
    assert repr(native) == repr(value)
    (given_back,) = loads(wire)
    assert repr(decode(given_back, type_)) == repr(value)
    written = to_text(given_back, type_)
    assert written is not None
    assert repr(from_text(written, type_)) == repr(value)


@steady
@given(documents)
def test_documents_keep_every_digit(value: Any) -> None:
    """What `dumps` writes, `loads` reads; numbers keep their spelling through Python's own numbers too."""
    text = dumps(value)
    assert dumps(loads(text)) == text
    assert repr(exact(loads(text))) == repr(value)


@steady
@given(documents)
def test_wrapping_is_undone(value: Any) -> None:
    """Whatever a document is, wrapped it is never taken for SQL NULL or for another document."""
    assert wrapped(value) is not None
    assert unwrapped(wrapped(value)) == value
    assert isinstance(wrapped(value), Json) == (value is None or (isinstance(value, dict) and set(value) == {"$json"}))


def _elements(depth: int) -> st.SearchStrategy[Texts]:
    leaf: st.SearchStrategy[Any] = st.text() | st.none()
    return st.lists(leaf if depth == 1 else _elements(depth - 1), min_size=1, max_size=3)


@steady
@given(st.integers(1, 3).flatmap(_elements), st.sampled_from(",;"))
def test_array_text_is_read_as_written(elements: Texts, delimiter: str) -> None:
    """Any texts, nested, quoted as they need it, come back."""
    assert read_array(write_array(elements, delimiter), delimiter) == ("", elements)


@steady
@given(st.lists(st.text() | st.none(), min_size=1))
def test_composite_text_is_read_as_written(fields: list[str | None]) -> None:
    """Any fields come back."""
    assert read_composite(write_composite(fields)) == fields


_JSON_LIKE = st.text(st.sampled_from('{}[]":,\\\\u0dD8e-1.tfn \ud800\0')) | st.text()


@steady
@given(_JSON_LIKE)
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail otherwise than by its own error, and what it reads is kept."""
    try:
        value = loads(text)
    except ValidationError as error:
        event(error.code.name)
    else:
        assert loads(dumps(value)) == value
