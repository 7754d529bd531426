"""Thousands of messages through our server and through the bare SDK: each difference has its reason, or fails."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

import httpx
import pytest
from mcp.server.stdio import stdio_server

from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.mcp.hosts import allowed
from pgmcp.entrypoints.mcp.http import http_gate
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.stdio import StdioSession
from tests.e2e.mcp_transport.bare import bare_server
from tests.e2e.mcp_transport.differences import Outcome, reason
from tests.e2e.mcp_transport.fake_toolbox import FakeToolbox
from tests.e2e.mcp_transport.traffic import ENVELOPE, MODERN, decoded, traffic
from tests.e2e.mcp_transport.web import messages

pytestmark = pytest.mark.slow

VERSIONS = ("2025-06-18", "2025-11-25", MODERN)
ON_STDIO = 1500
OVER_HTTP = 400

_INIT = {"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def opening(version: str) -> list[dict[str, Any]]:
    """What a client of a version says first."""
    if version == MODERN:
        return [{"jsonrpc": "2.0", "id": 0, "method": "server/discover", "params": {"_meta": ENVELOPE}}]
    params = {"protocolVersion": version, **_INIT}
    return [
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
    ]


class Lines:
    """Both ends of a pair of pipes, in the shapes that our session and the SDK's transport ask for."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.written: list[str] = []

    async def read(self) -> bytes | None:
        return await self.waiting.get()

    async def take(self, content: bytes) -> None:
        self.written.append(content.decode())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        line = await self.waiting.get()
        if line is None:
            raise StopAsyncIteration
        return line.decode(errors="replace") + "\n"

    async def write(self, text: str) -> None:
        self.written.append(text)

    async def flush(self) -> None:
        await asyncio.sleep(0)

    async def ask(self, frame: bytes) -> Outcome:
        """Send a line, and give what was answered once nothing moves any more."""
        self.written.clear()
        self.waiting.put_nowait(frame)
        await _settled()
        return Outcome(None, [json.loads(line) for line in self.written])


async def _settled() -> None:
    """Wait until every other task waits for something that only a new message brings."""
    me = asyncio.current_task()
    still = 0
    while still < 3:
        await asyncio.sleep(0)
        # asyncio has no public way to ask what a task waits for; anyio's own helper looks here, too
        waiters = [task._fut_waiter for task in asyncio.all_tasks() if task is not me]  # type: ignore[attr-defined]  # noqa: SLF001
        still = 0 if any(waiter is None or waiter.done() for waiter in waiters) else still + 1


async def _serve_ours(lines: Lines) -> None:
    server = MCPServer(FakeToolbox(), ServeLimits(), Principal("tester"))
    await StdioSession(server, lines, lines.take).serve(asyncio.Event())


async def _serve_bare(lines: Lines) -> None:
    server = bare_server()
    stream: Any = lines  # the SDK's types name anyio's wrapper of files, its code iterates, writes and flushes
    async with stdio_server(stream, stream) as (read, write):
        await server.run(read, write, server.create_initialization_options())


@asynccontextmanager
async def on_stdio(serve: Callable[[Lines], Any], version: str) -> AsyncIterator[Lines]:
    """A server that has had its client's opening."""
    lines = Lines()
    serving = asyncio.create_task(serve(lines))
    for message in opening(version):
        await lines.ask(json.dumps(message).encode())
    yield lines
    lines.waiting.put_nowait(None)
    await serving


@pytest.mark.parametrize("version", VERSIONS)
async def test_on_stdio_every_difference_has_its_reason(version: str) -> None:
    """The answers are the SDK's own wherever the SDK gives one that loses nothing."""
    reasons: Counter[str] = Counter()
    async with on_stdio(_serve_ours, version) as ours, on_stdio(_serve_bare, version) as bare:
        for frame in traffic(version, ON_STDIO):
            mine, theirs = await ours.ask(frame), await bare.ask(frame)
            why = "none" if mine == theirs else reason(mine, theirs, frame)
            assert why is not None, f"{frame!r}\n{mine}\n{theirs}"
            reasons[why] += 1
    assert set(reasons) == {
        "none",
        "the SDK leaves it unanswered",
        "the SDK's parser changes the arguments",
        "arguments that are no object are the toolbox's to refuse",
        "the SDK puts other characters in the place of broken UTF-8",
        "the SDK takes NaN for JSON",
    }
    assert reasons["none"] > ON_STDIO // 4


class Web:
    """A client of an ASGI app in this process."""

    def __init__(self, app: Any, version: str) -> None:
        transport = httpx.ASGITransport(app)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://localhost:8000/")
        self._version = version
        self._session: dict[str, str] = {}

    async def open(self) -> None:
        """Say what a client says first."""
        for message in opening(self._version):
            await self.ask(json.dumps(message).encode())

    async def ask(self, frame: bytes) -> Outcome:
        """Post a message."""
        headers = {
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
            "mcp-protocol-version": self._version,
        } | self._session
        if self._version == MODERN:
            headers |= _repeated_in_headers(frame)
        answer = await self._http.post("mcp", content=frame, headers=headers)
        if session := answer.headers.get("mcp-session-id"):
            self._session = {"mcp-session-id": session}
        return Outcome(answer.status_code, messages(answer) if answer.content else [])


def _repeated_in_headers(frame: bytes) -> dict[str, str]:
    """The parts of a message that 2026-07-28 wants in headers, too."""
    message = decoded(frame.decode(errors="replace"))
    if not isinstance(message, dict):
        return {"mcp-method": "ping"}
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    headers = {"mcp-method": message.get("method"), "mcp-name": name}
    return {key: value for key, value in headers.items() if isinstance(value, str) and value.isascii()}


@pytest.mark.parametrize("version", VERSIONS)
async def test_over_http_every_difference_has_its_reason(version: str) -> None:
    """The same for the body of a POST, and for HTTP's status."""
    reasons: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        server, sdk = MCPServer(FakeToolbox(), ServeLimits(), Principal("tester")), bare_server()
        ours = Web(http_gate(server, allowed(Settings())), version)
        bare = Web(sdk.streamable_http_app(), version)
        await stack.enter_async_context(server.sdk.session_manager.run())
        await stack.enter_async_context(sdk.session_manager.run())
        await ours.open()
        await bare.open()
        for frame in traffic(version, OVER_HTTP):
            mine, theirs = await ours.ask(frame), await bare.ask(frame)
            why = "none" if mine == theirs else reason(mine, theirs, frame)
            assert why is not None, f"{frame!r}\n{mine}\n{theirs}"
            reasons[why] += 1
    assert set(reasons) <= {
        "none",
        "the SDK leaves it unanswered",
        "the SDK's parser changes the arguments",
        "arguments that are no object are the toolbox's to refuse",
        "a broken call gets a tool's error",
        "both refuse it, in other words",
        "the SDK takes NaN for JSON",
        "the SDK takes half of a surrogate pair for text",
        "the SDK reads deeper over HTTP than on stdio",
    }
    assert reasons["none"] > OVER_HTTP // 4
