"""PostgreSQL's text read without a server: other spellings than its own, and what only a server can read."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import pytest

from pgmcp.domain.values.documents import Json
from pgmcp.domain.values.interval import Interval
from pgmcp.domain.values.parse import from_text
from pgmcp.domain.values.text import Unfit
from tests.fixtures.walked import cases
from tests.unit.domain.values.server_types import type_of

_UUID = 0x123E4567E89B12D3A456426614174000
_INDIA = timezone(timedelta(hours=5, minutes=30))


@cases(
    "spelling, text, value",
    [
        pytest.param("int4", " 0x1F ", 31, id="hexadecimal"),
        pytest.param("int8", "-1_000", -1000, id="underscores"),
        pytest.param("numeric", "1E+5", Decimal(100000), id="exponent"),
        pytest.param("numeric", "-0.00", Decimal("0.00"), id="negative-zero"),
        pytest.param("numeric", "0x10", Decimal(16), id="numeric-hexadecimal"),
        pytest.param("numeric", "inf", Decimal("Infinity"), id="numeric-infinity"),
        pytest.param("money", "1.005", Decimal("1.01"), id="hundredths"),
        pytest.param("money", " 1_000.50 ", Decimal("1000.50"), id="money-with-underscores"),
        pytest.param("float8", "0x1.8p1", 3.0, id="hexadecimal-float"),
        pytest.param("float4", "0.100000001", 0.1, id="single-precision"),
        pytest.param("bool", " YE ", True, id="bool"),
        pytest.param("date", "epoch", date(1970, 1, 1), id="epoch-date"),
        pytest.param("date", "2024-1-5 10:00", date(2024, 1, 5), id="date-with-time"),
        pytest.param("date", "+Infinity", "infinity", id="infinity"),
        pytest.param("timestamp", "epoch", datetime.fromisoformat("1970-01-01T00:00"), id="epoch"),
        pytest.param("timestamptz", "epoch", datetime(1970, 1, 1, tzinfo=UTC), id="epoch-with-zone"),
        pytest.param("timestamp", "2024-01-05 24:00:00", datetime.fromisoformat("2024-01-06T00:00"), id="end-of-day"),
        pytest.param(
            "timestamp", "2024-12-31T23:59:60+05", datetime.fromisoformat("2025-01-01T00:00"), id="leap-second"
        ),
        pytest.param(
            "timestamptz", "2024-01-05T01:00:00.0000005+0530", datetime(2024, 1, 4, 19, 30, tzinfo=UTC), id="offset"
        ),
        pytest.param("timestamptz", "2024-01-05 10:00 utc", datetime(2024, 1, 5, 10, tzinfo=UTC), id="utc"),
        pytest.param("timestamptz", "0001-01-01 00:00+01", "0001-12-31 23:00:00+00 BC", id="into-bc"),
        pytest.param("timestamptz", "9999-12-31 23:00-01", "10000-01-01 00:00:00+00", id="past-9999"),
        pytest.param("timestamptz", "0001-12-31 23:30-01 BC", datetime(1, 1, 1, 0, 30, tzinfo=UTC), id="out-of-bc"),
        pytest.param("time", "4:05", time(4, 5), id="short-time"),
        pytest.param("time", "t04:05", time(4, 5), id="small-t"),
        pytest.param("date", "2024-01-05 24:00", date(2024, 1, 5), id="date-with-the-end-of-day"),
        pytest.param("time", "T12:00:00Z", time(12), id="time-with-zone-left-out"),
        pytest.param("timetz", "12:00+5:30", time(12, tzinfo=_INDIA), id="timetz"),
        pytest.param("timetz", "24:00", "24:00:00+00", id="end-of-day-timetz"),
        pytest.param("interval", "INFINITY", "infinity", id="endless"),
        pytest.param("interval", " +Infinity ", "infinity", id="endless-with-its-sign"),
        pytest.param("interval", "-infinity", "-infinity", id="without-a-beginning"),
        pytest.param("interval", "1 day ago", Interval(days=-1), id="ago"),
        pytest.param("uuid", "{123e4567e89b12d3a456426614174000}", UUID(int=_UUID), id="uuid"),
        pytest.param("uuid", "123e4567-e89b-12d3-a456-426614174000", UUID(int=_UUID), id="uuid-with-hyphens"),
        pytest.param("bytea", "\\377\\101", b"\xffA", id="octal-bytes"),
        pytest.param("bytea", "a\\\\b\\001é", b"a\\b\x01\xc3\xa9", id="escaped-bytes"),
        pytest.param("bytea", "\\xDE ad", b"\xde\xad", id="hexadecimal-bytes"),
        pytest.param("inet", "10.0.0.1/32", ip_address("10.0.0.1"), id="lone-address"),
        pytest.param("jsonb", ' {"a" : [1, 2.50]} ', {"a": [1, Decimal("2.50")]}, id="json"),
        pytest.param("json", "null", Json(None), id="json-null"),
        pytest.param("json", '{"$json": null}', Json({"$json": None}), id="json-that-looks-wrapped"),
        pytest.param("int4[]", " [1:2] = { 1 , null } ", [1, None], id="array-with-blanks"),
        pytest.param("text[]", r'{"a\"b",c\,d,"NULL"}', ['a"b', "c,d", "NULL"], id="escapes-in-arrays"),
        pytest.param("jsonb[]", "{{1,2},{3,4}}", "{{1,2},{3,4}}", id="documents-of-two-dimensions"),
        pytest.param("hv.pair", ' (1,"a""b\\"c") ', {"a": 1, "b": 'a"b"c'}, id="composite"),
        pytest.param("hv.pair", "(,x\\,y)", {"a": None, "b": "x,y"}, id="composite-with-escape"),
    ],
)
def test_read(spelling: str, text: str, value: Any) -> None:
    """A spelling that PostgreSQL takes but doesn't print is read as it reads it."""
    read = from_text(text, type_of(spelling))
    assert (type(read), read) == (type(value), value)


