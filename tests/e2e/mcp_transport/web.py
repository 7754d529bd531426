"""A server on a free port of this process, and a client that speaks HTTP to it by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from attrs import define, frozen

from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.mcp.hosts import allowed
from pgmcp.entrypoints.mcp.http import http_gate, listening_socket, serve_socket, url_of
from pgmcp.entrypoints.mcp.identity.door import Door
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.server import MCPServer
from tests.e2e.mcp_transport.broken_frames import MAX_BYTES
from tests.e2e.mcp_transport.fake_toolbox import FakeToolbox

VERSIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
MODERN = "2026-07-28"

_ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
_ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@frozen
class WebServer:
    """A server that listens."""

    toolbox: FakeToolbox
    url: str
    stop: asyncio.Event
    serving: asyncio.Task[None]


@asynccontextmanager
async def web_server(
    *, grace_s: float = 5.0, door: Door | None = None, limits: ServeLimits | None = None
) -> AsyncIterator[WebServer]:
    """Serve the fake toolbox until the test is over."""
    toolbox = FakeToolbox()
    listener = listening_socket("127.0.0.1", 0)
    limits = limits or ServeLimits(max_request_bytes=MAX_BYTES, shutdown_grace_s=grace_s)
    gate = http_gate(MCPServer(toolbox, limits, Principal("tester")), allowed(Settings()), door)
    stop = asyncio.Event()
    url = url_of(listener)
    serving = asyncio.create_task(serve_socket(gate, listener, stop, gate.close, limits))
    try:
        yield WebServer(toolbox, url, stop, serving)
    finally:
        toolbox.released.set()
        stop.set()
        await serving


@define
class WebClient:
    """A client of one protocol version that builds its requests by hand."""

    http: httpx.AsyncClient
    url: str
    version: str
    session: str | None = None

    def headers(self, method: str, name: str | None = None) -> dict[str, str]:
        """The headers of a request."""
        headers = _ACCEPT | {"mcp-protocol-version": self.version}
        if self.session is not None:
            headers["mcp-session-id"] = self.session
        if self.version == MODERN:
            headers["mcp-method"] = method
            if name is not None:
                headers["mcp-name"] = name
        return headers

    def call_body(self, tool: str, arguments: str, *, request: int = 1, meta: dict[str, Any] | None = None) -> bytes:
        """A `tools/call` with arguments as they are given."""
        envelope = (_ENVELOPE if self.version == MODERN else {}) | (meta or {})
        return (
            f'{{"jsonrpc":"2.0","id":{request},"method":"tools/call","params":'
            f'{{"name":"{tool}","arguments":{arguments},"_meta":{json.dumps(envelope)}}}}}'
        ).encode()

    async def call(
        self, tool: str, arguments: str = "{}", *, request: int = 1, meta: dict[str, Any] | None = None
    ) -> list[Any]:
        """Call a tool and give every message of the answer."""
        body = self.call_body(tool, arguments, request=request, meta=meta)
        return messages(await self.http.post(self.url, content=body, headers=self.headers("tools/call", tool)))

    async def ask(self, method: str, params: dict[str, Any], *, request: int = 1) -> list[Any]:
        """Send a request that calls no tool and give every message of the answer."""
        said = params | ({"_meta": _ENVELOPE} if self.version == MODERN else {})
        body = {"jsonrpc": "2.0", "id": request, "method": method, "params": said}
        return messages(await self.http.post(self.url, json=body, headers=self.headers(method)))

    async def handshake(self) -> None:
        """Open a session, where the version has such a thing."""
        if self.version == MODERN:
            return
        params = {
            "protocolVersion": self.version,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }
        initialize = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
        answer = await self.http.post(self.url, json=initialize, headers=_ACCEPT)
        self.session = answer.headers["mcp-session-id"]
        await self.notify("notifications/initialized")

    async def notify(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send a notification."""
        note = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        answer = await self.http.post(self.url, json=note, headers=self.headers(method))
        assert answer.status_code == 202


@asynccontextmanager
async def web_client(server: WebServer, version: str) -> AsyncIterator[WebClient]:
    """A client that is ready to call."""
    async with httpx.AsyncClient(timeout=20) as http:
        client = WebClient(http, server.url, version)
        await client.handshake()
        yield client


def messages(answer: httpx.Response) -> list[Any]:
    """The messages of an answer, whether it is one document or a stream of events."""
    if answer.headers["content-type"].startswith("application/json"):
        return [answer.json()]
    lines = answer.text.replace("\r\n", "\n").split("\n")  # `splitlines` would also split at U+2028
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
