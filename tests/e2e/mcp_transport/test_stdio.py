"""MCP over the pipes of a real process."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.mcp_transport.broken_frames import FRAMES, MAX_BYTES, OVERSIZED, call, rpc_error
from tests.e2e.mcp_transport.pipes import ServerProcess, server_process
from tests.e2e.mcp_transport.serve_fake import RELEASE

PING = b'{"jsonrpc":"2.0","id":"ping","method":"ping"}'
PONG = {"jsonrpc": "2.0", "id": "ping", "result": {}}
DIGITS = '{"a":1.50,"b":1e400,"c":123456789012345678901234567890,"d":-0,"e":1E5}'


def tool(name: str, *, request: int = 1, meta: str = "{}") -> bytes:
    """A `tools/call` without arguments."""
    return (
        f'{{"jsonrpc":"2.0","id":{request},"method":"tools/call","params":{{"name":"{name}","_meta":{meta}}}}}'
    ).encode()


def cancel(request: int) -> bytes:
    """A cancellation."""
    return f'{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{request}}}}}'.encode()


def text_of(answer: Any) -> str:
    """The one text block of a result."""
    (block,) = answer["result"]["content"]
    assert block["type"] == "text"
    assert isinstance(block["text"], str)
    return block["text"]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[ServerProcess]:
    """One server for every test that leaves it as it was: surviving all of them is part of what is tested."""
    async with server_process() as server:
        yield await server.handshake()


@pytest.fixture
async def fresh() -> AsyncIterator[ServerProcess]:
    """A server of one's own, to end."""
    async with server_process() as server:
        yield await server.handshake()


@pytest.mark.asyncio(loop_scope="module")
class TestFrames:
    @pytest.mark.parametrize("frame, answer", [*FRAMES, *OVERSIZED])
    async def test_a_broken_frame_gets_its_answer_and_the_next_one_is_served(
        self, shared: ServerProcess, frame: bytes, answer: Any
    ) -> None:
        """Nothing that a client sends goes unanswered, hangs or ends the server."""
        assert await shared.ask(frame) == answer
        assert await shared.ask(PING) == PONG

    @pytest.mark.parametrize(
        "frame",
        [
            pytest.param(b"", id="empty-line"),
            pytest.param(b" \t\r", id="white-line"),
            pytest.param(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]}', id="bad-notification"),
            pytest.param(b'{"jsonrpc":"2.0","id":99,"result":5}', id="bad-response"),
            pytest.param(b'{"jsonrpc":"2.0","id":99,"result":{}}', id="response-to-nothing"),
        ],
    )
    async def test_what_asks_for_no_answer_gets_none(self, shared: ServerProcess, frame: bytes) -> None:
        """A line that is no request is passed over in silence."""
        await shared.send(frame)
        assert await shared.ask(PING) == PONG

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(DIGITS, id="digits"),
            pytest.param('{ "a" : [1.0 ,\t2] }', id="white-space"),
            pytest.param('{"a":1,"a":2,"\\u0061":3}', id="repeated-keys"),
            pytest.param('{"a":"\\u00e9\\ud83d\\ude00é😀\\u0000\\\\ud800"}', id="escapes"),
            pytest.param("[1,2]", id="list"),
            pytest.param('"text"', id="string"),
            pytest.param('{"a":"' + "x" * (MAX_BYTES - 100) + '"}', id="almost-too-large"),
            pytest.param('{"and":[' * 98 + "{}" + "]}" * 98, id="199-levels"),
            pytest.param('{"a":"' + "[" * 500 + '"}', id="brackets-in-a-text"),
            pytest.param('{"a":' + "9" * 4300 + "}", id="4300-digits"),
            pytest.param('{"a":"' + "9" * 5000 + '"}', id="digits-in-a-text"),
        ],
    )
    async def test_arguments_arrive_as_they_were_sent(self, shared: ServerProcess, arguments: str) -> None:
        """Every digit, space, escape and repeated key reaches the toolbox."""
        answer = await shared.ask(call(arguments))
        assert text_of(answer) == arguments

    @pytest.mark.parametrize("params", ['{"name":"echo"}', '{"name":"echo","arguments":null}'], ids=["absent", "null"])
    async def test_no_arguments_are_an_empty_object(self, shared: ServerProcess, params: str) -> None:
        """A caller that sends no arguments, in either way of saying so, sends `{}`."""
        answer = await shared.ask(f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}'.encode())
        assert text_of(answer) == "{}"

    async def test_the_last_of_repeated_members_counts(self, shared: ServerProcess) -> None:
        """Repeated members of the envelope are read as every other JSON-RPC server reads them."""
        frame = (
            b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":"fail","arguments":{"a":1}},"id":2,'
            b'"params":{"name":"echo","arguments":{"a":2},"\\u0061rguments":{"a":3.0}},"method":"tools/call"}'
        )
        answer = await shared.ask(frame)
        assert (answer["id"], text_of(answer)) == (2, '{"a":3.0}')


