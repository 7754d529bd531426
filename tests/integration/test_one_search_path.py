"""A name means the same on every session, whatever becomes of the role's own search path meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

import pgmcp
from pgmcp.domain.policy.parsing import parse_policy
from tests.fixtures.pgbouncer import pooled, transaction_pooler
from tests.fixtures.postgres import MakeDatabase, TestServer

SCHEMA = """
DO $$ BEGIN CREATE ROLE pgmcp_wanderer LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
DO $$ BEGIN CREATE ROLE pgmcp_resident LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
CREATE SCHEMA a; CREATE TABLE a.t (id int PRIMARY KEY, v text); INSERT INTO a.t VALUES (1, 'open');
CREATE SCHEMA b; CREATE TABLE b.t (id int PRIMARY KEY, v text); INSERT INTO b.t VALUES (1, 'hidden');
GRANT USAGE ON SCHEMA a, b TO pgmcp_wanderer, pgmcp_resident;
GRANT SELECT, UPDATE ON a.t, b.t TO pgmcp_wanderer, pgmcp_resident;
"""
POLICY = {"default": "deny", "tables": [{"match": "a.t", "allow": ["read", "update"]}]}
READ = pgmcp.ExecuteQueryRequest(query="SELECT v FROM t")
WRITE = pgmcp.ExecuteQueryRequest(query="UPDATE t SET v = v || '!' RETURNING v", read_only=False)
WANDER = "ALTER ROLE pgmcp_wanderer IN DATABASE {} SET search_path = {}"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def pooler(postgres: TestServer) -> AsyncIterator[str]:
    """A pooler for the tests of this module."""
    async with transaction_pooler(postgres) as found:
        yield found


@pytest.fixture
async def owner(make_database: MakeDatabase) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    """Somebody who alters roles past pgmcp, and the database's address."""
    dsn = await make_database(SCHEMA)
    connection = await asyncpg.connect(dsn)
    yield connection, dsn
    await connection.close()


async def wander(owner: asyncpg.Connection, schema: str) -> None:
    """Give the role another path, and let none of its sessions go on."""
    database = await owner.fetchval("SELECT quote_ident(current_database())")
    await owner.execute(WANDER.format(database, schema))
    await owner.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def said(client: pgmcp.Client, request: pgmcp.ExecuteQueryRequest) -> list[Any]:
    """What a statement gives; asked again where it found that its session had been ended."""
    for _ in range(3):
        try:
            answer = await client.call(request)
        except pgmcp.DatabaseError as error:
            assert error.code.name == "connection_lost"  # noqa: PT017 -- a session that was ended is no defect
            continue
        assert isinstance(answer, pgmcp.DataResponse)
        return [row["v"] for row in answer.rows]
    raise AssertionError("every session was lost")


async def test_a_verdict_is_of_the_tables_that_are_read(owner: tuple[asyncpg.Connection, str], driver: str) -> None:
    """A role whose path is altered reaches no table that the policy hides, neither by reading nor by writing."""
    connection, dsn = owner
    await wander(connection, "a")
    address = dsn.replace("//postgres@", "//pgmcp_wanderer@")
    async with pgmcp.connect(address, driver=driver, access="write", policy=parse_policy(POLICY)) as client:
        assert (await said(client, READ), await said(client, WRITE)) == (["open"], ["open!"])
        await wander(connection, "b")
        assert (await said(client, READ), await said(client, WRITE)) == (["open!"], ["open!!"])
        found = await client.call(pgmcp.ReadRequest(table="t"))
        assert found.rows == [{"id": 1, "v": "open!!"}]
    assert await connection.fetchval("SELECT v FROM b.t") == "hidden"


async def test_sessions_of_two_roles(owner: tuple[asyncpg.Connection, str], driver: str) -> None:
    """What is found out on a session for reading holds on one for writing, though its role has a path of its own."""
    connection, dsn = owner
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute(f"ALTER ROLE pgmcp_resident IN DATABASE {database} SET search_path = b")
    await wander(connection, "a")
    reader, writer = (dsn.replace("//postgres@", f"//{role}@") for role in ("pgmcp_wanderer", "pgmcp_resident"))
    settings = {"read_dsn": reader, "access": "write", "policy": parse_policy(POLICY)}
    async with pgmcp.connect(writer, driver=driver, **settings) as client:
        assert (await said(client, READ), await said(client, WRITE)) == (["open"], ["open!"])
    assert await connection.fetchval("SELECT v FROM b.t") == "hidden"


async def test_behind_a_pooler(owner: tuple[asyncpg.Connection, str], driver: str, pooler: str) -> None:
    """Transactions are given the path that the first one had, whichever session of the pooler's they come to."""
    connection, dsn = owner
    await connection.execute("ALTER DATABASE {} SET search_path = a".format(*[await _name(connection)]))
    settings = {"pooler": "transaction", "access": "write", "policy": parse_policy(POLICY)}
    async with pgmcp.connect(pooled(dsn, pooler), driver=driver, **settings) as client:
        assert (await said(client, READ), await said(client, WRITE)) == (["open"], ["open!"])
        await connection.execute("ALTER DATABASE {} SET search_path = b".format(*[await _name(connection)]))
        await wander(connection, "b")
        assert (await said(client, READ), await said(client, WRITE)) == (["open!"], ["open!!"])
    assert await connection.fetchval("SELECT v FROM b.t") == "hidden"


async def _name(connection: asyncpg.Connection) -> str:
    return str(await connection.fetchval("SELECT quote_ident(current_database())"))
