"""How calls and servers end: cancelled, timed out, left by their client, told to stop."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.e2e.mcp_transport.pipes import ServerProcess
from tests.e2e.mcp_transport.web import MODERN, WebClient
from tests.fixtures.databases import fresh_database
from tests.fixtures.postgres import TestServer
from tests.fixtures.served import answer_of, http_server, stdio_server

PING = b'{"jsonrpc":"2.0","id":"ping","method":"ping"}'
PONG = {"jsonrpc": "2.0", "id": "ping", "result": {}}
TABLE = "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)"
SLEEP = {"query": "SELECT pg_sleep(60)"}
# Long enough to be met in the middle of it, on a busy machine too.
SLOW_WRITE = {"query": "INSERT INTO item SELECT 1 + max(id) FROM item, pg_sleep(5)", "read_only": False}
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
LOCKED = "SELECT count(*) FROM pg_locks WHERE relation = 'item'::regclass AND pid <> pg_backend_pid()"
# A third of the statement's own 60 s, and of the grace where a server has so much: what is over by then was stopped.
# How fast that is, `scripts/bench cancelling` measures.
_STOPPED_S = 20
_PATIENT = 60


class Watch:
    """Another session, that sees what the server runs."""

    def __init__(self, session: asyncpg.Connection) -> None:
        self._session = session

    async def sleeping(self) -> int:
        """How many other sessions are in the middle of a `pg_sleep`."""
        count: int = await self._session.fetchval(SLEEPING)
        return count

    async def until(self, count: int) -> None:
        """Wait until so many sleep."""
        async with asyncio.timeout(_STOPPED_S):
            while await self.sleeping() != count:  # noqa: ASYNC110 -- another process is what is waited for
                await asyncio.sleep(0.005)

    async def until_free(self) -> None:
        """Wait until no other session holds a lock on the table."""
        async with asyncio.timeout(_STOPPED_S):
            while await self._session.fetchval(LOCKED):  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.005)

    async def items(self) -> int:
        """How many rows the table has."""
        count: int = await self._session.fetchval("SELECT count(*) FROM item")
        return count


@asynccontextmanager
async def watching(dsn: str) -> AsyncIterator[Watch]:
    """A session beside the server's own."""
    session = await asyncpg.connect(dsn)
    try:
        yield Watch(session)
    finally:
        await session.close()


