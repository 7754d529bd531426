"""The requests of sessions that are being answered, by their ids: one id is one request's at a time.

The SDK gives the answers of two requests with one id to the later one, and leaves the other waiting for ever. MCP
specification, "Overview", "Requests": an id must not have been used before in the same session.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from attrs import field, frozen
from starlette.requests import Request

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.calls import Exchange
from pgmcp.entrypoints.mcp.handshake import VERSIONS

_SESSION_HEADER = "mcp-session-id"
_VERSION_HEADER = "mcp-protocol-version"


@frozen
class RequestKey:
    """What tells a request of a session from all others.

    Args:
        principal: Who asks; another's session is as good as none.
        session: The session.
        id: The request's id, as a text: to the SDK 1 and "1" are the same.
    """

    principal: str
    session: str
    id: str


def key_of(message: Mapping[str, Any], request: Request, principal: Principal) -> RequestKey | None:
    """The key of a request; None where it belongs to no session, or wants no answer.

    Args:
        message: What the client sent.
        request: What it came by.
        principal: Who sent it.
    """
    session, version = request.headers.get(_SESSION_HEADER), request.headers.get(_VERSION_HEADER)
    is_request = "method" in message and "id" in message
    if session is None or not is_request or not (version is None or version in VERSIONS):
        return None
    return RequestKey(principal.name, session, str(message["id"]))


@frozen(eq=False)
class _Entry:
    exchange: Exchange | None
    ended: asyncio.Event = field(factory=asyncio.Event)


class InFlight:
    """The requests that are being answered."""

    def __init__(self) -> None:
        self._entries: dict[RequestKey, _Entry] = {}

    @asynccontextmanager
    async def entered(self, key: RequestKey, exchange: Exchange | None) -> AsyncIterator[bool]:
        """Enter a request, and take it out again at the end.

        Args:
            key: The request's.
            exchange: The call that it is, if it is one.

        Returns:
            False where another with its key is being answered. One that nobody waits for any more ends soon, and is
            waited for: who was cut off may ask again.
        """
        while (before := self._entries.get(key)) is not None:
            if before.exchange is None or not before.exchange.abandoned:
                yield False
                return
            await before.ended.wait()
        entry = self._entries[key] = _Entry(exchange)
        try:
            yield True
        finally:
            del self._entries[key]
            entry.ended.set()
