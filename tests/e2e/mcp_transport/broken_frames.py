"""Frames that no JSON-RPC server can pass on, each with its whole answer on stdio."""

import json
from typing import Any

import pytest

MAX_BYTES = 100_000
"""The limit that the servers of these tests are given."""

ONE_LINE = "Send one JSON-RPC object on one line."
A_REQUEST = 'Send one object: {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{…}}.'


def call(arguments: str, *, request: int = 7) -> bytes:
    """A `tools/call` with arguments as they are given."""
    return (
        f'{{"jsonrpc":"2.0","id":{request},"method":"tools/call","params":{{"name":"echo","arguments":{arguments}}}}}'
    ).encode()


def call_with_id_last(arguments: str) -> bytes:
    """The same in the order that the TypeScript SDK writes."""
    return (
        f'{{"method":"tools/call","params":{{"name":"echo","arguments":{arguments}}},"jsonrpc":"2.0","id":8}}'
    ).encode()


def rpc_error(code: int, message: str, request: Any = None) -> dict[str, Any]:
    """A JSON-RPC error."""
    return {"jsonrpc": "2.0", "id": request, "error": {"code": code, "message": message}}


def tool_error(code: str, message: str, hint: str, *, request: int = 7) -> dict[str, Any]:
    """A tool's typed error."""
    error = {"type": "validation_error", "code": code, "message": message, "hint": hint, "retry": "fix_input"}
    text = json.dumps({"error": error}, separators=(",", ":"), ensure_ascii=False)
    result = {"resultType": "complete", "content": [{"type": "text", "text": text}], "isError": True}
    return {"jsonrpc": "2.0", "id": request, "result": result}


SURROGATE = "A text of the request holds half of a surrogate pair."
SURROGATE_HINT = "Write a character beyond U+FFFF as itself, or as both of its escapes."
DIGITS = "An integer of the request has more than 4300 digits."
DIGITS_HINT = "Send a number of that size as a string."
DEEP = "The request is nested more than 200 levels deep."
DEEP_HINT = "Use fewer levels; conditions that all must hold can stand side by side."
LARGE = "The request is larger than 100000 bytes."
LARGE_HINT = "Send fewer records in one call, or raise max_request_bytes."
UTF8 = "The request is not UTF-8."
UTF8_HINT = "Encode the request as UTF-8."


def not_json(what: str, at: int | None) -> str:
    """The message about a frame that is not JSON."""
    where = "" if at is None else f" (character {at})"
    return f"The request is not JSON: {what}{where}."


def nested(levels: int) -> str:
    """Filters nested that many times."""
    return '{"and":[' * levels + "{}" + "]}" * levels


