"""What is made and altered in a transaction is so for every tool in it, and for nobody else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve

import pgmcp
from tests.fixtures.databases import fresh_database
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.postgres import TestServer

MAKE = pgmcp.ExecuteQueryRequest(query="CREATE TABLE made (id int PRIMARY KEY, mood mood, note text)", read_only=False)
READ = pgmcp.ReadRequest(table="made", filters={"mood": "ok"})
SQL = "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE SCHEMA aside"


@pytest.mark.parametrize("driver", CLIENTS)
@pytest.mark.parametrize("kept", [True, False])
async def test_a_table_of_ones_own(postgres: TestServer, driver: str, *, kept: bool) -> None:
    """Written and read by structured tools before anybody else knows of it; undone with its transaction."""
    async with fresh_database(postgres, SQL) as dsn, pgmcp.connect(dsn, driver=driver, access="admin") as db:
        tx = await db.call(pgmcp.BeginTransactionRequest())
        handle = tx.transaction_id
        await db.call(evolve(MAKE, transaction_id=handle))
        await db.call(pgmcp.CreateRequest(table="made", data={"id": 1, "mood": "ok"}, transaction_id=handle))
        await db.call(
            pgmcp.UpdateRequest(table="public.made", filters={"id": 1}, data={"note": "x"}, transaction_id=handle)
        )
        answer = await db.call(evolve(READ, transaction_id=handle))
        assert answer.rows == [{"id": 1, "mood": "ok", "note": "x"}]
        with pytest.raises(pgmcp.NotFoundError):
            await db.call(READ)
        if kept:
            await db.call(pgmcp.CommitTransactionRequest(transaction_id=handle))
            assert (await db.call(READ)).rows == answer.rows
            return
        await db.call(pgmcp.RollbackTransactionRequest(transaction_id=handle))
        with pytest.raises(pgmcp.NotFoundError):
            await db.call(READ)


@pytest.mark.parametrize("driver", CLIENTS)
async def test_what_is_nowhere(postgres: TestServer, driver: str) -> None:
    """Has its usual answer, and the transaction goes on."""
    async with fresh_database(postgres, SQL) as dsn, pgmcp.connect(dsn, driver=driver, access="admin") as db:
        async with db.transaction() as tx:
            await tx.call(MAKE)
            with pytest.raises(pgmcp.NotFoundError) as caught:
                await tx.call(pgmcp.ReadRequest(table="other"))
            assert caught.value.code.name == "unknown_table"
            await tx.call(pgmcp.CreateRequest(table="made", data={"id": 1}))
        assert (await db.call(pgmcp.ReadRequest(table="made"))).count == 1


async def rows_of(db: pgmcp.Client, request: pgmcp.ExecuteQueryRequest) -> tuple[list[dict[str, Any]], list[str]]:
    """Those of a statement, with their types."""
    answer = await db.call(request)
    assert isinstance(answer, pgmcp.DataResponse)
    return list(answer.rows), list(answer.types)


@pytest.mark.parametrize("driver", CLIENTS)
async def test_a_table_that_is_altered(postgres: TestServer, driver: str) -> None:
    """A new column is there, one that is gone is not asked for, another type is written as such."""
    sql = "CREATE TABLE t (id int PRIMARY KEY, a int, gone text); INSERT INTO t VALUES (1, 5, 'x')"
    async with fresh_database(postgres, sql) as dsn, pgmcp.connect(dsn, driver=driver, access="admin") as db:
        read = pgmcp.ReadRequest(table="t")
        before = await db.call(read)
        select = pgmcp.ExecuteQueryRequest(query="SELECT a FROM t")
        assert await rows_of(db, select) == ([{"a": 5}], ["int4"])
        begun = await db.call(pgmcp.BeginTransactionRequest())
        handle = begun.transaction_id
        assert (await db.call(evolve(read, transaction_id=handle))).rows == before.rows
        for change in ("ADD b date", "DROP gone", "ALTER a TYPE text", "RENAME TO t2"):
            alter = pgmcp.ExecuteQueryRequest(query=f"ALTER TABLE t {change}", read_only=False, transaction_id=handle)
            await db.call(alter)
            if change.startswith("ALTER"):
                assert await rows_of(db, evolve(select, transaction_id=handle)) == ([{"a": "5"}], ["text"])
        await db.call(
            pgmcp.UpdateRequest(table="t2", filters={"a": "5"}, data={"b": "2024-02-29"}, transaction_id=handle)
        )
        answer = await db.call(pgmcp.ReadRequest(table="t2", transaction_id=handle))
        assert answer.rows == [{"id": 1, "a": "5", "b": date(2024, 2, 29)}]
        with pytest.raises(pgmcp.NotFoundError):
            await db.call(evolve(read, transaction_id=handle))
        await db.call(pgmcp.RollbackTransactionRequest(transaction_id=handle))
        assert (await db.call(read)).rows == before.rows
        assert await rows_of(db, select) == ([{"a": 5}], ["int4"])


MADE_BY = """
CREATE FUNCTION makes() RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN CREATE TABLE made (id int PRIMARY KEY, mood mood, note text); RETURN 1; END $$;
CREATE FUNCTION widens() RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN ALTER TABLE held ADD COLUMN more int DEFAULT 7; RETURN 1; END $$;
CREATE TABLE held (id int PRIMARY KEY);
"""


@pytest.mark.parametrize("driver", CLIENTS)
async def test_what_a_query_makes_by_a_function(postgres: TestServer, driver: str) -> None:
    """It is there for every tool in the transaction, as what a definition makes is."""
    async with (
        fresh_database(postgres, f"{SQL}; {MADE_BY}") as dsn,
        pgmcp.connect(dsn, driver=driver, access="write") as db,
    ):
        await db.call(pgmcp.CreateRequest(table="held", data={"id": 1}))
        async with db.transaction() as tx:
            for name in ("makes", "widens"):
                await tx.call(pgmcp.ExecuteQueryRequest(query=f"SELECT {name}()", read_only=False))
            await tx.call(pgmcp.CreateRequest(table="made", data={"id": 1, "mood": "ok"}))
            assert (await tx.call(READ)).rows == [{"id": 1, "mood": "ok", "note": None}]
            assert (await tx.call(pgmcp.ReadRequest(table="held"))).rows == [{"id": 1, "more": 7}]
        assert (await db.call(READ)).count == 1
        assert (await db.call(pgmcp.ReadRequest(table="held"))).rows == [{"id": 1, "more": 7}]
