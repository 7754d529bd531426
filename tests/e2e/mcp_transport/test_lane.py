"""The lane beside the SDK: which calls it takes, and that nobody can tell."""

import asyncio
import json
from typing import Any

import pytest

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.frames import Called, read_frame
from pgmcp.entrypoints.mcp.handshake import Handshake
from pgmcp.entrypoints.mcp.lane import FastLane
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.server import MCPServer
from tests.e2e.mcp_transport.fake_toolbox import FakeToolbox

ECHO = {"name": "echo", "arguments": {"a": "é"}}
INITIALIZE = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def called(params: dict[str, Any], request: int | str = 1, **more: Any) -> Called:
    """A `tools/call` as the frame layer gives it."""
    message = {"jsonrpc": "2.0", "id": request, "method": "tools/call", "params": params, **more}
    frame = read_frame(json.dumps(message).encode())
    assert isinstance(frame, Called)
    return frame


class Client:
    """What a client of the lane's gets."""

    def __init__(self, version: str = "2025-11-25") -> None:
        self.answers: list[Any] = []
        self.settled: list[int | str] = []
        self.server = MCPServer(FakeToolbox(), ServeLimits(), Principal("tester"))
        self.done = asyncio.Event()
        handshake = Handshake()
        self.lane = FastLane(self.server, handshake, self.write, self.settle)
        handshake.said(INITIALIZE)
        handshake.answered(0, {"protocolVersion": version})
        handshake.said(INITIALIZED)

    async def write(self, line: bytes) -> None:
        self.answers.append(json.loads(line))

    def settle(self, request: int | str) -> None:
        self.settled.append(request)
        self.done.set()


@pytest.mark.parametrize(
    "frame, taken",
    [
        pytest.param(called(ECHO), True, id="an everyday call"),
        pytest.param(called(ECHO, "a"), True, id="an id that is a text"),
        pytest.param(called({"name": "echo"}), True, id="no arguments"),
        pytest.param(called({"name": "nothing like it"}), True, id="a tool that is not there"),
        pytest.param(called({**ECHO, "_meta": {}}), True, id="nothing asked for beside"),
        pytest.param(called({**ECHO, "_meta": {"traceparent": "00-1"}}), True, id="a trace"),
        pytest.param(called({**ECHO, "_meta": {"progressToken": 1}}), True, id="progress"),
        pytest.param(called({**ECHO, "_meta": {"progressToken": "a"}}), True, id="progress by a text"),
        pytest.param(called({**ECHO, "_meta": {"progressToken": True}}), False, id="a token that is none"),
        pytest.param(called({**ECHO, "_meta": {"com.example/y": 1}}), True, id="what only the client knows"),
        pytest.param(called({**ECHO, "_meta": {"io.modelcontextprotocol/y": 1}}), False, id="the protocol's own"),
        pytest.param(called({**ECHO, "_meta": {"mcp.dev/y": 1}}), False, id="the protocol's own, by its short name"),
        pytest.param(called({**ECHO, "_meta": {"y": 1}}), False, id="anything else asked for"),
        pytest.param(called({**ECHO, "_meta": 1}), False, id="a meta that is none"),
        pytest.param(called({**ECHO, "task": {}}), False, id="a task"),
        pytest.param(called({"arguments": {}}), False, id="no tool"),
        pytest.param(called({"name": 1}), False, id="a tool's name that is none"),
        pytest.param(called(ECHO, other=1), False, id="an unknown member"),
    ],
)
def test_only_what_asks_for_its_result_alone_is_taken(frame: Called, taken: bool) -> None:
    """Whatever else a frame may ask for is the SDK's to give."""
    assert Client().lane.takes(frame) is taken


@pytest.mark.parametrize(
    "steps, done",
    [
        pytest.param([], False, id="nothing"),
        pytest.param([INITIALIZE], False, id="asked"),
        pytest.param([INITIALIZED], False, id="not asked"),
        pytest.param([INITIALIZE, INITIALIZED, "2025-11-25"], False, id="initialized before the answer"),
        pytest.param([INITIALIZE, "2025-06-18"], False, id="not initialized"),
        pytest.param([INITIALIZE, "2025-06-18", INITIALIZED], True, id="done"),
        pytest.param([INITIALIZE, "2099-01-01", INITIALIZED], False, id="a version of which nothing is known here"),
        pytest.param([INITIALIZE, "2025-06-18", INITIALIZED, INITIALIZE], False, id="asked once more"),
    ],
)
def test_the_handshake_is_awaited(steps: list[Any], done: bool) -> None:
    """The SDK alone answers until it serves calls itself, in a version whose answers are known here."""
    handshake = Handshake()
    for step in steps:
        if isinstance(step, str):
            handshake.answered(0, {"protocolVersion": step})
        else:
            handshake.said(step)
    assert handshake.done is done


async def test_a_call_is_answered() -> None:
    """The answer is the toolbox's, in MCP's words."""
    client = Client()
    client.lane.start(called(ECHO))
    await client.done.wait()
    assert client.answers == [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "result": {"content": [{"type": "text", "text": '{"a": "\\u00e9"}'}], "isError": False},
        }
    ]


async def test_a_broken_promise_says_nothing() -> None:
    """A tool that raises is an internal error, whatever its message holds."""
    client = Client()
    client.lane.start(called({"name": "break"}))
    await client.done.wait()
    assert client.answers == [{"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "Internal error"}}]


async def test_a_cancelled_call_gets_no_answer() -> None:
    """Its caller has said that nobody waits for it; its id is free again."""
    client = Client()
    client.lane.start(called({"name": "wait_read"}))
    await asyncio.sleep(0)
    assert not client.lane.takes(called(ECHO))
    assert client.lane.cancel(1)
    assert not client.lane.cancel(1)
    await client.done.wait()
    assert (client.answers, client.settled) == ([], [1])
    assert client.lane.takes(called(ECHO))


async def test_when_the_client_leaves_nothing_is_answered() -> None:
    """Every call is cancelled and has settled."""
    client = Client()
    client.lane.start(called({"name": "wait_read"}))
    client.lane.start(called({"name": "wait_write"}, 2))
    await asyncio.sleep(0)
    await client.lane.end()
    assert (client.answers, sorted(client.settled, key=str)) == ([], [1, 2])


async def test_when_the_server_stops_callers_are_told() -> None:
    """A call that has used up its grace is answered as one that the SDK carries."""
    client = Client()
    client.lane.start(called({"name": "wait_read"}))
    await asyncio.sleep(0)
    await client.server.calls.cancel_all()
    assert client.answers == [{"jsonrpc": "2.0", "id": 1, "error": {"code": -32800, "message": "Request cancelled"}}]


async def test_progress_is_told_while_the_call_runs() -> None:
    """Under the client's token, before the answer."""
    client = Client()
    client.lane.start(called({"name": "progress", "_meta": {"progressToken": "t"}}))
    await client.done.wait()
    assert [answer.get("params") for answer in client.answers] == [
        *({"progressToken": "t", "progress": step, "total": 3, "message": f"step {step}"} for step in (1, 2, 3)),
        None,
    ]