FRAMES = [
    pytest.param(b"{bad", rpc_error(-32700, not_json("a member's name in double quotes is missing", 2)), id="no-json"),
    pytest.param(b"hello", rpc_error(-32700, not_json("Expecting value", 1)), id="a-word"),
    pytest.param(
        b'{"jsonrpc":"2.0","id":7,"method":"ping"',
        rpc_error(-32700, not_json("a comma or a closing brace is missing", 40), 7),
        id="cut-off",
    ),
    pytest.param(
        b'{"jsonrpc":"2.0","id":7 "method":"ping"}',
        rpc_error(-32700, not_json("a comma or a closing brace is missing", 25), 7),
        id="no-comma",
    ),
    pytest.param(
        b'{"jsonrpc" "2.0","id":7,"method":"ping"}',
        rpc_error(-32700, not_json("a colon is missing", 12)),
        id="no-colon",
    ),
    pytest.param(
        b'{"jsonrpc":"2.0","id":7,"method":"ping"} {}',
        rpc_error(-32700, not_json("something follows the request", 42), 7),
        id="two-objects",
    ),
    pytest.param(
        b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"_meta":{"a":NaN}}}',
        rpc_error(-32700, not_json("NaN is no number of JSON's", None), 7),
        id="nan",
    ),
    pytest.param(b"\xef\xbb\xbf{}", rpc_error(-32700, not_json("Expecting value", 1)), id="byte-order-mark"),
    pytest.param(b'{"jsonrpc":"2.0","id":"\xff"}', rpc_error(-32700, UTF8), id="broken-utf8-id"),
    pytest.param(b'{"jsonrpc":"2.0","id":7,"method":"\xc3\x28"}', rpc_error(-32700, UTF8, 7), id="broken-utf8"),
    pytest.param(
        b'{"jsonrpc":"2.0","id":7,"method":"\\ud800"}', rpc_error(-32700, SURROGATE, 7), id="lone-surrogate-method"
    ),
    pytest.param(
        b'{"jsonrpc":"2.0","id":7,"method":"pi\x00ng"}',
        rpc_error(-32700, not_json("Invalid control character", 37), 7),
        id="nul",
    ),
    pytest.param(
        b'{"jsonrpc":"2.0","id":' + b"1" * 5000 + b',"method":"ping"}', rpc_error(-32700, DIGITS), id="5000-digit-id"
    ),
    pytest.param(b"[]", rpc_error(-32600, "Batches are not served."), id="empty-batch"),
    pytest.param(
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', rpc_error(-32600, "Batches are not served."), id="batch"
    ),
    pytest.param(b"[" * 100_000, rpc_error(-32600, DEEP), id="100000-brackets"),
    pytest.param(b'"ping"', rpc_error(-32600, "A request is an object."), id="a-string"),
    pytest.param(b"null", rpc_error(-32600, "A request is an object."), id="null"),
    pytest.param(b"12", rpc_error(-32600, "A request is an object."), id="a-number"),
    pytest.param(b"{}", rpc_error(-32600, 'A request says "jsonrpc":"2.0".'), id="empty-object"),
    pytest.param(b'{"id":7,"method":"ping"}', rpc_error(-32600, 'A request says "jsonrpc":"2.0".', 7), id="no-version"),
    pytest.param(
        b'{"jsonrpc":"1.0","id":7,"method":"ping"}',
        rpc_error(-32600, 'A request says "jsonrpc":"2.0".', 7),
        id="old-version",
    ),
    pytest.param(
        b'{"jsonrpc":"2.0","id":7}', rpc_error(-32600, "A request names its method, a string.", 7), id="no-method"
    ),
    pytest.param(
        b'{"jsonrpc":"2.0","id":7,"method":5}',
        rpc_error(-32600, "A request names its method, a string.", 7),
        id="method-5",
    ),
    *[
        pytest.param(
            f'{{"jsonrpc":"2.0","id":{written},"method":"ping"}}'.encode(),
            rpc_error(-32600, "A request's id is a string or an integer."),
            id=f"id-{name}",
        )
        for name, written in [("null", "null"), ("float", "1.5"), ("true", "true"), ("list", "[1]"), ("object", "{}")]
    ],
    pytest.param(
        b'{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}',
        rpc_error(-32602, "A request's params are an object.", 7),
        id="params-list",
    ),
    pytest.param(
        call('{"a":}'), tool_error("malformed_json", not_json("Expecting value", 88), ONE_LINE), id="call-malformed"
    ),
    pytest.param(
        call_with_id_last('{"a":}'),
        tool_error("malformed_json", not_json("Expecting value", 65), ONE_LINE, request=8),
        id="call-malformed-id-last",
    ),
    pytest.param(
        call('{"a":"').replace(b"}", b""),
        tool_error("malformed_json", not_json("Unterminated string starting", 88), ONE_LINE),
        id="call-unterminated",
    ),
    pytest.param(call('{"a":"\\ud800"}'), tool_error("invalid_text", SURROGATE, SURROGATE_HINT), id="call-surrogate"),
    pytest.param(
        call('{"\\udC00\\ud800":1}'), tool_error("invalid_text", SURROGATE, SURROGATE_HINT), id="call-pair-turned-round"
    ),
    pytest.param(
        call('{"a":"@"}').replace(b"@", b"\xed\xa0\x80"),
        tool_error("malformed_json", UTF8, UTF8_HINT),
        id="call-surrogate-in-utf8",
    ),
    pytest.param(
        call('{"a":"@"}').replace(b"@", b"\xff\xfe"),
        tool_error("malformed_json", UTF8, UTF8_HINT),
        id="call-broken-utf8",
    ),
    pytest.param(
        call('{"a":"\x00"}'),
        tool_error("malformed_json", not_json("Invalid control character", 89), ONE_LINE),
        id="call-nul",
    ),
    pytest.param(
        call('{"a":' + "9" * 5000 + "}"), tool_error("out_of_range", DIGITS, DIGITS_HINT), id="call-5000-digits"
    ),
    pytest.param(call(nested(100)), tool_error("out_of_range", DEEP, DEEP_HINT), id="call-202-levels"),
    pytest.param(call(nested(6000)), tool_error("out_of_range", DEEP, DEEP_HINT), id="call-12000-levels"),
    pytest.param(
        call_with_id_last(nested(6000)),
        tool_error("out_of_range", DEEP, DEEP_HINT, request=8),
        id="call-12000-levels-id-last",
    ),
]

OVERSIZED = [
    pytest.param(call('"' + "x" * MAX_BYTES * 3 + '"'), tool_error("request_too_large", LARGE, LARGE_HINT), id="call"),
    pytest.param(
        call_with_id_last('"' + "x" * MAX_BYTES * 3 + '"'),
        tool_error("request_too_large", LARGE, LARGE_HINT, request=8),
        id="call-id-last",
    ),
    pytest.param(b"x" * (MAX_BYTES + 1), rpc_error(-32600, LARGE), id="one-byte-too-many"),
    pytest.param(
        b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"' + b"x" * MAX_BYTES + b'"}}',
        rpc_error(-32600, LARGE, 7),
        id="ping",
    ),
]
