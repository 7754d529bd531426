"""Frames that no tool ever sees: each is answered, none hangs or ends the server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.served import HttpWire, Wire, answer_of, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAX_BYTES = 4 * 2**20
ONE_LINE = "Send one JSON-RPC object on one line."


def error(code: str, message: str, hint: str) -> dict[str, Any]:
    """The error of a request that is no request."""
    return {"type": "validation_error", "code": code, "message": message, "hint": hint, "retry": "fix_input"}


def read_of(filters: str) -> str:
    """Arguments of a read."""
    return f'{{"table":"docs","filters":{filters}}}'


SURROGATE = error(
    "invalid_text",
    "A text of the request holds half of a surrogate pair.",
    "Write a character beyond U+FFFF as itself, or as both of its escapes.",
)
UTF8 = error("malformed_json", "The request is not UTF-8.", "Encode the request as UTF-8.")
DIGITS = error(
    "out_of_range",
    "An integer of the request has more than 4300 digits.",
    "Send a number of that size as a string.",
)
DEEP = error(
    "out_of_range",
    "The request is nested more than 200 levels deep.",
    "Use fewer levels; conditions that all must hold can stand side by side.",
)


@pytest.mark.parametrize(
    "arguments, expected",
    [
        pytest.param(read_of('{"t":"\\ud800"}'), SURROGATE, id="lone-surrogate"),
        pytest.param(read_of('{"\\udc00":1}'), SURROGATE, id="lone-surrogate-in-a-key"),
        pytest.param(read_of('{"t":"\udcff"}'), UTF8, id="broken-utf8"),
        pytest.param(read_of('{"t":"\udced\udca0\udc80"}'), UTF8, id="surrogate-in-utf8"),
        pytest.param(read_of('{"n":' + "9" * 5000 + "}"), DIGITS, id="5000-digits"),
        pytest.param(read_of('{"and":[' * 10_000 + "{}" + "]}" * 10_000), DEEP, id="10000-nested-and"),
    ],
)
async def test_a_call_that_can_t_be_read_has_its_answer(wire: Wire, arguments: str, expected: dict[str, Any]) -> None:
    """The caller hears what is wrong, under the id of its call, and the next call is served."""
    # Half surrogates from DC80 on stand for the bytes that are no UTF-8.
    frame = wire.frame("read_table", "@").replace(b"@", arguments.encode("utf-8", "surrogateescape"))
    message = await wire.ask(frame, "read_table")
    assert (message["id"], answer_of(message).error) == (1, expected)
    assert (await call(wire, "read_table", {"table": "team"})).document["count"] == 2


@pytest.mark.parametrize(
    "arguments, what",
    [
        pytest.param('{"table":}', "Expecting value", id="no-value"),
        pytest.param('{"table":"docs"', "a comma or a closing brace is missing", id="cut-off"),
        pytest.param('{"table":"a\x00b"}', "Invalid control character", id="bare-nul"),
        pytest.param('{"table" "docs"}', "Expecting ':' delimiter", id="no-colon"),
        pytest.param('{"limit":NaN}', "NaN is no number of JSON's", id="nan"),
    ],
)
async def test_malformed_json_has_its_answer(wire: Wire, arguments: str, what: str) -> None:
    """The message says what is missing, and where if that is known."""
    message = await wire.ask(wire.frame("read_table", arguments), "read_table")
    found = answer_of(message).error
    said = found.pop("message")
    assert (message["id"], found | {"message": ""}) == (1, error("malformed_json", "", ONE_LINE))
    assert said.startswith(f"The request is not JSON: {what}")
    assert (await call(wire, "read_table", {"table": "team"})).document["count"] == 2


async def test_a_broken_line_has_its_answer(wire: Wire) -> None:
    """What has no id is answered without one, in JSON-RPC's own words."""
    assert await wire.ask(b"{bad") == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {
            "code": -32700,
            "message": "The request is not JSON: a member's name in double quotes is missing (character 2).",
        },
    }


async def test_an_oversized_request_has_its_answer(wire: Wire) -> None:
    """More than `max_request_bytes` is never held: on stdio the answer has the call's id, over HTTP it is a 413."""
    frame = wire.frame("create_record", f'{{"table":"docs","data":{{"id":1,"t":"{"x" * MAX_BYTES}"}}}}')
    message = await wire.ask(frame, "create_record")
    what = f"The request is larger than {MAX_BYTES} bytes."
    if isinstance(wire, HttpWire):
        assert message == {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": what}}
    else:
        hint = "Send fewer records in one call, or raise max_request_bytes."
        assert (message["id"], answer_of(message).error) == (1, error("request_too_large", what, hint))
    assert (await call(wire, "read_table", {"table": "docs", "filters": {"id": 1}})).document["count"] == 0