@cases(
    "spelling, text, expected",
    [
        pytest.param("int4", "x", "an integer from -2147483648 to 2147483647", id="no-integer"),
        pytest.param("numeric", "1e200000", "a number with at most 131072 digits before the point", id="too-long"),
        pytest.param("date", "today", "a date such as 2024-02-29", id="needs-a-clock"),
        pytest.param("date", "01/02/2024", "a date such as 2024-02-29", id="needs-a-setting"),
        pytest.param("date", "2024-02-30 x", "a date such as 2024-02-29", id="no-such-day"),
        pytest.param("timestamp", "now", "a timestamp such as 2024-02-29T12:34:56.789", id="needs-the-time"),
        pytest.param(
            "timestamptz",
            "2024-01-05 10:00 Europe/Lisbon",
            "a timestamp with its offset such as 2024-02-29T12:34:56.789+00:00",
            id="needs-zones",
        ),
        pytest.param(
            "timestamptz",
            "2024-01-05 10:00+16",
            "a timestamp with its offset such as 2024-02-29T12:34:56.789+00:00",
            id="no-such-offset",
        ),
        pytest.param("time", "now", "a time such as 12:34:56.789", id="time-needs-a-clock"),
        pytest.param("interval", "1 day 5", "an interval such as P1DT2H30M or 1 day 02:30:00", id="bare-number-behind"),
        pytest.param("interval", "P1.2.3D", "an interval such as P1DT2H30M or 1 day 02:30:00", id="two-points"),
        pytest.param("inet", "10.1", "an address such as 10.0.0.1 or 10.0.0.1/24", id="short-address"),
        pytest.param(
            "cidr",
            "10.0.0.1/8",
            "a network such as 10.0.0.0/8, without bits to the right of its mask",
            id="bits-behind-the-mask",
        ),
        pytest.param("json", "{", "a JSON text", id="no-json"),
        pytest.param("json", "[" * 10_000, "a JSON text", id="too-deep"),
        pytest.param("int4[]", "{1,}", "an array's text such as {1,2}", id="no-last-element"),
        pytest.param("int4[]", "{1}{2}", "an array's text such as {1,2}", id="two-arrays"),
        pytest.param("int4[]", "{1 2", "an array's text such as {1,2}", id="open-array"),
        pytest.param("int4[]", "{x}", "an integer from -2147483648 to 2147483647", id="bad-element"),
        pytest.param("hv.pair", "(1)", "a composite's text with 2 fields, such as (1,x)", id="field-missing"),
        pytest.param("hv.pair", "(1,(2)", "a composite's text with 2 fields, such as (1,x)", id="no-composite"),
        pytest.param("hv.pair", "(1,x", "a composite's text with 2 fields, such as (1,x)", id="open-composite"),
    ],
)
def test_refused(spelling: str, text: str, expected: str) -> None:
    """What is no value, or hangs on a clock, a setting or a catalogue, is refused."""
    with pytest.raises(Unfit) as caught:
        from_text(text, type_of(spelling))
    assert caught.value.expected == expected