@pytest.mark.asyncio(loop_scope="module")
class TestCalls:
    async def test_an_answer_is_one_block_of_text(self, shared: ServerProcess) -> None:
        """The data is sent once, with the flag that the tool set."""
        assert await shared.ask(tool("fail")) == {
            "jsonrpc": "2.0",
            "id": 1,
            "result": {"content": [{"type": "text", "text": '{"error":{"type":"query_error"}}'}], "isError": True},
        }

    async def test_an_unknown_tool_is_the_toolbox_s_to_answer(self, shared: ServerProcess) -> None:
        """The typed error comes from behind the seam."""
        assert text_of(await shared.ask(tool("nope"))) == '{"error":{"code":"unknown_tool"}}'

    async def test_a_tool_that_raises_tells_nothing(self, shared: ServerProcess) -> None:
        """The message of an exception that nobody foresaw may hold anything."""
        assert await shared.ask(tool("break")) == rpc_error(-32603, "Internal error", 1)

    async def test_what_surrounds_a_call_reaches_it(self, shared: ServerProcess) -> None:
        """Principal, trace, progress and the nature of the transport."""
        answer = await shared.ask(tool("controls", meta='{"traceparent":"00-ab-cd-01","progressToken":0}'))
        assert json.loads(text_of(answer)) == {
            "principal": "tester",
            "trace": "00-ab-cd-01",
            "detached": False,
            "progress": True,
            "id": 32,
        }

    async def test_progress_is_sent_to_who_asks_for_it(self, shared: ServerProcess) -> None:
        """Each step under the caller's token, before the answer."""
        await shared.send(tool("progress", meta='{"progressToken":"mine"}'))
        steps = [
            {
                "jsonrpc": "2.0",
                "method": "notifications/progress",
                "params": {"progressToken": "mine", "progress": step, "total": 3, "message": f"step {step}"},
            }
            for step in (1, 2, 3)
        ]
        assert [await shared.receive() for _ in range(3)] == steps
        assert text_of(await shared.receive()) == '"done"'

    async def test_nobody_else_gets_progress(self, shared: ServerProcess) -> None:
        """Without a token the answer comes alone."""
        assert text_of(await shared.ask(tool("progress"))) == '"done"'

    async def test_stdout_is_the_protocols(self, shared: ServerProcess) -> None:
        """What a tool prints goes to stderr."""
        assert text_of(await shared.ask(tool("print"))) == '"printed"'
        await shared.said("not a frame")

    async def test_a_cancelled_call_settles_and_is_not_answered(self, shared: ServerProcess) -> None:
        """The cancellation reaches the call, once, and the protocol forbids an answer."""
        await shared.send(tool("wait_write", request=41))
        await shared.said("wait_write started")
        await shared.send(cancel(41))
        await shared.said("wait_write cancelled")
        assert await shared.ask(PING) == PONG

    async def test_other_calls_are_served_while_one_waits(self, shared: ServerProcess) -> None:
        """A slow call holds nobody up."""
        await shared.send(tool("wait_read", request=42))
        await shared.said("wait_read started")
        assert text_of(await shared.ask(call('{"a":1}'))) == '{"a":1}'
        await shared.send(cancel(42))
        await shared.said("wait_read cancelled")


IN_USE = rpc_error(-32600, "A request with this id is still running.", None)


