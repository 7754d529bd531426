"""A lane beside the SDK for everyday calls on stdio.

The SDK carries a call through its models and a good dozen of tasks and streams, at three times the price of the call
itself. Once a client has shaken hands, a `tools/call` that asks for nothing but its result needs none of that: its
answer is the toolbox's text in a fixed envelope. Whatever else a frame may ask for goes the SDK's way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pgmcp.domain.json import encode_text
from pgmcp.entrypoints.mcp.calls import Exchange
from pgmcp.entrypoints.mcp.frames import Called, RequestId
from pgmcp.entrypoints.mcp.handshake import Handshake
from pgmcp.entrypoints.mcp.response import compact
from pgmcp.entrypoints.mcp.server import INTERNAL, REQUEST_CANCELLED, MCPServer
from pgmcp.entrypoints.mcp.toolbox import ReportProgress, ToolAnswer

_LONE_MEMBERS = frozenset({"jsonrpc", "id", "method", "params"})
_LONE_PARAMS = frozenset({"name", "_meta"})
_TOKEN = "progressToken"  # noqa: S105 -- MCP's name for where progress goes, no secret
_TRACE = frozenset({"traceparent", "tracestate", "baggage"})
# A prefix with one of these labels is the protocol's own. MCP specification, "Overview", "_meta".
_RESERVED = frozenset({"modelcontextprotocol", "mcp"})

_log = logging.getLogger(__name__)


class FastLane:
    """Carries out calls of one session, each in a task of its own, and writes their answers.

    Args:
        server: Who answers.
        handshake: How the session began.
        write: Takes an answer, a whole line.
        settled: Told of each request that needs no answer any more.
    """

    def __init__(
        self,
        server: MCPServer,
        handshake: Handshake,
        write: Callable[[bytes], Awaitable[object]],
        settled: Callable[[RequestId], None],
    ) -> None:
        self._server = server
        self._handshake = handshake
        self._write = write
        self._settled = settled
        self._running: dict[RequestId, Exchange] = {}

    def takes(self, frame: Called) -> bool:
        """Whether a call asks for nothing that only the SDK knows."""
        message = frame.message
        params = message["params"]
        meta = params.get("_meta", {})
        return (
            self._handshake.done
            and bool(frame.tool)
            and message["id"] not in self._running
            and _LONE_MEMBERS.issuperset(message)
            and _LONE_PARAMS.issuperset(params)
            and isinstance(meta, dict)
            and all(_is_known(key, value) for key, value in meta.items())
        )

    def start(self, frame: Called) -> None:
        """Carry out a call that the lane takes."""
        exchange = Exchange(arguments=frame.arguments)
        request = frame.message["id"]
        self._running[request] = exchange
        self._server.calls.follow(exchange, self._carry_out(request, frame, exchange))

    def cancel(self, request: RequestId) -> bool:
        """Cancel a call at its caller's wish; it gets no answer. False where the lane has no such call."""
        exchange = self._running.pop(request, None)
        if exchange is None:
            return False
        exchange.abandon()
        self._settled(request)
        return True

    async def end(self) -> None:
        """Cancel every call, because nobody is there to be answered, and wait until all have settled."""
        exchanges = list(self._running.values())
        for request in list(self._running):
            self.cancel(request)
        for exchange in exchanges:
            await exchange.settled(self._server.limits.settle_s)

    async def _carry_out(self, request: RequestId, frame: Called, exchange: Exchange) -> ToolAnswer | None:
        answer = None
        try:
            meta = frame.message["params"].get("_meta", {})
            progress = self._progress(request, exchange, meta[_TOKEN]) if _TOKEN in meta else None
            controls = self._server.controls(meta, progress=progress)
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

    def _progress(self, request: RequestId, exchange: Exchange, token: RequestId) -> ReportProgress:
        """Where the progress of a call goes while it runs."""

        async def report(progress: float, total: float | None, message: str | None) -> None:
            if self._running.get(request) is exchange:
                told = {"progressToken": token, "progress": progress, "total": total, "message": message}
                params = {name: value for name, value in told.items() if value is not None}
                await self._write(compact({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}))

        return report


def _is_known(key: str, value: object) -> bool:
    """Whether a member of `_meta` is understood here, or is nobody's business but the client's."""
    if key == _TOKEN:
        return isinstance(value, int | str) and not isinstance(value, bool)
    prefix, slash, _ = key.partition("/")
    return key in _TRACE or (bool(slash) and _RESERVED.isdisjoint(prefix.split(".")))


def _result(request: RequestId, answer: ToolAnswer) -> bytes:
    """A result as the SDK writes it in a session's versions."""
    is_error = b"true" if answer.is_error else b"false"
    id_ = str(request) if isinstance(request, int) else encode_text(request)
    return b'{"jsonrpc":"2.0","id":%b,"result":{"content":[{"type":"text","text":%b}],"isError":%b}}' % (
        id_.encode(),
        encode_text(answer.text.decode()).encode(),
        is_error,
    )


def _error(request: RequestId, error: tuple[int, str]) -> bytes:
    code, message = error
    return compact({"jsonrpc": "2.0", "id": request, "error": {"code": code, "message": message}})
