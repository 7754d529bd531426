"""Values of callers in PostgreSQL's text form: what passes, and what is refused with what would be right."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from pgmcp.domain.json import Number, loads
from pgmcp.domain.values.documents import Json
from pgmcp.domain.values.interval import Interval
from pgmcp.domain.values.text import Unfit, to_text
from pgmcp.domain.values.types import Kind, Type
from tests.fixtures.walked import cases
from tests.unit.domain.values.server_types import type_of

UNKNOWN_BASE = Type(name="complex", schema="public")
LONG_ENUM = Type(name="e", schema="public", kind=Kind.ENUM, labels=tuple(f"l{number}" for number in range(30)))


@cases(
    "spelling, given, text",
    [
        pytest.param("int4", "1.0", "1", id="integral-number"),
        pytest.param("int4", "1E2", "100", id="integer-with-exponent"),
        pytest.param("int4", "-0", "0", id="negative-zero"),
        pytest.param("int4", '" 0x1F "', "31", id="hexadecimal-text"),
        pytest.param("int4", '"007"', "7", id="zeros-in-front"),
        pytest.param("int8", '"-9223372036854775808"', "-9223372036854775808", id="least-int8"),
        pytest.param("oid", '"-1"', "-1", id="negative-oid"),
        pytest.param("numeric", "1.50", "1.50", id="numeric-keeps-digits"),
        pytest.param("numeric", "1e400", "1e400", id="numeric-beyond-a-double"),
        pytest.param("numeric", '"1_000.5"', "1_000.5", id="numeric-underscores"),
        pytest.param("numeric", '" -inf "', " -inf ", id="numeric-infinity"),
        pytest.param("money", '"12.34"', "12.34", id="money"),
        pytest.param("float4", "0.1", "0.1", id="float4"),
        pytest.param("name", f'"{"x" * 63}"', "x" * 63, id="longest-name"),
        pytest.param("float8", "5e-324", "5e-324", id="least-float8"),
        pytest.param("float8", "0e-999", "0e-999", id="zero-with-exponent"),
        pytest.param("float8", '"-NaN"', "-NaN", id="float-nan"),
        pytest.param("float8", '"0x1.8p1"', "0x1.8p1", id="hexadecimal-float"),
        pytest.param("bool", "true", "true", id="true"),
        pytest.param("bool", '"OF"', "OF", id="beginning-of-off"),
        pytest.param("text", '""', "", id="empty-text"),
        pytest.param("date", '"today"', "today", id="word"),
        pytest.param("date", '"-infinity"', "-infinity", id="infinity"),
        pytest.param("date", '"Jan 5 2024"', "Jan 5 2024", id="month-by-name"),
        pytest.param("date", '"0005-02-29 BC"', "0005-02-29 BC", id="leap-day-bc"),
        pytest.param("timestamptz", '"2024-02-29T23:59:60Z"', "2024-02-29T23:59:60Z", id="leap-second"),
        pytest.param("timestamp", '"2024-01-05 24:00:00"', "2024-01-05 24:00:00", id="end-of-day"),
        pytest.param("time", '"04:05 PM"', "04:05 PM", id="afternoon"),
        pytest.param("time", '"Now"', "Now", id="time-by-the-clock"),
        pytest.param("time", '"allballs"', "allballs", id="midnight-by-name"),
        pytest.param("interval", '"P1DT2H30M"', "P1DT2H30M", id="iso-interval"),
        pytest.param("interval", '"1 day -02:00 ago"', "1 day -02:00 ago", id="postgres-interval"),
        pytest.param("interval", '"1 microseconds"', "1 microseconds", id="ten-letters-of-a-unit"),
        pytest.param("uuid", '"{123E4567e89b12d3a456426614174000}"', "{123E4567e89b12d3a456426614174000}", id="uuid"),
        pytest.param("bytea", '"\\\\xde ad"', "\\xde ad", id="bytes-with-blanks"),
        pytest.param("bytea", '"a\\\\\\\\b\\\\001"', "a\\\\b\\001", id="escaped-bytes"),
        pytest.param("inet", '"010.0.0.1/8"', "010.0.0.1/8", id="zeros-in-an-octet"),
        pytest.param("cidr", '"10.1"', "10.1", id="short-network"),
        pytest.param("macaddr", '"08002b:010203"', "08002b:010203", id="hardware-address"),
        pytest.param("varbit", '"x1F"', "x1F", id="bits-in-hexadecimal"),
        pytest.param("json", "[1e400,0.1000,-0,1E5]", "[1e400,0.1000,-0,1E5]", id="json-keeps-digits"),
        pytest.param("jsonb", '"abc"', '"abc"', id="json-string"),
        pytest.param("jsonb", '{"$json":null}', "null", id="json-null"),
        pytest.param("jsonb", '{"$json":{"$json":1}}', '{"$json":1}', id="wrapped-twice"),
        pytest.param("jsonb", '{"$json":1,"a":2}', '{"$json":1,"a":2}', id="not-wrapped"),
        pytest.param("hv.d_json", "[]", "[]", id="domain-over-json"),
        pytest.param("point", "[1,2.50]", "(1,2.50)", id="point-as-list"),
        pytest.param("point", '"(1,2)"', "(1,2)", id="point-as-text"),
        pytest.param("polygon", "[[0,0],[0,1],[1,1]]", "((0,0),(0,1),(1,1))", id="polygon-as-list"),
        pytest.param("polygon", '"((NaN,NaN))"', "((NaN,NaN))", id="polygon-of-no-number"),
        pytest.param("box", '[[1,1],"(0,0)"]', "(1,1),(0,0)", id="box-as-list"),
        pytest.param("lseg", "[[1,1],[0,0]]", "[(1,1),(0,0)]", id="segment-as-list"),
        pytest.param("vector", "[1,2.5]", "[1,2.5]", id="vector-as-list"),
        pytest.param("int4range", '"[1,5)"', "[1,5)", id="range"),
        pytest.param("int4multirange", '"{}"', "{}", id="multirange"),
        pytest.param("hv.mood", '"Über glad"', "Über glad", id="enum"),
        pytest.param("regclass", "5", "5", id="number-for-another-type"),
        pytest.param("int4[]", "[]", "{}", id="empty-array"),
        pytest.param("int4[]", "[[1,2],[3,null]]", "{{1,2},{3,NULL}}", id="nested-array"),
        pytest.param("int4[]", '"[2:3]={1,2}"', "[2:3]={1,2}", id="array-text"),
        pytest.param("text[]", '["a b","","null",null,"a;b"]', '{"a b","","null",NULL,a;b}', id="quoted-elements"),
        pytest.param("box[]", '["(1,1),(0,0)",null]', "{(1,1),(0,0);NULL}", id="boxes"),
        pytest.param("point[]", "[[1,2],[3,4]]", '{"(1,2)","(3,4)"}', id="points"),
        pytest.param("point[]", '[["(1,2)"],["(3,4)"]]', '{{"(1,2)"},{"(3,4)"}}', id="points-of-two-dimensions"),
        pytest.param("jsonb[]", '[[1,[2]],null,{"$json":null}]', '{"[1,[2]]",NULL,"null"}', id="documents"),
        pytest.param("hv.d_ints[]", "[[1,2],null]", '{"{1,2}",NULL}', id="arrays-in-domains"),
        pytest.param("hv.pair", '{"b":"x y"}', '(,"x y")', id="composite-without-an-attribute"),
        pytest.param("hv.pair", '"(1,x)"', "(1,x)", id="composite-text"),
        pytest.param("hv.nest", '{"p":{"a":1},"ps":[{"b":""}]}', '(,"(1,)","{""(,\\\\""\\\\"")""}",,)', id="nested"),
    ],
)
def test_json_as_text(spelling: str, given: str, text: str) -> None:
    """A JSON value that PostgreSQL would take, in the text that its input function reads."""
    assert to_text(loads(given), type_of(spelling)) == text


@cases(
    "spelling, given, text",
    [
        pytest.param("int8", 2**63 - 1, "9223372036854775807", id="int"),
        pytest.param("int4", 2.0, "2", id="integral-float"),
        pytest.param("int4", Decimal("3.0"), "3", id="integral-decimal"),
        pytest.param("numeric", Decimal("1.50"), "1.50", id="decimal"),
        pytest.param("numeric", Decimal("NaN"), "NaN", id="decimal-nan"),
        pytest.param("numeric", Decimal("-Infinity"), "-Infinity", id="decimal-infinity"),
        pytest.param("numeric", 10**5000, "1" + "0" * 5000, id="long-int"),
        pytest.param("numeric", 0.1, "0.1", id="float-for-numeric"),
        pytest.param("money", Decimal("1.5"), "1.5", id="money"),
        pytest.param("float8", float("nan"), "NaN", id="nan"),
        pytest.param("float8", float("-inf"), "-Infinity", id="infinity"),
        pytest.param("float4", 0.1, "0.1", id="float4"),
        pytest.param("bool", False, "false", id="bool"),
        pytest.param("date", date(44, 3, 15), "0044-03-15", id="date"),
        pytest.param("timestamp", datetime.fromisoformat("2024-01-01T10:00"), "2024-01-01T10:00:00", id="timestamp"),
        pytest.param("timestamptz", datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00+00:00", id="timestamptz"),
        pytest.param("time", time(1, 2, 3, 4), "01:02:03.000004", id="time"),
        pytest.param("timetz", time(1, tzinfo=timezone(timedelta(hours=-8))), "01:00:00-08:00", id="timetz"),
        pytest.param("interval", timedelta(days=-1, hours=1), "P-1DT1H", id="timedelta"),
        pytest.param("interval", Interval(months=-13), "P-1Y-1M", id="interval"),
        pytest.param("uuid", UUID(int=1), "00000000-0000-0000-0000-000000000001", id="uuid"),
        pytest.param("bytea", b"\x00\xff", "\\x00ff", id="bytes"),
        pytest.param("bytea", memoryview(b"a"), "\\x61", id="memoryview"),
        pytest.param("inet", ip_address("10.0.0.1"), "10.0.0.1", id="address"),
        pytest.param("inet", ip_interface("10.0.0.1/24"), "10.0.0.1/24", id="interface"),
        pytest.param("inet", ip_interface("::ffff:1.2.3.4/96"), "::ffff:1.2.3.4/96", id="mapped-interface"),
        pytest.param("cidr", ip_network("10.0.0.0/8"), "10.0.0.0/8", id="network"),
        pytest.param("jsonb", Json(None), "null", id="json-null"),
        pytest.param("jsonb", Json({"$json": 1}), '{"$json":1}', id="json-wrapper-as-value"),
        pytest.param("jsonb", {"a": Decimal("1.50"), "b": (1, 2.5)}, '{"a":1.50,"b":[1,2.5]}', id="json-of-python"),
        pytest.param("json", "\0", '"\\u0000"', id="json-keeps-nul"),
        pytest.param("int4[]", ((1, 2), (3, 4)), "{{1,2},{3,4}}", id="tuples"),
        pytest.param("hv.pair", OrderedDict(b="x", a=1), "(1,x)", id="mapping"),
        pytest.param("regclass", Decimal("NaN"), "NaN", id="nan-for-another-type"),
        pytest.param("inet", ip_address("::ffff"), "::ffff", id="last-without-points"),
        pytest.param("inet", ip_address("::1:0"), "::0.1.0.0", id="first-with-points"),
        pytest.param("inet", ip_address("::ffff:ffff"), "::255.255.255.255", id="last-with-points"),
        pytest.param("inet", ip_address("::1:0:0"), "::1:0:0", id="behind-those-with-points"),
        pytest.param("regclass", Decimal("1.50"), "1.50", id="decimal-for-another-type"),
        pytest.param("regclass", True, "true", id="bool-for-another-type"),
    ],
)
def test_python_as_text(spelling: str, given: Any, text: str) -> None:
    """A Python value in the text that PostgreSQL's input function reads."""
    assert to_text(given, type_of(spelling)) == text


