"""The gate before the SDK's HTTP app: it owns the raw body, and knows what it means that a client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pgmcp.domain.aside import text_aside
from pgmcp.entrypoints.mcp import faults
from pgmcp.entrypoints.mcp.body import Gone, TooLarge, read_body, replay
from pgmcp.entrypoints.mcp.calls import Exchange
from pgmcp.entrypoints.mcp.frames import Called, Passed, Refused, read_frame
from pgmcp.entrypoints.mcp.identity.door import Door, principal_of
from pgmcp.entrypoints.mcp.in_flight import InFlight, key_of
from pgmcp.entrypoints.mcp.response import compact, refusal
from pgmcp.entrypoints.mcp.server import EXCHANGE, MCPServer

PATH = "/mcp"

_JSON = "application/json"


class FrameGate:
    """An ASGI app around the SDK's.

    It refuses foreign Host and Origin headers, and whoever has no token, before it reads anything; it answers broken
    frames, takes the arguments of a `tools/call` out of the SDK's way, and keeps a write running when its client
    leaves.

    Args:
        app: The SDK's app.
        server: Who answers.
        security: The Host and Origin headers that are served.
        door: Who may come in; None lets in everyone, in the server's own principal's name.
        sessions: Whether clients of the older protocols have sessions.

    Attributes:
        security: The same, for whatever is served beside it.
    """

    def __init__(
        self,
        app: ASGIApp,
        server: MCPServer,
        security: TransportSecuritySettings,
        door: Door | None = None,
        *,
        sessions: bool = True,
    ) -> None:
        self._app = app
        self._inside: ASGIApp = self._serve if door is None else door.before(self._serve)
        self._server = server
        self.security = security
        self._security = TransportSecurityMiddleware(security)
        self._closing = asyncio.Event()
        self._posts = 0
        self._sessions = sessions
        self._in_flight = InFlight()
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_post = scope["method"] == "POST"
        refused = await self._security.validate_request(Request(scope), is_post=is_post)
        if refused is not None:
            await refused(scope, receive, send)
        else:
            await self._inside(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that was let in."""
        if scope["method"] == "POST" and scope["path"] == PATH:
            self._posts += 1
            self._idle.clear()
            try:
                await self._post(scope, receive, send)
            finally:
                self._posts -= 1
                if not self._posts:
                    self._idle.set()
        else:
            await self._stream(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what may stay open for ever; when the server closes, it ends as an answer ends."""
        is_open = False

        async def sent(message: Message) -> None:
            nonlocal is_open
            is_open = message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

        await self._app(scope, self._until_closing(receive), sent)
        if is_open and self._closing.is_set():
            # The SDK takes it for a client that has left, which needs no end.
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def close(self) -> None:
        """Take nothing new; give running calls their grace, cancel what is left, end the idle streams."""
        self._closing.set()
        await self._server.toolbox.stopping()
        try:
            async with asyncio.timeout(self._server.limits.shutdown_grace_s):
                await self._idle.wait()
        except TimeoutError:
            await self._server.calls.cancel_all()

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one message."""
        if self._closing.is_set():
            await Response("The server is stopping.", status_code=503)(scope, receive, send)
            return
        limit = self._server.limits.max_request_bytes
        body = await read_body(receive, limit)
        if isinstance(body, Gone):
            return
        if isinstance(body, TooLarge):
            fault = Refused(id=None, method=None, fault=faults.too_large(limit))
            await _json(refusal(fault), 413)(scope, receive, send)
            return
        frame = await text_aside(body, read_frame)
        if isinstance(frame, Called):
            is_read = await text_aside(frame.arguments, partial(self._server.toolbox.is_read, frame.tool))
            exchange = Exchange(arguments=frame.arguments, detached=True)
            scope[EXCHANGE] = exchange
            staying = _staying(exchange, receive, is_read=is_read)
            await self._hand_on(frame.message, exchange, scope, replay(compact(frame.message), staying), send)
        elif isinstance(frame, Refused):
            answer = refusal(frame)
            await _json(answer, 200 if "result" in answer else 400)(scope, receive, send)
        elif isinstance(frame, Passed):
            await self._hand_on(frame.message, None, scope, replay(body, receive), send)
        else:
            await self._app(scope, replay(body, receive), send)

    async def _hand_on(
        self, message: Mapping[str, Any], exchange: Exchange | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Hand a message to the SDK, unless its id is that of a request of its session which is being answered."""
        key = key_of(message, Request(scope), principal_of(scope, self._server.principal)) if self._sessions else None
        if key is None:
            await self._app(scope, receive, send)
            return
        async with self._in_flight.entered(key, exchange) as entered:
            if entered:
                await self._app(scope, receive, send)
                return
        refused = Refused(id=message["id"], method=None, fault=faults.ID_IN_USE)
        await _json(refusal(refused), 400)(scope, receive, send)

    def _until_closing(self, receive: Receive) -> Receive:
        """A `receive` that also ends when the server closes, for streams that would stay open for ever."""

        async def received() -> Message:
            message = asyncio.ensure_future(receive())
            closing = asyncio.ensure_future(self._closing.wait())
            try:
                await asyncio.wait({message, closing}, return_when=asyncio.FIRST_COMPLETED)
                return message.result() if message.done() else {"type": "http.disconnect"}
            finally:
                message.cancel()
                closing.cancel()

        return received


def _staying(exchange: Exchange, receive: Receive, *, is_read: bool) -> Receive:
    """A `receive` that never tells of a client's leaving: a read is cancelled by it, a write runs to its end.

    Either is answered soon, to nobody. Until then its request is there, so that its id is no other's.
    """

    async def received() -> Message:
        message = await receive()
        if message["type"] != "http.disconnect":
            return message
        if is_read:
            exchange.abandon()
        await asyncio.Event().wait()  # whoever answers stops listening
        return message

    return received


def _json(document: dict[str, Any], status: int) -> Response:
    """A response of one JSON document."""
    return Response(compact(document), status_code=status, media_type=_JSON)
