"""What one principal holds is nothing to another: transactions, cursors, receipts, sessions, running calls.

A real server over HTTP, whose callers have tokens of its own and of an authorization server.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from attrs import frozen

from pgmcp.domain.settings import Access
from pgmcp.entrypoints.mcp.identity.tokens import make_token
from tests.e2e.mcp_transport.web import MODERN, VERSIONS, WebClient, messages
from tests.fixtures.databases import fresh_database
from tests.fixtures.issuer import ISSUER, RESOURCE, Issuer
from tests.fixtures.postgres import TestServer, make_folder
from tests.fixtures.served import Answer, answer_of, http_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMA = """
CREATE TABLE items (id int PRIMARY KEY, tenant int NOT NULL DEFAULT 7, name text);
INSERT INTO items SELECT g, 7 + g % 2, 'item ' || g FROM generate_series(1, 20) AS g;
CREATE TABLE made (id serial PRIMARY KEY, tenant int NOT NULL DEFAULT 7, name text);
"""
WIDE = f"CREATE TABLE wide ({', '.join(f'c{number} int' for number in range(80))});"
POLICY = """
[policy]
default = "allow"
[[policy.tables]]
match = "public.items"
for = ["cy"]
rows = { tenant = { eq = "$tenant" } }
"""
ISSUED = Issuer()
STATIC = {name: make_token(name, Access.WRITE) for name in ("ana", "bo")}
SCOPE = "pgmcp:read pgmcp:write"
TOKENS: Mapping[str, str] = {name: made.text for name, made in STATIC.items()} | {
    "cy of 7": ISSUED.token(sub="cy", tenant=7, scope=SCOPE),
    "cy of 8": ISSUED.token(sub="cy", tenant=8, scope=SCOPE),
    "dee": ISSUED.token(sub="dee", tenant=7, scope=SCOPE),
}
PAIRS = [
    pytest.param("ana", "bo", id="tokens of our own"),
    pytest.param("dee", "cy of 7", id="JWTs"),
    pytest.param("ana", "dee", id="one of each"),
    pytest.param("cy of 7", "cy of 8", id="the same name for another tenant"),
]
# Every tool that runs in a transaction, with arguments that its owner could use.
HELD: Mapping[str, Mapping[str, Any]] = {
    "read_table": {"table": "items"},
    "create_record": {"table": "made", "data": {"name": "x"}},
    "create_records": {"table": "made", "records": [{"name": "x"}]},
    "update_records": {"table": "items", "filters": {"id": 1}, "data": {"name": "x"}},
    "delete_records": {"table": "items", "filters": {"id": 1}},
    "execute_query": {"query": "SELECT 1"},
    "explain_query": {"query": "SELECT 1"},
    "commit_transaction": {},
    "rollback_transaction": {},
    "create_savepoint": {"name": "s"},
    "release_savepoint": {"name": "s"},
    "get_transaction": {},
}


@frozen
class Callers:
    """The server, and a client for whoever has a token."""

    url: str
    http: httpx.AsyncClient

    def headers(self, name: str) -> dict[str, str]:
        """A caller's token."""
        return {"authorization": f"Bearer {TOKENS[name]}"}

    async def __call__(self, name: str, tool: str, /, **arguments: Any) -> Answer:
        """Call a tool in somebody's name."""
        client = WebClient(self.http, self.url, MODERN)
        body = client.call_body(tool, json.dumps(arguments))
        headers = client.headers("tools/call", tool) | self.headers(name)
        (message,) = messages(await self.http.post(self.url, content=body, headers=headers))
        return answer_of(message)

    @asynccontextmanager
    async def session(self, name: str, version: str) -> AsyncIterator[WebClient]:
        """A caller's session, in a version of the protocol that has such a thing."""
        async with httpx.AsyncClient(timeout=30, headers=self.headers(name)) as http:
            client = WebClient(http, self.url, version)
            await client.handshake()
            yield client


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def ask(postgres: TestServer, driver: str) -> AsyncIterator[Callers]:
    """A server that takes both kinds of tokens, under a policy."""
    folder = make_folder()
    keys, config = folder / "jwks.json", folder / "pgmcp.toml"
    keys.write_text(ISSUED.key_set())
    config.write_text(POLICY)
    settings = {
        "config": config,
        "http_tokens": ",".join(made.line for made in STATIC.values()),
        "oauth_issuer": ISSUER,
        "oauth_jwks": keys,
        "oauth_resource": RESOURCE,
        "oauth_attributes": "tenant",
    }
    async with (
        fresh_database(postgres, SCHEMA + WIDE) as dsn,
        http_server(dsn, **settings) as server,
        httpx.AsyncClient(timeout=30) as http,
    ):
        yield Callers(server.url, http)