_INT4 = "an integer from -2147483648 to 2147483647"
_NUMERIC = 'a number, or a string of its digits, or "NaN", "Infinity", "-Infinity"'
_MONEY = "an amount such as 12.34, without a currency sign, from -92233720368547758.08 to 92233720368547758.07"
_FLOAT4 = 'a number up to about ±3.4e38, or "NaN", "Infinity", "-Infinity"'
_FLOAT8 = 'a number up to about ±1.8e308, or "NaN", "Infinity", "-Infinity"'
_DATE = "a date such as 2024-02-29"
_TIMESTAMP = "a timestamp such as 2024-02-29T12:34:56.789"
_TIME = "a time such as 12:34:56.789"
_INTERVAL = "an interval such as P1DT2H30M or 1 day 02:30:00"
_UUID = "a UUID such as 123e4567-e89b-12d3-a456-426614174000"
_BYTES = "bytes as hexadecimal digits such as \\xdeadbeef"
_NETWORK = "an address or a network such as 10.0.0.1 or 10.0.0.0/8"
_MOODS = "one of 'sad', 'ok', 'Über glad', 'with space', 'quo'te', 'dq\"x', 'comma,here', ''"
_RAGGED = "lists of one length at each level, none of them empty"
_PAIR = "an object with 'a', 'b'"


