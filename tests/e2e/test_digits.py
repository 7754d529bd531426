"""Numbers keep their digits through MCP, both ways."""

from __future__ import annotations

from itertools import count

import pytest

from tests.fixtures.served import Wire, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

_KEYS = count(1000)
LONG = "123456789012345678901234567890"
HUGE = "1" + "0" * 400  # PostgreSQL's own spelling of 1e400

# Numbers as they are sent, and as they come back from each column.
NUMBERS = [
    pytest.param("1.50", "1.50", "1.50", "1.50", id="trailing-zero"),
    pytest.param("1e400", f'"{HUGE}"', "1e400", HUGE, id="beyond-a-double"),
    pytest.param(LONG, f'"{LONG}"', LONG, LONG, id="30-digits"),
    pytest.param(f"-{LONG}.50", f'"-{LONG}.50"', f"-{LONG}.50", f"-{LONG}.50", id="30-digits-and-more"),
    pytest.param("0.10000000000000000555", '"0.10000000000000000555"', *["0.10000000000000000555"] * 2, id="fraction"),
    pytest.param("9007199254740993", '"9007199254740993"', *["9007199254740993"] * 2, id="2-to-the-53-plus-1"),
    pytest.param("-0.0", "0.0", "-0.0", "0.0", id="minus-zero"),  # numeric has no minus zero
]


@pytest.mark.parametrize("sent, numeric, json, jsonb", NUMBERS)
async def test_a_number_comes_back_with_every_digit(wire: Wire, sent: str, numeric: str, json: str, jsonb: str) -> None:
    """Written to a numeric, a json and a jsonb column, given back, read again, and found by its value."""
    key = next(_KEYS)
    data = f'{{"id":{key},"n":{sent},"j":{{"a":[{sent}]}},"b":[{sent},{{"c":{sent}}}]}}'
    row = f'[{numeric},{{"a":[{json}]}},[{jsonb}, {{"c": {jsonb}}}]]'
    made = await call(wire, "create_record", f'{{"table":"docs","data":{data},"returning":["n","j","b"]}}')
    assert made.text == f'{{"columns":["n","j","b"],"types":["numeric","json","jsonb"],"rows":[{row}],"count":1}}'
    filters = f'{{"id":{key},"n":{sent},"b":{{"jsonb_contains":[{sent}]}}}}'
    read = await call(wire, "read_table", f'{{"table":"docs","columns":["n","j","b"],"filters":{filters}}}')
    assert read.text == made.text
    query = '"query":"SELECT $1::numeric AS n, $2::json AS j, $3::jsonb AS b"'
    params = f'[{sent},{{"a":[{sent}]}},[{sent},{{"c":{sent}}}]]'
    asked = await call(wire, "execute_query", f'{{{query},"params":{params}}}')
    assert asked.text == made.text


@pytest.mark.parametrize("written", ["9223372036854775807", '"9223372036854775807"', "-9223372036854775808"])
async def test_an_int8_comes_back_with_every_digit(wire: Wire, written: str) -> None:
    """As a number or as a string of its digits, it is the same one; past 15 digits the answer has a string."""
    key = next(_KEYS)
    digits = written.strip('"')
    data = f'{{"id":{key},"i":{written}}}'
    made = await call(wire, "create_record", f'{{"table":"docs","data":{data},"returning":["i"]}}')
    assert made.text == f'{{"columns":["i"],"types":["int8"],"rows":[["{digits}"]],"count":1}}'
    found = await call(wire, "read_table", f'{{"table":"docs","columns":["i"],"filters":{{"id":{key},"i":{written}}}}}')
    assert found.text == made.text