@pytest.mark.parametrize("owner, stranger", PAIRS)
async def test_a_transaction(ask: Callers, owner: str, stranger: str) -> None:
    """No tool runs in another's, and none tells it from one that never was; its owner goes on in it."""
    handle = (await ask(owner, "begin_transaction")).document["transaction_id"]
    changed = await ask(
        owner, "update_records", table="items", filters={"name": "item 2"}, data={"name": "mine"}, transaction_id=handle
    )
    assert not changed.is_error
    forged = "A" * len(handle)
    for tool, arguments in HELD.items():
        stolen = await ask(stranger, tool, **arguments, transaction_id=handle)
        invented = await ask(stranger, tool, **arguments, transaction_id=forged)
        assert stolen.error["code"] == "transaction_unknown", tool
        assert stolen.text == invented.text
    assert (await ask(owner, "get_transaction", transaction_id=handle)).document["state"] == "idle"
    assert (await ask(owner, "rollback_transaction", transaction_id=handle)).document["outcome"] == "rolled_back"
    after = await ask(stranger, "get_transaction", transaction_id=handle)
    assert after.error["code"] == "transaction_unknown"


async def test_no_tool_is_left_out(ask: Callers) -> None:
    """Whatever takes a transaction is tried above."""
    client = WebClient(ask.http, ask.url, MODERN)
    body = client.call_body("x", "{}").replace(b'"tools/call"', b'"tools/list"')
    answer = await ask.http.post(ask.url, content=body, headers=client.headers("tools/list") | ask.headers("ana"))
    tools = messages(answer)[0]["result"]["tools"]
    assert {tool["name"] for tool in tools if "transaction_id" in tool["inputSchema"]["properties"]} == set(HELD)


@pytest.mark.parametrize("owner, stranger", PAIRS)
@pytest.mark.parametrize(
    "tool, arguments",
    [
        pytest.param("read_table", {"table": "items", "limit": 2}, id="read_table"),
        pytest.param("list_tables", {"limit": 1}, id="list_tables"),
        pytest.param("describe_table", {"table": "wide"}, id="describe_table"),
    ],
)
async def test_a_cursor(ask: Callers, owner: str, stranger: str, tool: str, arguments: dict[str, Any]) -> None:
    """It leads on for whom it was made for alone."""
    cursor = (await ask(owner, tool, **arguments)).document["next_cursor"]
    stolen = await ask(stranger, tool, **arguments, cursor=cursor)
    assert stolen.error["code"] == "cursor_invalid"
    assert not (await ask(owner, tool, **arguments, cursor=cursor)).is_error


@pytest.mark.parametrize("owner, stranger", PAIRS)
async def test_a_receipt(ask: Callers, owner: str, stranger: str) -> None:
    """The same key and request of another's is a write of their own, or a conflict; never the first one's answer."""
    write = {"table": "made", "data": {"name": owner}, "returning": ["id"], "idempotency_key": f"{owner} {stranger}"}
    first = await ask(owner, "create_record", **write)
    other = await ask(stranger, "create_record", **write)
    if owner.partition(" ")[0] == stranger.partition(" ")[0]:
        assert other.error["code"] == "idempotency_conflict"
    else:
        assert other.rows != first.rows
    assert (await ask(owner, "create_record", **write)).rows == first.rows


@pytest.mark.parametrize("version", [version for version in VERSIONS if version < MODERN])
@pytest.mark.parametrize("owner, stranger", PAIRS[:3])
async def test_a_session(ask: Callers, version: str, owner: str, stranger: str) -> None:
    """Nobody calls, listens or ends in another's session."""
    async with ask.session(owner, version) as mine:
        headers = mine.headers("ping") | ask.headers(stranger)
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        for method in ("POST", "GET", "DELETE"):
            answer = await ask.http.request(method, ask.url, headers=headers, json=ping if method == "POST" else None)
            assert answer.status_code == 404, method
        (answered,) = await mine.call("list_schemas")
        assert not answer_of(answered).is_error


@pytest.mark.parametrize("owner, stranger", PAIRS)
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_running_call(ask: Callers, version: str, owner: str, stranger: str) -> None:
    """A cancellation that names the same request ends nothing of another's."""
    handle = (await ask(owner, "begin_transaction")).document["transaction_id"]
    row = {"table": "made", "filters": {"id": {"gt": 0}}, "data": {"name": "locked"}, "max_rows": 1000}
    await ask(owner, "create_record", table="made", data={"name": "there"})
    assert not (await ask(owner, "update_records", **row, transaction_id=handle)).is_error
    async with ask.session(owner, version) as mine, ask.session(stranger, version) as theirs:
        waiting = asyncio.create_task(mine.call("update_records", json.dumps(row), request=77))
        while not (await ask(owner, "get_transaction", transaction_id=handle)).document.get("blocking"):
            pass
        await theirs.notify("notifications/cancelled", {"requestId": 77, "reason": "not mine"})
        # In the sessionless version a stranger's own call of that id is another one, too.
        assert not answer_of((await theirs.call("list_schemas", request=77))[-1]).is_error
        assert not (await ask(owner, "commit_transaction", transaction_id=handle)).is_error
        assert not answer_of((await waiting)[-1]).is_error
