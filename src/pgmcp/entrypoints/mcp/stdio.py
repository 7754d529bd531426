"""MCP over stdin and stdout: one JSON-RPC message a line (MCP specification, "Transports", "stdio")."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import JSONRPCError, JSONRPCRequest, JSONRPCResponse, jsonrpc_message_adapter
from pydantic import ValidationError

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.calls import Exchange
from pgmcp.entrypoints.mcp.descriptors import claimed_standard_streams, write_all
from pgmcp.entrypoints.mcp.frames import Called, Frame, Passed, Refused, RequestId, read_frame, read_oversized
from pgmcp.entrypoints.mcp.lane import FastLane
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.lines import LineReader, Oversized
from pgmcp.entrypoints.mcp.response import compact, refusal
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.stopping import stop_on_signals
from pgmcp.entrypoints.mcp.toolbox import Toolbox

_LAST_WORDS_S = 1.0
_CANCELLED = "notifications/cancelled"

_Outgoing = SessionMessage | bytes


class LineSource(Protocol):
    """Where lines come from."""

    async def read(self) -> bytes | Oversized | None:
        """The next line without its end; None after the last."""
        ...


class StdioSession:
    """One client on a pair of pipes, from its first line to its last.

    Args:
        server: Who answers.
        lines: What the client sends.
        write: Takes what the client gets: whole lines, one call at a time.
    """

    def __init__(self, server: MCPServer, lines: LineSource, write: Callable[[bytes], Awaitable[None]]) -> None:
        self._server = server
        self._lines = lines
        self._write = write
        self._writing = asyncio.Lock()
        self._lane = FastLane(server, self._put, self._settle)
        self._reading = anyio.CancelScope()
        self._unanswered: set[RequestId] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until the client closes its side or leaves, or until told to stop.

        Args:
            stop: Once set no further frame is read; running calls have their grace, then they are cancelled.
        """
        into, sdk_reads = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        sdk_writes, out = anyio.create_memory_object_stream[_Outgoing](0)
        written = asyncio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write_out, out, written)
            tasks.start_soon(self._read_in, into, sdk_writes.clone(), stop)
            sdk = self._server.sdk
            await sdk.run(sdk_reads, sdk_writes, sdk.create_initialization_options())
            with anyio.move_on_after(_LAST_WORDS_S):
                await written.wait()
            tasks.cancel_scope.cancel()

    async def _read_in(
        self,
        into: MemoryObjectSendStream[SessionMessage | Exception],
        answers: MemoryObjectSendStream[_Outgoing],
        stop: asyncio.Event,
    ) -> None:
        """Read frames until there are no more, the client is gone or the server is to stop."""
        async with into, answers:
            async with anyio.create_task_group() as watch:
                watch.start_soon(self._stop_reading, stop)
                with self._reading:
                    while (line := await self._lines.read()) is not None:
                        await self._take(self._decide(line), into, answers)
                watch.cancel_scope.cancel()
            if stop.is_set():
                await self._let_finish()
            else:
                await self._lane.end()

    async def _stop_reading(self, stop: asyncio.Event) -> None:
        """Read nothing more once the server is to stop."""
        await stop.wait()
        self._reading.cancel()

    def _decide(self, line: bytes | Oversized) -> Frame:
        """What a line is."""
        if isinstance(line, Oversized):
            return read_oversized(line.head, line.tail, self._server.limits.max_request_bytes)
        return read_frame(line)

    async def _take(
        self,
        frame: Frame,
        into: MemoryObjectSendStream[SessionMessage | Exception],
        answers: MemoryObjectSendStream[_Outgoing],
    ) -> None:
        """Answer a frame, or hand it to the SDK."""
        if isinstance(frame, Refused):
            await answers.send(compact(refusal(frame)))
        elif isinstance(frame, Called) and self._lane.takes(frame):
            self._expect_answer(frame.message["id"])
            self._lane.start(frame)
        elif isinstance(frame, Called):
            exchange = Exchange(arguments=frame.arguments)
            message = jsonrpc_message_adapter.validate_python(frame.message, by_name=False)
            self._expect_answer(frame.message["id"])
            await into.send(SessionMessage(message, ServerMessageMetadata(request_context=exchange)))
        elif isinstance(frame, Passed) and not self._is_for_the_lane(frame.message):
            self._lane.handshake.said(frame.message)
            with suppress(ValidationError):  # a malformed answer to what was never asked
                message = jsonrpc_message_adapter.validate_python(frame.message, by_name=False)
                if isinstance(message, JSONRPCRequest):
                    self._expect_answer(message.id)
                elif frame.message.get("method") == _CANCELLED:
                    self._settle(_request_of(frame.message))
                await into.send(SessionMessage(message))

    async def _write_out(self, out: MemoryObjectReceiveStream[_Outgoing], written: asyncio.Event) -> None:
        """Write what the SDK and the frame layer answer, until neither has more to say."""
        async with out:
            async for item in out:
                if not await self._put(_encoded(item)):
                    break
                if isinstance(item, SessionMessage) and isinstance(item.message, JSONRPCResponse):
                    self._lane.handshake.answered(item.message.id, item.message.result)
                if isinstance(item, SessionMessage) and isinstance(item.message, JSONRPCResponse | JSONRPCError):
                    self._settle(item.message.id)
        written.set()

    async def _put(self, answer: bytes) -> bool:
        """Write one answer, no other in between; False when the client is gone."""
        try:
            async with self._writing:
                await self._write(answer + b"\n")
        except OSError:
            self._reading.cancel()  # nobody reads the answers
            return False
        return True

    def _is_for_the_lane(self, message: Mapping[str, Any]) -> bool:
        """Whether a message cancelled a call of the lane's."""
        return message.get("method") == _CANCELLED and self._lane.cancel(_request_of(message))

    def _expect_answer(self, request: RequestId) -> None:
        """Remember that a request is still to be answered."""
        self._unanswered.add(request)
        self._idle.clear()

    def _settle(self, request: object) -> None:
        """Forget a request: it was answered, or its caller cancelled it and gets no answer."""
        if isinstance(request, int | str):
            self._unanswered.discard(request)
        if not self._unanswered:
            self._idle.set()

    async def _let_finish(self) -> None:
        """Give running calls their grace, then cancel what is left, and let its answers out."""
        await self._server.toolbox.stopping()
        with anyio.move_on_after(self._server.limits.shutdown_grace_s):
            await self._idle.wait()
        await self._server.calls.cancel_all()
        with anyio.move_on_after(_LAST_WORDS_S):
            await self._idle.wait()


async def serve_stdio(toolbox: Toolbox, limits: ServeLimits, *, principal: Principal) -> None:
    """Serve one client over the process's stdin and stdout, until it leaves or a signal ends the server.

    While it serves, nothing else reaches the real stdout: what prints there goes to stderr.

    Args:
        toolbox: Who answers the tools.
        limits: The bounds of serving.
        principal: In whose name the client calls.
    """
    with claimed_standard_streams() as (source, sink), stop_on_signals() as stop:
        lines = LineReader(source, limits.max_request_bytes)
        session = StdioSession(MCPServer(toolbox, limits, principal), lines, partial(write_all, sink))
        await session.serve(stop)


def _request_of(message: Mapping[str, Any]) -> object:
    """The request that a cancellation is about."""
    return (message.get("params") or {}).get("requestId")


def _encoded(item: _Outgoing) -> bytes:
    """A message as JSON."""
    if isinstance(item, bytes):
        return item
    return item.message.model_dump_json(by_alias=True, exclude_unset=True).encode()
