"""The weight of a row: never less than the bytes of its JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from pgmcp.adapters.memory.typenames import read_type
from pgmcp.adapters.memory.values.weighing import weigher
from pgmcp.domain.values.wire import encode_row
from tests.fixtures.walked import cases


@cases(
    "type_, value",
    [
        pytest.param("bool", False, id="bool"),
        pytest.param("int2", -32768, id="int2"),
        pytest.param("int4", -(2**31), id="int4"),
        pytest.param("int8", -(2**63), id="int8"),
        pytest.param("float4", -3.4028235e38, id="float4"),
        pytest.param("float8", -2.2250738585072014e-308, id="float8"),
        pytest.param("float8", float("-inf"), id="infinity"),
        pytest.param("numeric", Decimal("-1E-300"), id="numeric"),
        pytest.param("numeric", Decimal("-Infinity"), id="infinite numeric"),
        pytest.param("text", '\x01"\\é日😀' * 3, id="text"),
        pytest.param("date", date(9999, 12, 31), id="date"),
        pytest.param("date", "4714-11-24 BC", id="date before Christ"),
        pytest.param("timestamptz", datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), id="timestamptz"),
        pytest.param("timestamptz", "294276-12-31 23:59:59.999999+00", id="late timestamptz"),
        pytest.param("time", time(23, 59, 59, 999999), id="time"),
        pytest.param("uuid", UUID(int=2**128 - 1), id="uuid"),
    ],
)
def test_a_row_is_no_heavier_than_its_weight(type_: str, value: Any) -> None:
    """Nor a NULL, nor several columns together, with the byte that parts the row from the next."""
    types = [read_type(type_, {}).type] * 3
    weigh = weigher(types)
    assert weigh is not None
    row = [value, None, value]
    assert len(encode_row(row, types).encode()) + 1 <= weigh(row)


@pytest.mark.parametrize("type_", ["jsonb", "text[]", "bytea", "int4range", "inet", "interval"])
def test_other_types_have_to_be_written(type_: str) -> None:
    """Their JSON may be of any length."""
    assert weigher([read_type("int4", {}).type, read_type(type_, {}).type]) is None
