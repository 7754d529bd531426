"""What errors and transactions tell of tables that nobody named: the other side of a key, what a trigger reaches."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

import pgmcp
from tests.fixtures.declared import sql_of
from tests.fixtures.postgres import TestServer, databases

ID = pgmcp.column("int4", nullable=False)
TABLES = {
    "vault": pgmcp.table(columns={"id": ID}, primary_key="id", rows=[{"id": 1}]),
    "places": pgmcp.table(columns={"id": ID}, primary_key="id", rows=[{"id": 1}]),
    "visits": pgmcp.table(
        columns={"id": ID, "vault": "int4", "place": "int4"},
        primary_key="id",
        foreign_keys=[pgmcp.foreign_key("vault", "vault"), pgmcp.foreign_key("place", "places", on_delete="restrict")],
        rows=[{"id": 1, "vault": 1, "place": 1}],
    ),
}
WRITES = ["read", "create", "update", "delete"]
POLICY = {
    "default": "deny",
    "tables": [{"match": "public.visits", "allow": WRITES}, {"match": "public.places", "allow": WRITES}],
}


@pytest.fixture(params=["memory", "asyncpg", "psycopg"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[pgmcp.Client]:
    """A client that may know of visits and places, and of no vault."""
    server: TestServer = request.getfixturevalue("postgres")
    async with databases(server) as make_database:
        if request.param == "memory":
            made = pgmcp.memory(TABLES, policy=POLICY, access="write")
        else:
            dsn = await make_database(sql_of(TABLES))
            made = pgmcp.connect(dsn, driver=request.param, policy=POLICY, access="write")
        async with made as connected:
            yield connected


async def ask(client: pgmcp.Client, tool: str, **arguments: Any) -> Any:
    """A tool's answer."""
    return json.loads(await {each.name: each for each in client.tools()}[tool].call(arguments))


@pytest.mark.parametrize(
    "tool, arguments, constraint",
    [
        pytest.param("create_record", {"data": {"id": 2, "vault": 9}}, None, id="a hidden table lacks the row"),
        pytest.param("create_record", {"data": {"id": 2, "place": 9}}, "visits_place_fkey", id="a known one lacks it"),
        pytest.param(
            "update_records", {"filters": {"id": 1}, "data": {"vault": 9}}, None, id="a change, and a hidden table"
        ),
        pytest.param(
            "delete_records", {"table": "places", "filters": {"id": 1}}, "visits_place_fkey", id="a known one refers"
        ),
    ],
)
async def test_a_key_names_what_both_its_tables_may_be_known_for(
    client: pgmcp.Client, tool: str, arguments: dict[str, Any], constraint: str | None
) -> None:
    """The name of a foreign key tells of the table that it refers to."""
    error = (await ask(client, tool, **{"table": "visits", **arguments}))["error"]
    assert error["details"].get("constraint") == constraint
    assert ("fkey" in json.dumps(error)) is (constraint is not None)


async def test_locks_are_told_of_what_may_be_known(client: pgmcp.Client) -> None:
    """A key's check locks the other table too."""
    handle = (await ask(client, "begin_transaction"))["transaction_id"]
    await ask(client, "create_record", table="visits", data={"id": 2, "vault": 1}, transaction_id=handle)
    state = await ask(client, "get_transaction", transaction_id=handle)
    assert {each["relation"] for each in state["locks"]} == {"visits"}
