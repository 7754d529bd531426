"""A lane beside the SDK for everyday calls on stdio.

The SDK carries a call through its models and a good dozen of tasks and streams, at three times the price of the call
itself. Once a client has shaken hands, a `tools/call` that asks for nothing but its result needs none of that: its
answer is the toolbox's text in a fixed envelope. Whatever else a frame may ask for goes the SDK's way.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pgmcp.entrypoints.mcp.calls import Exchange
from pgmcp.entrypoints.mcp.frames import Called, RequestId
from pgmcp.entrypoints.mcp.response import compact
from pgmcp.entrypoints.mcp.server import INTERNAL, REQUEST_CANCELLED, MCPServer
from pgmcp.entrypoints.mcp.toolbox import ToolAnswer

_LONE_MEMBERS = frozenset({"jsonrpc", "id", "method", "params"})
_LONE_PARAMS = frozenset({"name", "_meta"})
# What the caller says of itself with a call, and the SDK makes nothing of.
_TRACE = frozenset({"traceparent", "tracestate"})
# A session's versions, whose results have the same members; 2026-07-28 has no session, its calls say so each.
_VERSIONS = frozenset({"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"})

_log = logging.getLogger(__name__)


class Handshake:
    """What has been seen of a session's beginning."""

    def __init__(self) -> None:
        self._asked: RequestId | None = None
        self._agreed = False
        self._initialized = False

    @property
    def done(self) -> bool:
        """Whether the SDK serves calls now, in a version whose answers are known here."""
        return self._agreed and self._initialized

    def said(self, message: Mapping[str, Any]) -> None:
        """The client said something that is not a call."""
        if message.get("method") == "initialize":
            self._asked, self._agreed, self._initialized = message.get("id"), False, False
        elif message.get("method") == "notifications/initialized":
            self._initialized = self._agreed

    def answered(self, request: RequestId, result: Mapping[str, Any]) -> None:
        """The SDK gave a result."""
        if request == self._asked:
            self._asked, self._agreed = None, result.get("protocolVersion") in _VERSIONS


class FastLane:
    """Carries out calls of one session, each in a task of its own, and writes their answers.

    Args:
        server: Who answers.
        write: Takes an answer, a whole line.
        settled: Told of each request that needs no answer any more.
    """

    def __init__(
        self, server: MCPServer, write: Callable[[bytes], Awaitable[object]], settled: Callable[[RequestId], None]
    ) -> None:
        self.handshake = Handshake()
        self._server = server
        self._write = write
        self._settled = settled
        self._running: dict[RequestId, Exchange] = {}

    def takes(self, frame: Called) -> bool:
        """Whether a call asks for nothing that only the SDK knows."""
        message = frame.message
        params = message["params"]
        meta = params.get("_meta", {})
        return (
            self.handshake.done
            and bool(frame.tool)
            and message["id"] not in self._running
            and _LONE_MEMBERS.issuperset(message)
            and _LONE_PARAMS.issuperset(params)
            and isinstance(meta, dict)
            and _TRACE.issuperset(meta)
        )

    def start(self, frame: Called) -> None:
        """Carry out a call that the lane takes."""
        exchange = Exchange(arguments=frame.arguments)
        request = frame.message["id"]
        self._running[request] = exchange
        self._server.calls.follow(exchange, self._carry_out(request, frame, exchange))

    def cancel(self, request: object) -> bool:
        """Cancel a call at its caller's wish; it gets no answer. False where the lane has no such call."""
        exchange = self._running.pop(request, None) if isinstance(request, int | str) else None
        if exchange is not None:
            exchange.abandon()
        return exchange is not None

    async def end(self) -> None:
        """Cancel every call, because nobody is there to be answered, and wait until all have settled."""
        exchanges = list(self._running.values())
        self._running.clear()
        for exchange in exchanges:
            exchange.abandon()
        for exchange in exchanges:
            await exchange.settled(self._server.limits.shutdown_grace_s)

    async def _carry_out(self, request: RequestId, frame: Called, exchange: Exchange) -> ToolAnswer | None:
        answer = None
        try:
            controls = self._server.controls(frame.message["params"].get("_meta", {}))
            answer = await self._server.toolbox.call(frame.tool, frame.arguments, controls)
            line = _result(request, answer)
        except asyncio.CancelledError:
            line = _error(request, REQUEST_CANCELLED)
        except Exception as error:  # noqa: BLE001 -- its message may hold anything
            _log.error("a tool broke its promise and raised %s", type(error).__name__)
            line = _error(request, INTERNAL)
        if self._running.get(request) is exchange:
            del self._running[request]
            await self._write(line)
        self._settled(request)
        return answer


def _result(request: RequestId, answer: ToolAnswer) -> bytes:
    """A result as the SDK writes it in a session's versions."""
    is_error = b"true" if answer.is_error else b"false"
    return b'{"jsonrpc":"2.0","id":%b,"result":{"content":[{"type":"text","text":%b}],"isError":%b}}' % (
        compact(request),
        json.dumps(answer.text.decode(), ensure_ascii=False).encode(),
        is_error,
    )


def _error(request: RequestId, error: tuple[int, str]) -> bytes:
    code, message = error
    return compact({"jsonrpc": "2.0", "id": request, "error": {"code": code, "message": message}})
