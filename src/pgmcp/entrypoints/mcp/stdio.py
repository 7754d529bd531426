"""MCP over stdin and stdout: one JSON-RPC message a line (MCP specification, "Transports", "stdio")."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pgmcp.domain.aside import text_aside
from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.calls import Exchange
from pgmcp.entrypoints.mcp.descriptors import claimed_standard_streams
from pgmcp.entrypoints.mcp.faults import ID_IN_USE
from pgmcp.entrypoints.mcp.frames import Called, Frame, Passed, Refused, RequestId, Silent, read_frame, read_oversized
from pgmcp.entrypoints.mcp.handshake import Handshake
from pgmcp.entrypoints.mcp.lane import FastLane
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.lines import LineReader, Oversized
from pgmcp.entrypoints.mcp.reception import Reception
from pgmcp.entrypoints.mcp.response import compact, refusal
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.stopping import stop_on_signals
from pgmcp.entrypoints.mcp.toolbox import Toolbox

if TYPE_CHECKING:
    from pgmcp.entrypoints.mcp.sdk_session import SdkSession

_LAST_WORDS_S = 1.0
_CANCELLED = "notifications/cancelled"


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
        self._handshake = Handshake()
        self._reception = Reception(server.toolbox, server.principal, self._handshake)
        self._lane = FastLane(server, self._handshake, self._put, self._settle)
        self._sdk: SdkSession | None = None
        self._gone = asyncio.Event()
        self._unanswered: set[RequestId] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until the client closes its side or leaves, or until told to stop.

        Args:
            stop: Once set no further frame is read; running calls have their grace, then they are cancelled.

        Raises:
            OSError: Nothing can be read from the client.
        """
        reading = asyncio.create_task(self._read_in())
        ends = [asyncio.create_task(stop.wait()), asyncio.create_task(self._gone.wait())]
        try:
            await asyncio.wait({reading, *ends}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (reading, *ends):
                each.cancel()
            await asyncio.wait({reading, *ends})
        if stop.is_set():
            await self._let_finish()
        else:
            await self._lane.end()
        if self._sdk is not None:
            await self._sdk.end()
        if not reading.cancelled():
            reading.result()

    async def _read_in(self) -> None:
        """Read frames until there are no more."""
        while (line := await self._lines.read()) is not None:
            if isinstance(line, Oversized):
                frame: Frame = read_oversized(line.head, line.tail, self._server.limits.max_request_bytes)
            else:
                frame = await text_aside(line, read_frame)
            await self._take(frame)

    async def _take(self, frame: Frame) -> None:
        """Answer a frame, or hand it to the SDK."""
        match frame:
            case Called(message=message) | Passed(message=message) if self._is_running(message):
                # With its id the answer would be taken for that of the request which runs.
                await self._put(compact(refusal(Refused(id=None, method=None, fault=ID_IN_USE))))
            case Called():
                self._expect_answer(frame.message["id"])
                if self._lane.takes(frame):
                    self._lane.start(frame)
                else:
                    sdk = await self._behind()
                    await sdk.call(frame.message, Exchange(arguments=frame.arguments))
            case Passed(message=message) if "id" in message and "method" in message:
                await self._answer(message)
            case Passed(message=message):
                await self._hear(message)
            case Refused():
                await self._put(compact(refusal(frame)))
            case Silent():
                pass

    def _is_running(self, message: Mapping[str, Any]) -> bool:
        """Whether a message asks by the id of a request that is still to be answered."""
        return "method" in message and message.get("id") in self._unanswered

    async def _answer(self, message: Mapping[str, Any]) -> None:
        """Answer a request that calls no tool."""
        result = self._reception.result_of(message, alone=self._sdk is None)
        if result is not None:
            await self._put(compact({"jsonrpc": "2.0", "id": message["id"], "result": result}))
            return
        sdk = await self._behind()
        self._handshake.said(message)
        await sdk.take(message, self._expect_answer)

    async def _hear(self, message: Mapping[str, Any]) -> None:
        """Take in what wants no answer; what the SDK hasn't been asked for says nothing to it."""
        request = _request_of(message) if message.get("method") == _CANCELLED else None
        if request is not None:
            if self._lane.cancel(request):
                return
            self._settle(request)
        self._handshake.said(message)
        if self._sdk is not None or self._handshake.is_beside(message):
            await (await self._behind()).take(message, self._expect_answer)

    async def _behind(self) -> SdkSession:
        """The SDK at work on this session, from the first message on that needs it."""
        if self._sdk is None:
            # The better part of a second's work, which most sessions never need.
            from pgmcp.entrypoints.mcp.sdk_session import SdkSession

            self._sdk = SdkSession(self._server, self._handshake, self._put, self._settle)
            await self._sdk.agree()
        return self._sdk

    async def _put(self, answer: bytes) -> bool:
        """Write one answer, no other in between; False when the client is gone."""
        try:
            async with self._writing:
                await self._write(answer + b"\n")
        except OSError:
            self._gone.set()  # nobody reads the answers
            return False
        return True

    def _expect_answer(self, request: RequestId) -> None:
        """Remember that a request is still to be answered."""
        self._unanswered.add(request)
        self._idle.clear()

    def _settle(self, request: RequestId) -> None:
        """Forget a request: it was answered, or its caller cancelled it and gets no answer."""
        self._unanswered.discard(request)
        if not self._unanswered:
            self._idle.set()

    async def _let_finish(self) -> None:
        """Give running calls their grace, then cancel what is left, and let its answers out."""
        await self._server.toolbox.stopping()
        await self._idle_within(self._server.limits.shutdown_grace_s)
        await self._server.calls.cancel_all()
        await self._idle_within(_LAST_WORDS_S)

    async def _idle_within(self, seconds: float) -> None:
        """Wait until every request is answered, but no longer than so many seconds."""
        await asyncio.wait({idle := asyncio.create_task(self._idle.wait())}, timeout=seconds)
        idle.cancel()


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
        session = StdioSession(MCPServer(toolbox, limits, principal), lines, sink.write)
        await session.serve(stop)


def _request_of(message: Mapping[str, Any]) -> RequestId | None:
    """The request that a cancellation is about; None where it names none."""
    request = (message.get("params") or {}).get("requestId")
    # To Python true is 1, to JSON it is not.
    return request if isinstance(request, int | str) and not isinstance(request, bool) else None