@cases(
    "spelling, given, expected, path",
    [
        pytest.param("int2", "32768", "an integer from -32768 to 32767", (), id="too-large"),
        pytest.param("int4", "1.5", _INT4, (), id="fraction"),
        pytest.param("int4", "1e400000000", _INT4, (), id="huge-exponent"),
        pytest.param("int4", "1e" + "9" * 30, _INT4, (), id="exponent-beyond-any"),
        pytest.param("int4", '"1.0"', _INT4, (), id="fraction-in-text"),
        pytest.param("int4", '"１"', _INT4, (), id="other-digits"),
        pytest.param("int4", '""', _INT4, (), id="empty-text"),
        pytest.param("int4", "true", _INT4, (), id="bool-for-int"),
        pytest.param("int4", "{}", _INT4, (), id="object-for-int"),
        pytest.param("int4", f'"{"9" * 5000}"', _INT4, (), id="long-text"),
        pytest.param("numeric", '"0x"', _NUMERIC, (), id="no-number"),
        pytest.param("numeric", '"1__0"', _NUMERIC, (), id="underscores"),
        pytest.param("numeric", "[1]", _NUMERIC, (), id="list-for-numeric"),
        pytest.param("numeric", "1e131072", "a number with at most 131072 digits before the point", (), id="too-long"),
        pytest.param("money", '"$1"', _MONEY, (), id="currency-sign"),
        pytest.param("money", "92233720368547758.08", _MONEY, (), id="too-much-money"),
        pytest.param("float4", "1e39", _FLOAT4, (), id="float4-overflow"),
        pytest.param("float4", "1e-50", _FLOAT4, (), id="float4-underflow"),
        pytest.param("float8", "-1e309", _FLOAT8, (), id="float8-overflow"),
        pytest.param("float8", '"1e-400"', _FLOAT8, (), id="float8-underflow"),
        pytest.param("float8", '"abc"', _FLOAT8, (), id="float-no-number"),
        pytest.param("bool", "1", "true or false", (), id="number-for-bool"),
        pytest.param("bool", '"o"', "true or false", (), id="neither-on-nor-off"),
        pytest.param("text", "5", "a string", (), id="number-for-text"),
        pytest.param("varchar(5)", "[]", "a string", (), id="list-for-text"),
        pytest.param("date", '"yesterdayish"', _DATE, (), id="no-word"),
        pytest.param("date", '"2024-02-30"', _DATE, (), id="no-such-day"),
        pytest.param("date", '"2023-02-29"', _DATE, (), id="no-leap-year"),
        pytest.param("date", '"2024-13-01"', _DATE, (), id="no-such-month"),
        pytest.param("date", '"0000-01-01"', _DATE, (), id="no-year-0"),
        pytest.param("date", '"12:00"', _DATE, (), id="clock-for-date"),
        pytest.param("date", '"sometime 5"', _DATE, (), id="word-and-number"),
        pytest.param("date", "20240105", _DATE, (), id="number-for-date"),
        pytest.param("timestamp", '"2024-01-05T25:00"', _TIMESTAMP, (), id="no-such-hour"),
        pytest.param("timestamp", '"2024-01-05 12:60"', _TIMESTAMP, (), id="no-such-minute"),
        pytest.param("time", '"24:00:01"', _TIME, (), id="past-the-end-of-day"),
        pytest.param("time", '"noon"', _TIME, (), id="no-word-for-time"),
        pytest.param("time", "5", _TIME, (), id="number-for-time"),
        pytest.param("interval", '"5 foos"', _INTERVAL, (), id="no-unit"),
        pytest.param("interval", '"P"', _INTERVAL, (), id="empty-iso"),
        pytest.param("interval", "5", _INTERVAL, (), id="number-for-interval"),
        pytest.param("uuid", '"123e4567-e89b-12d3-a456-42661417400"', _UUID, (), id="short-uuid"),
        pytest.param("uuid", '"{123e4567e89b12d3a4564266141740001"', _UUID, (), id="brace-that-is-not-closed"),
        pytest.param("uuid", "1", _UUID, (), id="number-for-uuid"),
        pytest.param("bytea", '"\\\\xd"', _BYTES, (), id="half-a-byte"),
        pytest.param("bytea", '"\\\\9"', _BYTES, (), id="bad-escape"),
        pytest.param("bytea", "[1]", _BYTES, (), id="list-for-bytes"),
        pytest.param("inet", '"nonsense"', _NETWORK, (), id="no-network"),
        pytest.param("inet", '"10.0.0.256"', _NETWORK, (), id="no-such-octet"),
        pytest.param("inet", '"::1/129"', _NETWORK, (), id="mask-too-long"),
        pytest.param("macaddr", '"x"', "a hardware address such as 08:00:2b:01:02:03", (), id="no-hardware-address"),
        pytest.param("bit(3)", '"12"', "a string of bits such as 1011", (), id="no-bits"),
        pytest.param("point", "[1]", "a point such as [1.5, 2] or (1.5,2)", (), id="half-a-point"),
        pytest.param("point", '["1","2"]', "a point such as [1.5, 2] or (1.5,2)", (), id="point-of-texts"),
        pytest.param("box", "[[1,1]]", "a list of 2 points, or text such as (1,1),(0,0)", (), id="half-a-box"),
        pytest.param("polygon", "[]", "a list of points, or text such as ((0,0),(0,1),(1,1))", (), id="no-points"),
        pytest.param("circle", "[]", "a circle such as <(0,0),2>", (), id="list-for-circle"),
        pytest.param("vector", "{}", "a list of numbers, or text such as [1,2,3]", (), id="object-for-vector"),
        pytest.param("int4range", '"[1;5)"', "a range such as [1,5) or empty", (), id="no-range"),
        pytest.param("int4multirange", '"[1,5)"', "a multirange such as {[1,3),[5,8)}", (), id="no-multirange"),
        pytest.param("hv.mood", '"angry"', _MOODS, (), id="unknown-label"),
        pytest.param("hv.mood", "1", _MOODS, (), id="number-for-enum"),
        pytest.param("hv.d_two", '"x"', _INT4, (), id="domain-over-domain"),
        pytest.param("int4[]", '"1,2"', "a list, or an array's text such as {1,2}", (), id="no-array-text"),
        pytest.param("int4[]", "1", "a list", (), id="number-for-array"),
        pytest.param("int4[]", '[1,"x"]', _INT4, (1,), id="bad-element"),
        pytest.param("int4[]", "[[1,2],[3,true]]", _INT4, (1, 1), id="bad-nested-element"),
        pytest.param("int4[]", "[[1,2],[3]]", _RAGGED, (), id="ragged"),
        pytest.param("int4[]", "[[1,2],null]", _RAGGED, (), id="null-for-a-dimension"),
        pytest.param("int4[]", "[[]]", _RAGGED, (), id="empty-dimension"),
        pytest.param("int4[]", "[[[[[[[1]]]]]]]", "at most 6 levels of lists", (0,) * 6, id="seven-dimensions"),
        pytest.param("hv.pair", '{"c":1}', _PAIR, (), id="unknown-attribute"),
        pytest.param("hv.pair", "[1]", _PAIR, (), id="list-for-composite"),
        pytest.param("hv.pair", '"x"', f"{_PAIR}, or a composite's text such as (1,x)", (), id="no-composite-text"),
        pytest.param("hv.nest", '{"ps":[null,{"a":"x"}]}', _INT4, ("ps", 1, "a"), id="deep-inside"),
        pytest.param("xml", "1", "a string", (), id="number-for-xml"),
        pytest.param("name", f'"{"x" * 64}"', "a string of at most 63 bytes", (), id="name-that-would-be-cut"),
        pytest.param("name", f'"{"é" * 32}"', "a string of at most 63 bytes", (), id="name-by-its-bytes"),
    ],
)
def test_unfit_json(spelling: str, given: str, expected: str, path: tuple[str | int, ...]) -> None:
    """What PostgreSQL would refuse is refused, with what it takes and where the fault is."""
    with pytest.raises(Unfit) as caught:
        to_text(loads(given), type_of(spelling))
    assert (caught.value.expected, caught.value.path) == (expected, path)


