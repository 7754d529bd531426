"""Several processes on one socket: each serves any request, one that ends is replaced, and none outlives the first."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psutil
import pytest

from tests.e2e.mcp_transport.web import MODERN, WebClient
from tests.fixtures.served import HttpServer, HttpWire, call, environment, finished, http_server

ALONE = "postgresql://someone@127.0.0.1:1/nowhere"


@asynccontextmanager
async def served() -> AsyncIterator[HttpServer]:
    """Two workers, in front of no database."""
    async with http_server(ALONE, access="read", workers=2) as server:
        yield server


async def workers_of(server: HttpServer) -> list[psutil.Process]:
    """The two processes that serve, once there are two: the first serves before the second has been started."""
    async with asyncio.timeout(20):
        while len(found := psutil.Process(server.process.pid).children()) < 2:  # noqa: ASYNC110 -- another process is what is waited for
            await asyncio.sleep(0.01)
    return found


async def answers(server: HttpServer) -> bool:
    """Whether a request is answered, on a connection of its own."""
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await call(HttpWire(WebClient(http, server.url, MODERN)), "read_table", {"table": 1})
    return bool(answer.error["code"] == "wrong_type")


async def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them end in good time."""
    ended, alive = await asyncio.to_thread(psutil.wait_procs, processes, 20)
    return len(ended) == len(processes) and not alive


async def test_all_end_with_the_first() -> None:
    """SIGTERM to the process that was started stops them all, and it ends well."""
    async with served() as server:
        assert all([await answers(server) for _ in range(6)])
        workers = await workers_of(server)
        assert len(workers) == 2
        server.process.send_signal(signal.SIGTERM)
        assert await gone(workers)
        assert await server.process.wait() == 0


async def test_one_that_ends_is_replaced() -> None:
    """Requests are answered all along."""
    async with served() as server:
        assert await answers(server)
        first, other = await workers_of(server)
        first.kill()
        assert server.process.stderr is not None
        assert b"another takes its place" in await server.process.stderr.readline()
        assert await gone([first])
        other.kill()
        assert b"another takes its place" in await server.process.stderr.readline()
        assert all([await answers(server) for _ in range(6)])
        assert not {first, other} & set(await workers_of(server))


async def test_none_outlives_the_first() -> None:
    """However it ends."""
    async with served() as server:
        assert await answers(server)
        workers = await workers_of(server)
        os.kill(server.process.pid, signal.SIGKILL)
        assert await gone(workers)


async def test_a_session_is_not_needed() -> None:
    """A client of an older protocol is answered by whichever process hears it."""
    async with served() as server, httpx.AsyncClient(timeout=30) as http:
        headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        for _ in range(6):
            answer = await http.post(server.url, json=message, headers=headers | {"connection": "close"})
            assert answer.status_code == 200
            assert "mcp-session-id" not in answer.headers
        page = await http.get(server.url.replace("/mcp", "/metrics"))
        assert (page.status_code, "opentelemetry" in page.text) == (501, True)


@pytest.mark.parametrize(
    "settings, said",
    [
        pytest.param({"transport": "stdio"}, "--transport http", id="stdio"),
        pytest.param({"access": "write"}, "--tools schema,data,query", id="transactions"),
        pytest.param({"driver": "memory", "dsn": None}, "one worker", id="memory"),
        pytest.param({"workers": 0}, "from 1 to 64", id="none"),
        pytest.param({"host": "0.0.0.0"}, "http_tokens", id="nobody is asked"),  # noqa: S104 -- refused is the test
    ],
)
async def test_what_several_processes_can_not_serve(settings: dict[str, object], said: str) -> None:
    """It is refused at the start, with the way out."""
    given = {"workers": 2, "transport": "http", "port": 0, "access": "read"} | settings
    code, _, err = await finished("serve", env=environment(given.pop("dsn", ALONE), **given))  # type: ignore[arg-type]  # a text or None
    assert code == 2
    assert said in err
