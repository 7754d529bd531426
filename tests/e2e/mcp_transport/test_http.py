"""MCP over HTTP, on a socket of this process."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from pgmcp.domain.errors import SecurityError, ValidationError
from pgmcp.entrypoints.mcp.http import listening_socket, url_of
from tests.e2e.mcp_transport.broken_frames import FRAMES, LARGE, MAX_BYTES, OVERSIZED, call, rpc_error
from tests.e2e.mcp_transport.web import VERSIONS, WebClient, WebServer, web_client, web_server

DIGITS = '{"a":1.50,"b":1e400,"c":123456789012345678901234567890,"d":-0,"e":1E5}'


def text_of(message: Any) -> str:
    """The one text block of a result."""
    (block,) = message["result"]["content"]
    assert isinstance(block["text"], str)
    return block["text"]


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Each protocol version."""
    return str(request.param)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[WebServer]:
    """One server for every test that leaves it as it was."""
    async with web_server() as server:
        yield server


@pytest.fixture
async def fresh() -> AsyncIterator[WebServer]:
    """A server of one's own, with a journal of its own."""
    async with web_server() as server:
        yield server


@pytest.mark.asyncio(loop_scope="module")
class TestFrames:
    @pytest.mark.parametrize("frame, answer", FRAMES)
    async def test_a_broken_frame_gets_its_answer(
        self, shared: WebServer, version: str, frame: bytes, answer: Any
    ) -> None:
        """The same answers as on stdio: a tool's error with 200, any other with 400."""
        async with web_client(shared, version) as client:
            got = await client.http.post(client.url, content=frame, headers=client.headers("tools/call", "echo"))
            assert (got.status_code, got.json()) == (200 if "result" in answer else 400, answer)

    @pytest.mark.parametrize("frame", [param.values[0] for param in OVERSIZED], ids=[param.id for param in OVERSIZED])
    @pytest.mark.parametrize("chunked", [False, True], ids=["length-given", "chunked"])
    async def test_a_body_over_the_limit_is_refused(self, shared: WebServer, frame: bytes, chunked: bool) -> None:
        """413, and a JSON-RPC error."""

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(frame), 60_000):
                yield frame[start : start + 60_000]

        async with web_client(shared, VERSIONS[1]) as client:
            content: Any = chunks() if chunked else frame
            got = await client.http.post(client.url, content=content, headers=client.headers("tools/call"))
            assert (got.status_code, got.json()) == (413, rpc_error(-32600, LARGE))
            assert text_of((await client.call("echo", '{"a":1}'))[-1]) == '{"a":1}'

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(DIGITS, id="digits"),
            pytest.param('{"a":1,"a":2,"\\u0061":3}', id="repeated-keys"),
            pytest.param('{"a":"\\u00e9\\ud83d\\ude00é😀\\u0000"}', id="escapes"),
            pytest.param("[1,2]", id="list"),
            pytest.param('{"a":"' + '"\\"'[1:] * (MAX_BYTES // 2 - 500) + '"}', id="almost-too-large"),
        ],
    )
    async def test_arguments_arrive_as_they_were_sent(self, shared: WebServer, version: str, arguments: str) -> None:
        """Every digit, escape and repeated key reaches the toolbox, in every protocol version."""
        async with web_client(shared, version) as client:
            (answer,) = await client.call("echo", arguments)
            assert text_of(answer) == arguments


@pytest.mark.asyncio(loop_scope="module")
class TestCalls:
    async def test_what_surrounds_a_call_reaches_it(self, shared: WebServer, version: str) -> None:
        """Principal, trace, progress and the nature of the transport."""
        async with web_client(shared, version) as client:
            (answer,) = await client.call("controls", meta={"traceparent": "00-ab-cd-01", "progressToken": "mine"})
            assert json.loads(text_of(answer)) == {
                "principal": "tester",
                "trace": "00-ab-cd-01",
                "detached": True,
                "progress": True,
                "id": 32,
            }

    async def test_progress_is_sent_on_the_call_s_own_stream(self, shared: WebServer, version: str) -> None:
        """Each step under the caller's token, before the answer."""
        async with web_client(shared, version) as client:
            *steps, answer = await client.call("progress", meta={"progressToken": 5})
            assert [step["params"] for step in steps] == [
                {"progressToken": 5, "progress": step, "total": 3, "message": f"step {step}"} for step in (1, 2, 3)
            ]
            assert text_of(answer) == '"done"'

    async def test_an_error_is_a_result(self, shared: WebServer, version: str) -> None:
        """With `isError`, under HTTP's 200."""
        async with web_client(shared, version) as client:
            (answer,) = await client.call("fail")
            assert answer["result"]["isError"] is True


