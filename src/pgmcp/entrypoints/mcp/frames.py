"""Decide what a frame is: something for the SDK, a tool's call, or something that only pgmcp will answer."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from pgmcp.domain.aside import LONG_TEXT, uncollected
from pgmcp.entrypoints.mcp import faults
from pgmcp.entrypoints.mcp.envelope import Envelope, read_envelope
from pgmcp.entrypoints.mcp.faults import Fault

RequestId = int | str

_WHITE = b" \t\r\n"


@frozen(kw_only=True)
class Passed:
    """A well-formed message that is the SDK's to answer.

    Args:
        message: The message, decoded.
    """

    message: dict[str, Any] = field(repr=False)


@frozen(kw_only=True)
class Called:
    """A call of a tool, taken apart so that the SDK's parser never sees the arguments.

    Args:
        message: The message, decoded, without `params.arguments`.
        arguments: The text of the arguments as sent; `{}` where there were none.
        tool: The tool's name; empty when there is none, which the SDK then refuses.
    """

    message: dict[str, Any] = field(repr=False)
    arguments: bytes = field(repr=False)
    tool: str


@frozen(kw_only=True)
class Refused:
    """A frame that is answered here and goes no further.

    Args:
        id: The request's id; None where it can't be had.
        method: The request's method; None where it can't be had.
        fault: What is wrong.
    """

    id: RequestId | None
    method: str | None
    fault: Fault


@frozen
class Silent:
    """A frame that nobody may answer: a blank line, or a malformed notification."""


Frame = Passed | Called | Refused | Silent


def read_frame(raw: bytes) -> Frame:
    """Decide what a frame is.

    Args:
        raw: One line of stdio without its end, or the body of a POST; within the limit of size.

    Returns:
        What to do with it. Never raises.
    """
    if len(raw) > LONG_TEXT:
        with uncollected():
            return _read(raw)
    return _read(raw)


def _read(raw: bytes) -> Frame:
    if not raw.strip(_WHITE):
        return Silent()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _refuse(read_envelope(raw.decode(errors="surrogateescape")), faults.BROKEN_UTF8)
    envelope = read_envelope(text)
    return _judge(envelope) if envelope.fault is None else _refuse(envelope, envelope.fault)


def read_oversized(head: bytes, tail: bytes, max_bytes: int) -> Refused:
    """Refuse a frame that is too long to be read, in the name of the id that it begins or ends with.

    Args:
        head: Its first bytes.
        tail: Its last bytes.
        max_bytes: The limit that it broke.
    """
    envelope = read_envelope(head.decode(errors="surrogateescape"))
    envelope.salvage_id(tail.decode(errors="surrogateescape"))
    return _refuse(envelope, faults.too_large(max_bytes))


def _judge(envelope: Envelope) -> Frame:
    """Decide over a frame that is one JSON object."""
    message = envelope.members
    if "method" not in message and ("result" in message or "error" in message):
        return Passed(message=message)  # an answer to something; the SDK knows whether it asked
    if message.get("jsonrpc") != "2.0":
        return _refuse(envelope, faults.not_a_request('A request says "jsonrpc":"2.0".'))
    if not isinstance(message.get("method"), str):
        return _refuse(envelope, faults.not_a_request("A request names its method, a string."))
    if "id" in message and _usable_id(message["id"]) is None:
        return _refuse(envelope, faults.not_a_request("A request's id is a string or an integer."))
    params = message.get("params")
    if not (params is None or isinstance(params, dict)):
        if "id" not in message:
            return Silent()
        return _refuse(
            envelope, faults.not_a_request("A request's params are an object.", rpc_code=faults.INVALID_PARAMS)
        )
    if message["method"] != "tools/call" or "id" not in message or params is None:
        return Passed(message=message)
    tool = params.get("name")
    # Null is how some clients say that there are no arguments, and the protocol's schema lets them.
    given = params.pop("arguments", None) is not None
    return Called(
        message=message,
        arguments=(envelope.arguments or "").encode() if given else b"{}",
        tool=tool if isinstance(tool, str) else "",
    )


def _refuse(envelope: Envelope, fault: Fault) -> Refused:
    """Refuse in the name of whatever id and method were read."""
    method = envelope.members.get("method")
    return Refused(
        id=_usable_id(envelope.members.get("id")), method=method if isinstance(method, str) else None, fault=fault
    )


def _usable_id(value: object) -> RequestId | None:
    """The id, if it is one that an answer can carry back."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return None
    return value