@pytest.mark.parametrize("meta", ["{}", '{"y":1}'], ids=["beside the SDK", "through the SDK"])
async def test_an_id_in_use_is_refused(fresh: ServerProcess, meta: str) -> None:
    """At once, without any effect and in nobody's name: an answer with the id would be taken for the first one's."""
    await fresh.send(tool("wait_write", request=7, meta=meta))
    await fresh.said("wait_write started")
    assert await fresh.ask(tool("release", request=7)) == IN_USE
    assert await fresh.ask(b'{"jsonrpc":"2.0","id":7,"method":"ping"}') == IN_USE
    assert await fresh.ask(PING) == PONG
    fresh.process.send_signal(RELEASE)
    answer = await fresh.receive()
    assert (answer["id"], text_of(answer)) == (7, '"ended"')
    assert (await fresh.ask(tool("release", request=7)))["id"] == 7


async def test_the_id_of_a_cancelled_call_is_free(fresh: ServerProcess) -> None:
    """Its caller awaits no answer; the end of the old call is not taken for that of the new one."""
    await fresh.send(tool("wait_read", request=7))
    await fresh.said("wait_read started")
    await fresh.send(cancel(7), tool("wait_write", request=7))
    await fresh.said("wait_write started")
    fresh.process.send_signal(signal.SIGTERM)
    fresh.process.send_signal(RELEASE)
    answer = await fresh.receive()
    assert (answer["id"], text_of(answer)) == (7, '"ended"')


async def test_true_is_no_id_to_cancel(fresh: ServerProcess) -> None:
    """Though Python takes it for 1."""
    await fresh.send(tool("wait_read", request=1))
    await fresh.said("wait_read started")
    await fresh.send(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":true}}')
    assert await fresh.ask(PING) == PONG
    fresh.process.send_signal(RELEASE)
    assert (await fresh.receive())["id"] == 1


async def test_closing_stdin_cancels_what_runs_and_ends_the_server(fresh: ServerProcess) -> None:
    """The client is gone: running calls settle, the exit code is 0."""
    await fresh.send(tool("wait_write"))
    await fresh.said("wait_write started")
    fresh.stdin.close()
    await fresh.said("wait_write cancelled")
    assert await fresh.process.wait() == 0


async def test_a_client_that_stops_reading_ends_the_server() -> None:
    """A closed stdout ends the server as a closed stdin does."""
    async with server_process() as server:
        await server.handshake()
        # asyncio offers no public way to close the reading side of a child's pipe
        server.process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]  # noqa: SLF001
        # It closes at the loop's next turn; an answer that comes before would find a reader, and nothing more is asked.
        await asyncio.sleep(0)
        await server.send(PING)
        assert await server.process.wait() == 0


async def test_a_last_line_without_its_end_is_read() -> None:
    """What a client wrote before closing is a frame, too."""
    async with server_process() as server:
        server.stdin.write(b"{bad")
        server.stdin.close()
        assert (await server.receive())["error"]["code"] == -32700
        assert await server.process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_an_idle_server_at_once(fresh: ServerProcess, number: signal.Signals) -> None:
    """Nothing runs, so nothing is waited for."""
    fresh.process.send_signal(number)
    assert await fresh.process.wait() == 0


async def test_a_signal_lets_running_calls_finish(fresh: ServerProcess) -> None:
    """A call that ends within the grace is answered."""
    await fresh.send(tool("wait_write"))
    await fresh.said("wait_write started")
    fresh.process.send_signal(signal.SIGTERM)
    fresh.process.send_signal(RELEASE)
    assert text_of(await fresh.receive()) == '"ended"'
    assert await fresh.process.wait() == 0


async def test_nothing_new_is_served_after_a_signal(fresh: ServerProcess) -> None:
    """A frame that comes once the server is told to stop is not read."""
    await fresh.send(tool("wait_write"))
    await fresh.said("wait_write started")
    fresh.process.send_signal(signal.SIGTERM)
    fresh.process.send_signal(RELEASE)
    await fresh.said("wait_write ended")
    fresh.stdin.write(PING + b"\n")
    rest = await fresh.stdout.read()
    assert [json.loads(line)["id"] for line in rest.splitlines()] == [1]


async def test_a_signal_cancels_what_outlives_the_grace() -> None:
    """Once the grace is over the call is cancelled, settles, and is answered with an error."""
    async with server_process(grace_s=0.1) as server:
        await server.handshake()
        await server.send(tool("wait_write"))
        await server.said("wait_write started")
        server.process.send_signal(signal.SIGTERM)
        assert await server.receive() == {
            "jsonrpc": "2.0",
            "id": 1,
            "error": {"code": -32800, "message": "Request cancelled"},
        }
        await server.said("wait_write cancelled")
        assert await server.process.wait() == 0
