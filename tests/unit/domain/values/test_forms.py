"""Rows between the wire and Python: shapes that no server sends, and the classes that values have."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv6Network
from typing import Any
from uuid import UUID

import pytest

from pgmcp.domain.json import Number, SpelledDecimal, dumps
from pgmcp.domain.values.documents import Json, exact_number
from pgmcp.domain.values.interval import Interval
from pgmcp.domain.values.native import decode, decode_row, row_decoder
from pgmcp.domain.values.types import Kind, Type
from pgmcp.domain.values.wire import encode, encode_row, row_encoder
from tests.fixtures.walked import cases
from tests.unit.domain.values.server_types import type_of


def test_a_row_of_every_class() -> None:
    """One row holds every Python class that values have, exactly."""
    columns = {
        "int8": ('"9007199254740993"', 9007199254740993),
        "numeric": ("1.50", Decimal("1.50")),
        "float8": ("-0", -0.0),
        "date": ('"2024-02-29"', date(2024, 2, 29)),
        "timestamptz": ('"2024-02-29T12:00:00.5+00:00"', datetime(2024, 2, 29, 12, 0, 0, 500_000, tzinfo=UTC)),
        "time": ('"12:00:00"', time(12)),
        "interval": ('"P1M"', Interval(months=1)),
        "uuid": ('"00000000-0000-0000-0000-000000000001"', UUID(int=1)),
        "bytea": ('"\\\\xff"', b"\xff"),
        "inet": ('"10.0.0.1"', IPv4Address("10.0.0.1")),
        "cidr": ('"2001:db8::/32"', IPv6Network("2001:db8::/32")),
        "jsonb": ('{"a":[1,2.50,null]}', {"a": [1, Decimal("2.50"), None]}),
        "json": ('{"$json":null}', Json(None)),
        "int4[]": ("[[1,null]]", [[1, None]]),
        "hv.pair": ('{"a":1,"b":null}', {"a": 1, "b": None}),
        "text": ('"x"', "x"),
    }
    types = [type_of(spelling) for spelling in columns]
    wire = "[" + ",".join(given for given, _ in columns.values()) + "]"
    assert repr(row_decoder(types)(wire)) == repr(tuple(value for _, value in columns.values()))
    assert row_encoder(types)([value for _, value in columns.values()]) == wire


def test_rows_must_have_a_value_a_column() -> None:
    """A row that is shorter or longer than its types is a defect, never cut in silence."""
    with pytest.raises(ValueError, match="zip"):
        decode_row("[1]", [type_of("int4"), type_of("int4")])
    with pytest.raises(ValueError, match="zip"):
        encode_row([1, 2], [type_of("int4")])


@pytest.mark.parametrize(
    "spelling, value",
    [
        pytest.param("1", 1, id="int"),
        pytest.param("-5", -5, id="negative-int"),
        pytest.param("1.50", Decimal("1.50"), id="decimal"),
        pytest.param("-0", Decimal("-0"), id="negative-zero"),
        pytest.param("1E5", SpelledDecimal("1E5"), id="spelling"),
        pytest.param("9" * 5000, Decimal("9" * 5000), id="long"),
        pytest.param("1e" + "9" * 30, Number("1e" + "9" * 30), id="beyond-decimal"),
    ],
)
def test_numbers_of_documents_keep_their_spelling(spelling: str, value: Any) -> None:
    """A document's number is the plainest Python number that is written in the same way again."""
    made = exact_number(spelling)
    assert (type(made), made) == (type(value), value)
    assert dumps(made) == spelling


@cases(
    "type_, value, wire",
    [
        pytest.param(type_of("bool"), True, "true", id="bool"),
        pytest.param(type_of("int8"), 999_999_999_999_999, "999999999999999", id="fifteen-digits"),
        pytest.param(type_of("int8"), 1_000_000_000_000_000, '"1000000000000000"', id="sixteen-digits"),
        pytest.param(type_of("numeric"), Decimal("0.00100"), "0.00100", id="zeros-in-front"),
        pytest.param(type_of("numeric"), Decimal("1E+3"), "1000", id="no-exponent"),
        pytest.param(type_of("numeric"), Decimal("-0.0"), "0.0", id="no-negative-zero"),
        pytest.param(type_of("numeric"), Decimal("sNaN"), '"NaN"', id="nan"),
        pytest.param(type_of("float8"), 1e15, "1e+15", id="exponent-of-a-double"),
        pytest.param(type_of("float4"), 1e6, "1e+06", id="exponent-of-a-single"),
        pytest.param(type_of("float4"), 1e39, '"Infinity"', id="past-a-single"),
        pytest.param(type_of("float8"), float("-inf"), '"-Infinity"', id="infinity"),
        pytest.param(type_of("inet"), IPv4Interface("10.0.0.1/32"), '"10.0.0.1"', id="lone-interface"),
        pytest.param(type_of("jsonb"), {"$json": 1}, '{"$json":{"$json":1}}', id="looks-wrapped"),
        pytest.param(type_of("jsonb"), Json([1]), '{"$json":[1]}', id="wrapped"),
        pytest.param(type_of("text"), 'a"\n', '"a\\"\\n"', id="text"),
        pytest.param(type_of("hv.pair"), {"b": "x"}, '{"a":null,"b":"x"}', id="attribute-left-out"),
        pytest.param(Type(name="x", schema="public"), "y", '"y"', id="unknown-type"),
        pytest.param(type_of("int4"), None, "null", id="null"),
    ],
)
def test_encode(type_: Type, value: Any, wire: str) -> None:
    """A Python value that a server would not have sent in that form is encoded all the same."""
    assert encode(value, type_) == wire


@pytest.mark.parametrize(
    "type_, value, native",
    [
        pytest.param(type_of("int8"), None, None, id="null"),
        pytest.param(type_of("float8"), Number("1"), 1.0, id="number"),
        pytest.param(type_of("jsonb"), {"a": [Number("1.50")]}, {"a": [Decimal("1.50")]}, id="numbers-inside"),
        pytest.param(Type(name="r", kind=Kind.COMPOSITE), "(1)", "(1)", id="composite-of-unknown-attributes"),
        pytest.param(type_of("hv.pair"), "(1,x)", "(1,x)", id="composite-text"),
        pytest.param(type_of("hv.pair"), {"z": 1}, {"z": 1}, id="attribute-of-another-version"),
    ],
)
def test_decode(type_: Type, value: Any, native: Any) -> None:
    """A JSON value read by `loads` becomes the Python value that a row's would be."""
    assert decode(value, type_) == native
