"""`/healthz`, `/readyz` and `/metrics` of a server over HTTP, on a socket of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.mcp.hosts import allowed
from pgmcp.entrypoints.mcp.http import http_gate, listening_socket, serve_socket, url_of
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.pages import Pages
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.toolbox import CallControls
from pgmcp.entrypoints.monitoring import guarded_pages, open_pages

NOWHERE = "postgresql://nobody:hunter2@127.0.0.1:1/none"


@asynccontextmanager
async def served(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a database's server."""
    listener = listening_socket("127.0.0.1", 0)
    gate = http_gate(MCPServer(MCPRouter(database), ServeLimits(), Principal("tester")), allowed(Settings()))
    app = Pages(Pages(gate, guarded_pages(database), gate.security), open_pages(database))
    stop = asyncio.Event()
    base = url_of(listener).removesuffix("/mcp")
    serving = asyncio.create_task(serve_socket(app, listener, stop, gate.close, ServeLimits()))
    try:
        async with httpx.AsyncClient(base_url=base, timeout=20, trust_env=False) as client:
            yield client
    finally:
        stop.set()
        await serving
        await database.aclose()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """One of a database in memory, which was called once."""
    database = build(Settings(driver="memory"))
    await MCPRouter(database).call("list_tables", b"{}", CallControls(id="1", principal=Principal("ana")))
    async with served(database) as made:
        yield made


async def test_it_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    """Whatever the Host header says: a probe calls by address."""
    for path, status in (("/healthz", "ok"), ("/readyz", "ready")):
        found = await client.get(path, headers={"host": "10.0.0.7:8000"})
        assert (found.status_code, found.json(), found.headers["cache-control"]) == (
            200,
            {"status": status},
            "no-store",
        )


async def test_it_is_alive_but_not_ready() -> None:
    """The database is not there: the code says why, and nothing says where or with which password."""
    async with served(build(Settings(dsn=Secret(NOWHERE)))) as client:
        assert (await client.get("/healthz")).status_code == 200
        found = await client.get("/readyz")
        assert (found.status_code, found.json()) == (503, {"status": "unready", "code": "connection_failed"})


async def test_it_is_alive_but_stopping() -> None:
    """Told to end, it says so for as long as what runs has its grace: nobody is sent here any more."""
    database = build(Settings(driver="memory"))
    async with served(database) as client:
        await MCPRouter(database).stopping()
        assert (await client.get("/healthz")).status_code == 200
        found = await client.get("/readyz")
        assert (found.status_code, found.json()) == (503, {"status": "unready", "code": "shutting_down"})


async def test_metrics(client: httpx.AsyncClient) -> None:
    """As the client library's parser reads them."""
    found = await client.get("/metrics")
    families = {each.name: each for each in text_string_to_metric_families(found.text)}
    (count,) = (each.value for each in families["pgmcp_call_duration_seconds"].samples if each.name.endswith("_count"))
    assert (found.status_code, count) == (200, 1)
    assert found.headers["content-type"].startswith("text/plain; version=")


async def test_metrics_are_not_for_a_page_that_rebound_its_name(client: httpx.AsyncClient) -> None:
    """They name tables: only a request that names this machine gets them."""
    assert (await client.get("/metrics", headers={"host": "evil.example"})).status_code == 421


async def test_other_methods(client: httpx.AsyncClient) -> None:
    """HEAD has no body, POST is refused."""
    head = await client.head("/healthz")
    assert (head.status_code, head.content) == (200, b"")
    assert (await client.post("/healthz")).status_code == 405


async def test_the_rest_is_the_server_s(client: httpx.AsyncClient) -> None:
    """A path that is no page goes on to MCP's app."""
    assert (await client.get("/nothing")).status_code == 404