def frame(tool: str, arguments: dict[str, Any], request: int = 5) -> bytes:
    """A `tools/call`."""
    params = {"name": tool, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": request, "method": "tools/call", "params": params}).encode()


async def started(server: ServerProcess, watch: Watch, arguments: dict[str, Any]) -> None:
    """Send a statement and wait until PostgreSQL runs it."""
    await server.send(frame("execute_query", arguments))
    await watch.until(1)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def piped(postgres: TestServer, driver: str) -> AsyncIterator[tuple[ServerProcess, Watch]]:
    """One server on pipes for the tests that leave it as it was."""
    async with fresh_database(postgres, TABLE) as dsn, watching(dsn) as watch, stdio_server(dsn) as server:
        yield await server.handshake(), watch


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def listening(postgres: TestServer, driver: str) -> AsyncIterator[tuple[str, Watch]]:
    """The URL of one server for the tests that leave it as it was."""
    async with fresh_database(postgres, TABLE) as dsn, watching(dsn) as watch, http_server(dsn) as server:
        yield server.url, watch


@asynccontextmanager
async def web_client(url: str, version: str) -> AsyncIterator[WebClient]:
    """A client that is ready to call."""
    async with httpx.AsyncClient(timeout=30) as http:
        client = WebClient(http, url, version)
        await client.handshake()
        yield client


@pytest.mark.asyncio(loop_scope="module")
class TestCalls:
    async def test_a_cancelled_call_stops_on_the_server(self, piped: tuple[ServerProcess, Watch]) -> None:
        """Soon after the notification nothing runs any more, and the next call is served."""
        server, watch = piped
        await started(server, watch, SLEEP)
        await server.send(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}')
        await watch.until(0)
        assert await server.ask(PING) == PONG
        assert answer_of(await server.ask(frame("read_table", {"table": "item"}))).rows == [[1]]

    async def test_a_timeout_stops_on_the_server(self, piped: tuple[ServerProcess, Watch]) -> None:
        """The call's own deadline ends its statement too; whose clock is first, ours or the server's, is chance."""
        server, watch = piped
        answer = answer_of(await server.ask(frame("execute_query", SLEEP | {"timeout_ms": 1000})))
        ours = {
            "type": "database_error",
            "code": "call_timeout",
            "message": "The call ran out of its time; its statement was stopped.",
            "hint": "Ask for less (a narrower filter, fewer rows) or give the call more time.",
            "retry": "later",
            "details": {"retry_after_ms": 1000},
        }
        assert answer.error is not None
        assert answer.error == ours or (answer.error["code"], answer.error["sqlstate"]) == (
            "statement_timeout",
            "57014",
        )
        assert await watch.sleeping() == 0

    async def test_over_http_a_notification_cancels(self, listening: tuple[str, Watch]) -> None:
        """In a version with sessions the notification comes in a request of its own."""
        url, watch = listening
        async with web_client(url, "2025-11-25") as client:
            call = asyncio.create_task(client.call("execute_query", json.dumps(SLEEP), request=9))
            await watch.until(1)
            await client.notify("notifications/cancelled", {"requestId": 9})
            await watch.until(0)
            call.cancel()

    @pytest.mark.parametrize("version", ["2025-11-25", MODERN])
    async def test_a_read_ends_with_its_client(self, listening: tuple[str, Watch], version: str) -> None:
        """Who hangs up wants no answer: a statement that may only read is stopped."""
        url, watch = listening
        async with web_client(url, version) as client:
            call = asyncio.create_task(client.call("execute_query", json.dumps(SLEEP)))
            await watch.until(1)
            call.cancel()
            await watch.until(0)

    @pytest.mark.parametrize("version", ["2025-11-25", MODERN])
    async def test_a_write_outlives_its_client(self, listening: tuple[str, Watch], version: str) -> None:
        """Who hangs up can't know whether a write took effect, so it runs to its end."""
        url, watch = listening
        before = await watch.items()
        async with web_client(url, version) as client:
            call = asyncio.create_task(client.call("execute_query", json.dumps(SLOW_WRITE)))
            await watch.until(1)
            call.cancel()
            async with asyncio.timeout(20):
                while await watch.items() == before:  # noqa: ASYNC110 -- another process is what is waited for
                    await asyncio.sleep(0.01)


async def test_closing_stdin_cancels_and_ends_with_0(postgres: TestServer) -> None:
    """The client is gone: its statement is stopped and the server leaves in peace."""
    async with (
        fresh_database(postgres, TABLE) as dsn,
        watching(dsn) as watch,
        stdio_server(dsn, shutdown_grace_s=_PATIENT) as server,
    ):
        await server.handshake()
        await started(server, watch, SLEEP)
        server.stdin.close()
        await watch.until(0)
        assert await server.process.wait() == 0


SLOWEST_WRITE = {"query": "INSERT INTO item SELECT 1 + max(id) FROM item, pg_sleep(60)", "read_only": False}


@pytest.mark.parametrize("how", ["a notification", "stdin closed", "SIGTERM", "a deadline"])
async def test_the_audit_says_what_became_of_a_write_that_was_stopped(
    postgres: TestServer, driver: str, how: str, tmp_path: Path
) -> None:
    """However it was stopped, nothing of it is there, and that is on record."""
    audit = tmp_path / "audit.jsonl"
    # A machine that is busy gets all the time that it needs to hear how a statement ended; without, it is unknown.
    settings = {"driver": driver, "audit_file": str(audit), "shutdown_grace_s": 0.2, "settle_s": _PATIENT}
    async with (
        fresh_database(postgres, TABLE) as dsn,
        watching(dsn) as watch,
        stdio_server(dsn, **settings) as server,
    ):
        await server.handshake()
        # Time enough for a first call to come so far, on a busy machine too.
        limit = {"timeout_ms": 8000} if how == "a deadline" else {}
        ending = ("cancelled", "cancelled")
        await server.send(frame("execute_query", SLOWEST_WRITE | limit))
        if how == "a deadline":
            error = answer_of(await server.receive()).error
            assert error["details"]["outcome"] == "rolled_back"
            # The server has the same limit, and where the process was held up it is the first to stop the statement.
            assert error["code"] in {"call_timeout", "statement_timeout"}
            ending = ("failed", error["code"])
        else:
            await watch.until(1)
        if how == "a notification":
            await server.send(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}')
            await watch.until(0)
        if how == "SIGTERM":
            server.process.send_signal(signal.SIGTERM)
        else:
            server.stdin.close()
        assert await server.process.wait() == 0
        assert (await watch.sleeping(), await watch.items()) == (0, 1)
    ends = [line for line in map(json.loads, audit.read_text().splitlines()) if line["phase"] == "call"]
    assert [(line["ending"], line["error"], line["outcome"]) for line in ends] == [(*ending, "rolled_back")]


async def test_sigterm_rolls_idle_transactions_back_at_once(postgres: TestServer) -> None:
    """While another call still has its grace; the one who held it hears of it no more."""
    async with (
        fresh_database(postgres, TABLE) as dsn,
        watching(dsn) as watch,
        stdio_server(dsn, shutdown_grace_s=_PATIENT) as server,
    ):
        await server.handshake()
        begun = answer_of(await server.ask(frame("begin_transaction", {}, 3))).document
        write = {"query": "INSERT INTO item VALUES (7)", "read_only": False} | {
            "transaction_id": begun["transaction_id"]
        }
        assert answer_of(await server.ask(frame("execute_query", write, 4))).document["count"] == 1
        await started(server, watch, SLEEP)
        server.process.send_signal(signal.SIGTERM)
        await watch.until_free()
        assert await watch.items() == 1
        server.stdin.close()
        assert await server.process.wait() == 0


async def test_sigterm_lets_a_write_finish(postgres: TestServer) -> None:
    """A running call is answered, what it wrote is there, the exit code is 0."""
    async with (
        fresh_database(postgres, TABLE) as dsn,
        watching(dsn) as watch,
        stdio_server(dsn, shutdown_grace_s=_PATIENT) as server,
    ):
        await server.handshake()
        await started(server, watch, SLOW_WRITE)
        server.process.send_signal(signal.SIGTERM)
        assert answer_of(await server.receive()).document == {"ok": True, "count": 1}
        assert await server.process.wait() == 0
        assert await watch.items() == 2


async def test_sigterm_cancels_what_outlives_the_grace(postgres: TestServer) -> None:
    """A statement that doesn't end in time is stopped on the server before the process ends."""
    async with (
        fresh_database(postgres, TABLE) as dsn,
        watching(dsn) as watch,
        stdio_server(dsn, shutdown_grace_s=0.2) as server,
    ):
        await server.handshake()
        await started(server, watch, SLEEP)
        server.process.send_signal(signal.SIGTERM)
        assert await server.process.wait() == 0
        assert await watch.sleeping() == 0


async def test_sigterm_ends_a_server_of_http(postgres: TestServer) -> None:
    """With a session open and nothing running there is nothing to wait for."""
    async with (
        fresh_database(postgres, TABLE) as dsn,
        http_server(dsn) as server,
        web_client(server.url, "2025-11-25") as client,
    ):
        assert await client.call("read_table", '{"table":"item"}')
        server.process.send_signal(signal.SIGTERM)
        assert await server.process.wait() == 0


async def test_a_killed_server_leaves_no_statement(postgres: TestServer) -> None:
    """SIGKILL leaves no time for a cancel request: PostgreSQL itself finds out that nobody is there."""
    async with fresh_database(postgres, TABLE) as dsn, watching(dsn) as watch, stdio_server(dsn) as server:
        await server.handshake()
        await started(server, watch, SLEEP)
        server.process.kill()
        await watch.until(0)  # it looks every second, and would sleep for sixty


@pytest.mark.parametrize(
    "limits, statement",
    [
        # Long enough for the calls until then, on a busy machine too.
        pytest.param({"idle_timeout_s": 9}, "SELECT 1", id="idle"),
        # A statement runs all the while, so that this limit alone can end it.
        pytest.param({"timeout_s": 9}, "SELECT pg_sleep(30)", id="in all"),
    ],
)
async def test_a_lease_of_a_server_that_is_stopped_ends_by_itself(
    postgres: TestServer, limits: dict[str, Any], statement: str
) -> None:
    """PostgreSQL has its limits too: its locks go, and once the process goes on the handle says what happened."""
    async with fresh_database(postgres, TABLE) as dsn, watching(dsn) as watch, stdio_server(dsn) as server:
        await server.handshake()
        # What a first call of its kind costs is over before the time runs.
        first = {"table": "item", "data": {"id": 6}}
        assert answer_of(await server.ask(frame("create_record", first, 2))).document["count"] == 1
        begun = answer_of(await server.ask(frame("begin_transaction", limits, 3))).document
        within = {"transaction_id": begun["transaction_id"]}
        write = {"table": "item", "data": {"id": 7}} | within
        assert answer_of(await server.ask(frame("create_record", write, 4))).document["count"] == 1
        await server.send(frame("execute_query", {"query": statement} | within))
        if "pg_sleep" in statement:
            await watch.until(1)
        else:
            assert answer_of(await server.receive()).rows == [[1]]
        server.process.send_signal(signal.SIGSTOP)
        try:
            await watch.until_free()
            assert await watch.items() == 2
        finally:
            server.process.send_signal(signal.SIGCONT)
        if "pg_sleep" in statement:
            assert answer_of(await server.receive()).error["code"] == "transaction_ended"
        late = answer_of(await server.ask(frame("commit_transaction", within, 6))).error
        assert (late["code"], late["details"]) == (
            "transaction_ended",
            {"outcome": "rolled_back", "reason": "expired"},
        )
        server.stdin.close()
        assert await server.process.wait() == 0
