"""Read a request's body, never more of it than the limit allows."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from starlette.types import Message, Receive

_DRAIN_FACTOR = 8


@frozen
class TooLarge:
    """The body is longer than the limit."""


@frozen
class Gone:
    """The client left before its body was complete."""


async def read_body(receive: Receive, max_bytes: int) -> bytes | TooLarge | Gone:
    """Read a body to its end.

    A body that is too long is read on without being kept, so that its sender can finish and read the answer; at
    eight times the limit even that ends.

    Args:
        receive: Where the body comes from.
        max_bytes: The longest body that is kept.

    Returns:
        The body, or why there is none.
    """
    kept = bytearray()
    seen = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return Gone()
        part: bytes = message.get("body", b"")
        seen += len(part)
        if seen <= max_bytes:
            kept += part
        if not message.get("more_body", False) or seen > max_bytes * _DRAIN_FACTOR:
            return bytes(kept) if seen <= max_bytes else TooLarge()


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body once and is then the original one.

    Args:
        body: The body to give.
        receive: What follows it.
    """
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Any:
        return first.pop() if first else await receive()

    return replayed