_WHOLE_TEXT = "text without U+0000 and without halves of surrogate pairs"


@cases(
    "type_, given, expected",
    [
        pytest.param(type_of("text"), "a\0", _WHOLE_TEXT, id="nul"),
        pytest.param(type_of("text"), "\ud800", _WHOLE_TEXT, id="half-a-pair"),
        pytest.param(type_of("jsonb"), "\ud800", _WHOLE_TEXT, id="half-a-pair-in-json"),
        pytest.param(type_of("jsonb"), ["\0"], "JSON without U+0000, which jsonb can't hold", id="nul-in-jsonb"),
        pytest.param(type_of("jsonb"), {"a": float("nan")}, "a JSON value", id="nan-in-json"),
        pytest.param(type_of("jsonb"), {"a": b""}, "a JSON value", id="bytes-in-json"),
        pytest.param(type_of("int4"), Decimal("NaN"), _INT4, id="nan-for-int"),
        pytest.param(type_of("text"), Number("1"), "a string", id="number-is-no-text"),
        pytest.param(UNKNOWN_BASE, {}, "PostgreSQL's text form of complex, as a string", id="object-for-unknown"),
        pytest.param(
            Type(name="pg_node_tree"),
            "x",
            "nothing, or null: PostgreSQL alone makes values of this type",
            id="a-type-without-input",
        ),
        pytest.param(
            evolve(LONG_ENUM, labels=LONG_ENUM.labels[:20]),
            "x",
            "one of " + ", ".join(f"'l{n}'" for n in range(20)),
            id="just-not-too-many-labels",
        ),
        pytest.param(
            LONG_ENUM, "x", "one of " + ", ".join(f"'l{n}'" for n in range(20)) + " and 10 more", id="many-labels"
        ),
    ],
)
def test_unfit_python(type_: Type, given: Any, expected: str) -> None:
    """Python values that PostgreSQL could not hold are refused in the same way."""
    with pytest.raises(Unfit) as caught:
        to_text(given, type_)
    assert (caught.value.expected, caught.value.path) == (expected, ())


def test_unknown_types_take_text_and_numbers() -> None:
    """A type that nobody knows takes PostgreSQL's text form, and a number's digits as they are."""
    assert to_text("(1,2)", UNKNOWN_BASE) == "(1,2)"
    assert to_text(Number("1.50"), UNKNOWN_BASE) == "1.50"


def test_enum_of_unknown_labels_takes_any() -> None:
    """An enum whose labels are not known leaves the check to PostgreSQL, but still takes text only."""
    enum = Type(name="e", schema="public", kind=Kind.ENUM)
    assert to_text("x", enum) == "x"
    with pytest.raises(Unfit, match="a label of e"):
        to_text(1, enum)