async def _leave_while_it_runs(client: WebClient, server: WebServer, tool: str) -> None:
    """Call a tool that waits, and close the connection once it runs."""
    async with httpx.AsyncClient(timeout=20) as http:
        call = asyncio.create_task(
            http.post(client.url, content=client.call_body(tool, "{}"), headers=client.headers("tools/call", tool))
        )
        await server.toolbox.noted(f"{tool} started")
        call.cancel()
        await asyncio.wait({call})


async def test_a_read_ends_when_its_client_leaves(fresh: WebServer, version: str) -> None:
    """Nobody waits for its answer any more."""
    async with web_client(fresh, version) as client:
        await _leave_while_it_runs(client, fresh, "wait_read")
        await fresh.toolbox.noted("wait_read cancelled")
        assert text_of((await client.call("echo", "{}"))[-1]) == "{}"


async def test_a_write_runs_to_its_end_when_its_client_leaves(fresh: WebServer, version: str) -> None:
    """A write that a lost connection ended half-way would have an outcome that nobody knows."""
    async with web_client(fresh, version) as client:
        await _leave_while_it_runs(client, fresh, "wait_write")
        await client.call("release", request=2)
        await fresh.toolbox.noted("wait_write ended")
        assert fresh.toolbox.journal == ["wait_write started", "wait_write ended"]


@pytest.mark.parametrize("version", [version for version in VERSIONS if version < "2026"], indirect=True)
async def test_a_cancel_request_ends_a_write_too(fresh: WebServer, version: str) -> None:
    """A cancellation is meant, where a lost connection is not; 2026-07-28 has no such request over HTTP."""
    async with web_client(fresh, version) as client:
        call = asyncio.create_task(client.call("wait_write", request=7))
        await fresh.toolbox.noted("wait_write started")
        await client.notify("notifications/cancelled", {"requestId": 7})
        assert await call == [rpc_error(-32800, "Request cancelled", 7)]
        assert fresh.toolbox.journal == ["wait_write started", "wait_write cancelled"]


async def test_a_cursor_that_was_never_given_is_refused(fresh: WebServer, version: str) -> None:
    """The list of tools is one page; an empty cursor is that of clients which ask for the first one so."""
    async with web_client(fresh, version) as client:
        for cursor, known in (("", True), ("x", False)):
            (answer,) = await client.ask("tools/list", {"cursor": cursor})
            assert (len(answer["result"]["tools"]) > 0) if known else answer["error"]["code"] == -32602


SESSION_VERSIONS = [version for version in VERSIONS if version < "2026"]
IN_USE = "A request with this id is still running."


@pytest.mark.parametrize("version", SESSION_VERSIONS, indirect=True)
@pytest.mark.parametrize("again", ["7", '"7"'], ids=["the same", "the same to the SDK"])
async def test_an_id_in_use_is_refused(fresh: WebServer, version: str, again: str) -> None:
    """At once and without any effect, whatever it asks for; the first call is answered, then the id is free."""
    async with web_client(fresh, version) as client:
        first = asyncio.create_task(client.call("wait_write", request=7))
        await fresh.toolbox.noted("wait_write started")
        for method, params in (("tools/call", '{"name":"wait_read","arguments":{}}'), ("ping", "{}")):
            body = f'{{"jsonrpc":"2.0","id":{again},"method":"{method}","params":{params}}}'
            refused = await client.http.post(client.url, content=body, headers=client.headers(method))
            assert (refused.status_code, refused.json()) == (400, rpc_error(-32600, IN_USE, json.loads(again)))
        assert fresh.toolbox.journal == ["wait_write started"]
        async with web_client(fresh, version) as other:
            assert text_of((await other.call("echo", request=7))[-1]) == "{}"
        fresh.toolbox.released.set()
        assert text_of((await first)[-1]) == '"ended"'
        assert text_of((await client.call("echo", request=7))[-1]) == "{}"


async def test_without_sessions_each_request_is_alone(fresh: WebServer) -> None:
    """In 2026-07-28 an id is its POST's own; a session's header means nothing there."""
    async with web_client(fresh, VERSIONS[-1]) as client:
        client.session = "of somebody"
        calls = [asyncio.create_task(client.call("wait_read", request=7)) for _ in range(2)]
        await fresh.toolbox.noted_times("wait_read started", 2)
        fresh.toolbox.released.set()
        assert [text_of(answer) for (answer,) in await asyncio.gather(*calls)] == ['"ended"'] * 2


@pytest.mark.parametrize("version", SESSION_VERSIONS, indirect=True)
async def test_an_id_of_one_who_left_is_free_for_who_asks_again(fresh: WebServer, version: str) -> None:
    """A read that was cut off and comes again has its own answer, never the late one of the first."""
    async with web_client(fresh, version) as client:
        for _ in range(5):
            await _leave_while_it_runs(client, fresh, "wait_read")
            fresh.toolbox.journal.remove("wait_read started")
            assert text_of((await client.call("echo", '{"a":1}'))[-1]) == '{"a":1}'


