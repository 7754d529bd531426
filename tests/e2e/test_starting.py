"""A server before its first call, and databases that are not to be had."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.conformance.suite import install, run_scenarios, scenarios
from tests.fixtures.postgres import private_server
from tests.fixtures.served import answer_of, environment, finished, http_server, stdio_server

# Nothing listens on port 1 of the loopback address.
DEAD = "postgresql://someone:hidden-secret@127.0.0.1:1/nowhere"
INITIALIZE = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":'
    b'{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}'
)
LIST = b'{"jsonrpc":"2.0","id":2,"method":"tools/list"}'
READ = b'{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"read_table","arguments":{"table":"team"}}}'
_READING = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}
_CREATING = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": False}
_CHANGING = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": True, "openWorldHint": False}
READ_TOOLS = {
    "list_schemas": _READING,
    "list_tables": _READING,
    "describe_table": _READING,
    "read_table": _READING,
    "execute_query": _READING,
    "explain_query": _READING,
}
WRITE_TOOLS = {
    "list_schemas": _READING,
    "list_tables": _READING,
    "describe_table": _READING,
    "read_table": _READING,
    "create_record": _CREATING,
    "create_records": _CREATING,
    "update_records": _CHANGING,
    "delete_records": _CHANGING,
    "execute_query": _CHANGING | {"idempotentHint": False},
    "explain_query": _CHANGING | {"destructiveHint": False},
    "begin_transaction": _CREATING,
    "commit_transaction": _CREATING,
    "rollback_transaction": _CHANGING | {"idempotentHint": False},
    "create_savepoint": _CREATING,
    "release_savepoint": _CREATING,
    "get_transaction": _READING,
}


@pytest.mark.parametrize(
    "access, tools, most, instructions_say",
    [
        pytest.param("read", READ_TOOLS, 6_000, "You can read; nothing can be changed.", id="read"),
        pytest.param("write", WRITE_TOOLS, 12_000, "You can read and change rows; definitions stay", id="write"),
    ],
)
async def test_nothing_connects_before_the_first_call(
    access: str, tools: dict[str, Any], most: int, instructions_say: str
) -> None:
    """With a dead address a client still learns who serves, how to work here and which tools there are."""
    async with stdio_server(DEAD, access=access) as server:
        greeting = (await server.ask(INITIALIZE))["result"]
        assert (greeting["serverInfo"]["name"], greeting["capabilities"]) == (
            "pgmcp",
            {"tools": {"listChanged": False}},
        )
        assert len(greeting["instructions"].encode()) < 1000
        assert instructions_say in greeting["instructions"]
        await server.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}', LIST)
        line = await server.stdout.readline()
        assert len(line) <= most
        listed = json.loads(line)["result"]["tools"]
        assert {tool["name"]: tool["annotations"] for tool in listed} == tools
        assert [tool["name"] for tool in listed] == list(tools)
        assert {tool["inputSchema"]["additionalProperties"] for tool in listed} == {False}
        found = answer_of(await server.ask(READ))
        assert found.error == {
            "type": "database_error",
            "code": "connection_failed",
            "message": "The database can't be reached: nothing listens there.",
            "hint": "Check that the server runs and that the address is right; `pgmcp check` looks at each part.",
            "retry": "later",
            "details": {"retry_after_ms": 1000},
        }
        server.stdin.close()
        said = (await server.stderr.read()).decode()
        assert await server.process.wait() == 0
        assert "hidden-secret" not in said + found.text


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def guarded(driver: str) -> AsyncIterator[str]:
    """The address of a database whose one role needs a password, for `str.format(password=…, database=…)`."""
    async with private_server() as server:
        admin = await asyncpg.connect(server.admin_dsn)
        try:
            rules = Path(await admin.fetchval("SHOW hba_file"))
            before = await asyncio.to_thread(rules.read_text)
            await asyncio.to_thread(rules.write_text, f"local all guarded scram-sha-256\n{before}")
            await admin.execute("CREATE ROLE guarded LOGIN PASSWORD 'the-right-one'; SELECT pg_reload_conf()")
        finally:
            await admin.close()
        socket = server.admin_dsn.partition("?")[2]
        yield "postgresql://guarded:{password}@/{database}?" + socket


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "password, database, expected",
    [
        pytest.param(
            "hidden-secret",
            "postgres",
            {
                "type": "database_error",
                "code": "authentication_failed",
                "message": "The server refuses the user or the password.",
                "hint": "Check both in the address, and pg_hba.conf on the server.",
                "retry": "never",
                "sqlstate": "28P01",
            },
            id="wrong-password",
        ),
        pytest.param(
            "the-right-one",
            "nowhere",
            {
                "type": "database_error",
                "code": "unknown_database",
                "message": "The server has no database of that name.",
                "hint": "Check the address.",
                "retry": "never",
                "sqlstate": "3D000",
            },
            id="unknown-database",
        ),
    ],
)
async def test_a_database_that_refuses_has_its_whole_answer(
    guarded: str, password: str, database: str, expected: dict[str, Any]
) -> None:
    """The call is answered and the server stays; no secret is told."""
    async with stdio_server(guarded.format(password=password, database=database)) as server:
        await server.handshake()
        found = answer_of(await server.ask(READ))
        assert found.error == expected
        assert (await server.ask(LIST))["id"] == 2
        server.stdin.close()
        said = (await server.stderr.read()).decode()
        assert password not in said + found.text


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "example.org"])  # noqa: S104 -- what is refused
async def test_other_addresses_than_loopback_are_refused(host: str) -> None:
    """Without authentication nobody else may reach the server: it says so and ends."""
    code, out, err = await finished("serve", env=environment(DEAD, transport="http", host=host, port=0))
    assert (code, out) == (2, "")
    assert err == (
        f"pgmcp: Listening on {host} would let others in without asking who they are. [listen_refused]\n"
        "  hint: Use --host 127.0.0.1, or set http_tokens or oauth_issuer.\n"
    )


@pytest.mark.slow
async def test_the_conformance_suite_passes_without_fixtures() -> None:
    """The official scenarios that ask for no fixture, against `pgmcp serve` itself."""
    await install()
    async with http_server(DEAD) as server:
        assert await run_scenarios(server.url, scenarios()["served"]) == {}
