"""Messages from a fixed seed: valid ones, odd ones, and ones that were damaged on the way."""

import json
import random
from collections.abc import Iterator
from typing import Any

MODERN = "2026-07-28"

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}

_WORDS = ("a", "b", "é", "😀", "", "arguments", "\\", '"', "x" * 50, "\u2028")
_ATOMS = (
    "1.50",
    "1e400",
    "123456789012345678901234567890",
    "-0",
    "1E5",
    "0",
    "-17",
    "true",
    "false",
    "null",
    '"\\u00e9"',
)
_ODD_VALUES = ("null", "1.5", "true", "[]", "[1]", "{}", '"x"', "-1", '""', "1e400", "NaN", '"\\ud800"', '"\\u0000"')
_METHODS = ("ping", "tools/list", "resources/list", "prompts/get", "server/discover", "nope", "logging/setLevel", "")
_NOTIFICATIONS = ("notifications/cancelled", "notifications/progress", "notifications/nope", "tools/call", "ping")
_SPOTS = ("\x00", "\xff", "{", "}", "[", "]", '"', ",", ":", "\\", " ", "\t", "\ufeff", "\ud800", "1")


def traffic(version: str, count: int) -> Iterator[bytes]:
    """Messages of one client.

    Args:
        version: The protocol version that it speaks.
        count: How many.
    """
    source = random.Random(f"pgmcp {version}")
    for number in range(count):
        text = _message(source, version, number)
        kind = source.random()
        if kind < 0.25:
            text = _damaged(source, text)
        yield text.encode("utf-8", "surrogatepass").replace(b"\n", b" ")


def _message(source: random.Random, version: str, number: int) -> str:
    """One message, perhaps with odd members, none of them damaged."""
    members = {"jsonrpc": '"2.0"', "id": source.choice((str(number + 1), f'"{number + 1}"'))}
    params: dict[str, str] = {}
    if version == MODERN and source.random() < 0.95:
        params["_meta"] = json.dumps(ENVELOPE)
    match source.randrange(10):
        case 0 | 1 | 2:
            members["method"] = json.dumps(source.choice(_METHODS))
        case 3:
            del members["id"]
            members["method"] = json.dumps(source.choice(_NOTIFICATIONS))
        case _:
            members["method"] = '"tools/call"'
            params["name"] = json.dumps(source.choice(("echo", "echo", "echo", "fail", "nope")))
            if source.random() < 0.9:
                params["arguments"] = _value(source, 3) if source.random() < 0.2 else _object(source, 4)
    if params or source.random() < 0.5:
        members["params"] = _written(source, params)
    if source.random() < 0.15:
        members[source.choice(("jsonrpc", "id", "method", "params", "result", "error"))] = source.choice(_ODD_VALUES)
    if source.random() < 0.05:
        members.pop(source.choice(list(members)), None)
    return _written(source, members)


def _written(source: random.Random, members: dict[str, str]) -> str:
    """An object, its members in any order, now and then with white space or a member twice."""
    pairs = list(members.items())
    if source.random() < 0.3:
        source.shuffle(pairs)
    if pairs and source.random() < 0.05:
        pairs.append(source.choice(pairs))
    space = source.choice(("", "", " ", "\t "))
    return "{" + ",".join(f"{space}{json.dumps(name)}{space}:{space}{value}" for name, value in pairs) + space + "}"


def _object(source: random.Random, depth: int) -> str:
    """A JSON object as text."""
    return _written(source, {source.choice(_WORDS): _value(source, depth - 1) for _ in range(source.randrange(4))})


def _value(source: random.Random, depth: int) -> str:
    """Any JSON value as text, seldom an extreme one."""
    kind = source.random()
    if kind < 0.01:
        return source.choice(("9" * 4300, "9" * 5000, "[" * 150 + "]" * 150, "[" * 300 + "]" * 300, "NaN", "-Infinity"))
    if depth > 0 and kind < 0.3:
        return _object(source, depth)
    if depth > 0 and kind < 0.5:
        return "[" + ",".join(_value(source, depth - 1) for _ in range(source.randrange(4))) + "]"
    if kind < 0.7:
        return json.dumps(source.choice(_WORDS), ensure_ascii=source.random() < 0.5)
    return source.choice(_ATOMS)


def _damaged(source: random.Random, text: str) -> str:
    """A text with something cut out, put in or repeated."""
    at = source.randrange(len(text) + 1)
    match source.randrange(4):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + source.choice(_SPOTS) + text[at:]
        case 2:
            return text[: max(at - 1, 0)] + text[at:]
        case _:
            return source.choice((f"[{text}]", text + text, "", f'"{at}"', str(at), text + " ,"))


def decoded(text: str) -> Any:
    """A message as the standard library reads it, for headers that repeat a part of it; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