@pytest.mark.parametrize("version", SESSION_VERSIONS, indirect=True)
async def test_a_write_keeps_its_id_when_its_client_leaves(fresh: WebServer, version: str) -> None:
    """It runs on, so whoever asks again by its id would be a second time the same request."""
    async with web_client(fresh, version) as client:
        await _leave_while_it_runs(client, fresh, "wait_write")
        assert await client.call("echo") == [rpc_error(-32600, IN_USE, 1)]


async def test_stopping_lets_running_calls_finish(fresh: WebServer, version: str) -> None:
    """The call is answered; what comes later is refused; then the server ends."""
    async with web_client(fresh, version) as client, httpx.AsyncClient(timeout=20) as late:
        await late.get(fresh.url)  # its connection is open before the server stops
        call = asyncio.create_task(client.call("wait_write"))
        await fresh.toolbox.noted("wait_write started")
        fresh.stop.set()
        await asyncio.sleep(0)
        refused = await late.post(fresh.url, content=b"{}", headers=client.headers("ping"))
        fresh.toolbox.released.set()
        assert text_of((await call)[-1]) == '"ended"'
        assert refused.status_code == 503
        await fresh.serving


async def test_stopping_cancels_what_outlives_the_grace(version: str) -> None:
    """The call settles, and its caller gets an error."""
    async with web_server(grace_s=0.1) as server, web_client(server, version) as client:
        call = asyncio.create_task(client.call("wait_write", request=7))
        await server.toolbox.noted("wait_write started")
        server.stop.set()
        assert await call == [rpc_error(-32800, "Request cancelled", 7)]
        assert server.toolbox.journal == ["wait_write started", "wait_write cancelled"]
        await server.serving


async def test_an_idle_stream_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """The stream that a client of an older version keeps open for notifications ends with the server, whole."""
    async with web_server(grace_s=60) as server, web_client(server, "2025-11-25") as client:
        headers = {key: value for key, value in client.headers("").items() if key != "content-type"}
        async with client.http.stream("GET", client.url, headers=headers) as stream:
            assert stream.status_code == 200
            server.stop.set()
            async with asyncio.timeout(20):  # far less than the grace
                assert [part async for part in stream.aiter_bytes()] == []  # it is cut off nowhere
                await server.serving
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []


@pytest.mark.parametrize(
    "header, value, status",
    [
        pytest.param("host", "evil.example", 421, id="host"),
        pytest.param("host", "127.0.0.1.evil.example:80", 421, id="host-that-begins-well"),
        pytest.param("origin", "http://evil.example", 403, id="origin"),
        pytest.param("origin", "null", 403, id="origin-null"),
        pytest.param("content-type", "text/plain", 400, id="content-type"),
    ],
)
async def test_a_page_that_rebound_its_name_is_refused(fresh: WebServer, header: str, value: str, status: int) -> None:
    """A browser's page of another site reaches nothing, not even the answer to a broken frame."""
    async with web_client(fresh, "2025-11-25") as client:
        answer = await client.http.post(client.url, content=b"{bad", headers=client.headers("ping") | {header: value})
        assert answer.status_code == status


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8000"])
async def test_a_page_of_this_machine_is_served(fresh: WebServer, origin: str) -> None:
    """Local tools run in browsers, too."""
    async with web_client(fresh, "2025-11-25") as client:
        answer = await client.http.post(
            client.url, content=call("{}"), headers=client.headers("tools/call") | {"origin": origin}
        )
        assert answer.status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])  # noqa: S104 -- refused is the test
def test_only_loopback_addresses_are_listened_on(host: str) -> None:
    """Without authentication nobody else may connect."""
    with pytest.raises(SecurityError) as caught:
        listening_socket(host, 0)
    assert caught.value.document() == {
        "type": "security_error",
        "code": "listen_refused",
        "message": f"Listening on {host} would let others in without asking who they are.",
        "hint": "Use --host 127.0.0.1, or set http_tokens or oauth_issuer.",
        "retry": "never",
    }


def test_a_port_in_use_is_named() -> None:
    """The error says which one, and what to do."""
    with listening_socket("localhost", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValidationError) as caught:
            listening_socket("127.0.0.1", port)
    assert caught.value.message == f"Can't listen on 127.0.0.1 port {port}: Address already in use."


def test_the_url_of_a_socket_can_be_opened() -> None:
    """The address stands in it as URLs want it."""
    with listening_socket("127.0.0.1", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
