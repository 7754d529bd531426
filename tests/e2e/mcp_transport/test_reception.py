"""What is said beside the calls, answered without the SDK: in its own words, wherever it has a say."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.handshake import VERSIONS, Handshake
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.reception import Reception
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.stdio import StdioSession
from tests.e2e.mcp_transport.fake_toolbox import FakeToolbox
from tests.e2e.mcp_transport.pipes import server_process
from tests.e2e.mcp_transport.test_differential import Lines, _serve_bare, _serve_ours

CLIENT = {"name": "test", "version": "1"}
EVERYTHING = {
    "roots": {"listChanged": True},
    "sampling": {"tools": {}, "context": {}},
    "elicitation": {"form": {}, "url": {}},
    "experimental": {},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def request(method: str, id_: int | str = 1, **params: Any) -> dict[str, Any]:
    """A request, without `params` where there are none."""
    return {"jsonrpc": "2.0", "id": id_, "method": method} | ({"params": params} if params else {})


def initialize(version: str = "2025-11-25", id_: int | str = 0, **more: Any) -> dict[str, Any]:
    """The first thing that a client says."""
    return request("initialize", id_, **{"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT, **more})


LIST, PING = request("tools/list", 5), request("ping", "p")
ECHO = request("tools/call", 6, name="echo", arguments={"a": 1})
MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}

CONVERSATIONS = [
    *(pytest.param([initialize(each), INITIALIZED, LIST, PING, ECHO], id=each) for each in sorted(VERSIONS)),
    pytest.param([initialize("1999-01-01"), INITIALIZED, LIST], id="an unknown version"),
    pytest.param([initialize(capabilities=EVERYTHING), INITIALIZED, LIST], id="capabilities"),
    pytest.param([initialize(capabilities={"tasks": {"list": {}, "requests": {"sampling": {}}}})], id="more of them"),
    pytest.param([initialize(capabilities={"roots": 1})], id="a capability that is none"),
    pytest.param([initialize(clientInfo={**CLIENT, "title": "T", "websiteUrl": "http://x"})], id="a client's title"),
    pytest.param([initialize(clientInfo={"name": "x"})], id="a client without a version"),
    pytest.param([initialize(clientInfo={**CLIENT, "icons": [{"src": "x"}]}), INITIALIZED, LIST], id="icons"),
    pytest.param([initialize(clientInfo=None)], id="no client"),
    pytest.param([initialize(_meta={"progressToken": 1}), INITIALIZED, LIST], id="a meta beside it"),
    pytest.param([initialize(), LIST, PING, INITIALIZED, LIST], id="a list before the client goes on"),
    pytest.param([PING, LIST, initialize(), INITIALIZED, LIST], id="requests before the handshake"),
    pytest.param([INITIALIZED, LIST, ECHO], id="no handshake"),
    pytest.param([initialize(), INITIALIZED, initialize("2025-06-18", 9), LIST, INITIALIZED, LIST], id="a second one"),
    pytest.param([initialize(), initialize("2025-06-18", 9), INITIALIZED, LIST, ECHO], id="two before going on"),
    pytest.param([initialize(), INITIALIZED, request("resources/list", 2), LIST, ECHO], id="what is not served"),
    pytest.param([initialize(), INITIALIZED, request("nope", 2, a=1), PING], id="what nobody knows"),
    pytest.param([initialize(), request("nope", 2), INITIALIZED, LIST, ECHO], id="the same before going on"),
    pytest.param([initialize(), INITIALIZED, request("tools/list", 2, cursor="x"), LIST], id="a page"),
    pytest.param([initialize(), INITIALIZED, request("ping", 2, _meta={"a": 1}), PING], id="a ping with a meta"),
    pytest.param([initialize(), INITIALIZED, {**PING, "extra": 1}, LIST], id="an unknown member"),
    pytest.param([request("server/discover", 1, _meta=MODERN), PING, LIST, ECHO], id="a version without sessions"),
    pytest.param(
        [initialize(), INITIALIZED, {"jsonrpc": "2.0", "id": 1, "result": {}}, request("nope", 2)],
        id="an answer to nothing",
    ),
    pytest.param(
        [initialize(), INITIALIZED, {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}, LIST, ECHO],
        id="news",
    ),
]


async def conversation(serve: Any, messages: list[dict[str, Any]]) -> list[Any]:
    """What a server answers to each of several messages."""
    lines = Lines()
    serving = asyncio.create_task(serve(lines))
    frames = [json.dumps(message, separators=(",", ":")).encode() for message in messages]
    answers = [(await lines.ask(frame)).answers for frame in frames]
    lines.waiting.put_nowait(None)
    await serving
    return answers


@pytest.mark.parametrize("messages", CONVERSATIONS)
async def test_nobody_can_tell_who_answered(messages: list[dict[str, Any]]) -> None:
    """Each conversation goes as it would with the SDK alone."""
    assert await conversation(_serve_ours, messages) == await conversation(_serve_bare, messages)


@pytest.mark.parametrize(
    "message, answered",
    [
        pytest.param(initialize(), True, id="plain"),
        pytest.param(initialize(capabilities=EVERYTHING, clientInfo={**CLIENT, "title": "T"}), True, id="more"),
        pytest.param(initialize("1999-01-01"), False, id="an unknown version"),
        pytest.param(initialize(clientInfo={"name": "x"}), False, id="half a client"),
        pytest.param(initialize(capabilities={"roots": 1}), False, id="no capability"),
    ],
)
def test_what_is_out_of_the_ordinary_is_the_sdks(message: dict[str, Any], answered: bool) -> None:
    """And what is plain is answered at once, but only as the first thing said."""
    reception = Reception(FakeToolbox(), Principal("tester"), Handshake())
    assert reception.result_of(message, alone=False) is None
    assert (reception.result_of(message, alone=True) is not None) is answered
    assert reception.result_of(message, alone=True) is None or not answered


async def test_a_call_that_runs_survives_the_sdks_coming() -> None:
    """What was begun before the SDK was needed is answered behind it."""
    toolbox = FakeToolbox()
    lines = Lines()
    session = StdioSession(MCPServer(toolbox, ServeLimits(), Principal("tester")), lines, lines.take)
    serving = asyncio.create_task(session.serve(asyncio.Event()))
    for message in (initialize(), INITIALIZED, request("tools/call", 3, name="wait_read", arguments={})):
        await lines.ask(json.dumps(message).encode())
    await toolbox.noted("wait_read started")
    assert [each["id"] for each in (await lines.ask(json.dumps(request("nope", 4)).encode())).answers] == [4]
    toolbox.released.set()
    await toolbox.noted("wait_read ended")
    lines.waiting.put_nowait(None)
    await serving
    assert toolbox.journal == ["wait_read started", "wait_read ended"]


async def test_everyday_sessions_do_without_the_sdk() -> None:
    """It takes longer to import than all the rest, so nobody waits for it who doesn't need it."""
    async with server_process() as server:
        await server.handshake()
        await server.ask(json.dumps(LIST).encode())
        await server.ask(json.dumps(ECHO).encode())
        answer = await server.ask(json.dumps(request("tools/call", 7, name="modules", arguments={})).encode())
    loaded = json.loads(answer["result"]["content"][0]["text"])
    assert [name for name in ("anyio", "mcp", "mcp_types", "pydantic", "starlette") if name in loaded] == []
