"""A table that somebody else changes while a transaction is open: what a call in it says, and what to do then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import asyncpg
import pytest
from attrs import evolve

import pgmcp
from pgmcp.domain.requests.base import RowsRequest
from tests.fixtures.postgres import MakeDatabase

SCHEMA = "CREATE TABLE item (id int PRIMARY KEY, n int4); INSERT INTO item VALUES (1, 5)"


@pytest.fixture
async def owner(make_database: MakeDatabase) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    """Somebody who changes the table past pgmcp, and the database's address."""
    dsn = await make_database(SCHEMA)
    connection = await asyncpg.connect(dsn)
    yield connection, dsn
    await connection.close()


async def test_a_statement_that_gives_other_columns(owner: tuple[asyncpg.Connection, str], driver: str) -> None:
    """It can't be tried again there; it can in another."""
    connection, dsn = owner
    statement = pgmcp.ExecuteQueryRequest(query="SELECT * FROM item")
    async with pgmcp.connect(dsn, driver=driver, access="write") as client:
        await client.call(statement)
        begun = await client.call(pgmcp.BeginTransactionRequest())
        await connection.execute("ALTER TABLE item ADD COLUMN added int DEFAULT 7")
        with pytest.raises(pgmcp.DatabaseError) as raised:
            await client.call(evolve(statement, transaction_id=begun.transaction_id))
        assert raised.value.code.name == "serialization_failure"
        assert "a definition has changed" in raised.value.message
        assert raised.value.details == {"retry_after_ms": 50, "transaction": "failed"}
        await client.call(pgmcp.RollbackTransactionRequest(transaction_id=begun.transaction_id))
        async with client.transaction() as again:
            answer = await again.call(statement)
        assert isinstance(answer, pgmcp.DataResponse)
        assert answer.rows[0]["added"] == 7


async def test_a_statement_of_a_table_that_has_just_changed_is_not_refused(
    owner: tuple[asyncpg.Connection, str], driver: str
) -> None:
    """What the guard keeps of it is read again where it isn't all of it."""
    connection, dsn = owner
    async with pgmcp.connect(dsn, driver=driver) as client:
        await client.call(pgmcp.ExecuteQueryRequest(query="SELECT id FROM item"))
        await connection.execute("ALTER TABLE item ADD COLUMN added int DEFAULT 7")
        answer = await client.call(pgmcp.ExecuteQueryRequest(query="SELECT added FROM item"))
        assert isinstance(answer, pgmcp.DataResponse)
        assert answer.rows == [{"added": 7}]


ALTERED = {
    "ALTER TABLE item ALTER n TYPE timestamptz USING now()": "ALTER TABLE item ALTER n TYPE int4 USING 5",
    "ALTER TABLE item RENAME n TO m": "ALTER TABLE item RENAME m TO n",
    "ALTER TABLE item RENAME TO other": "ALTER TABLE other RENAME TO item",
}
ON_THE_COLUMN: dict[str, RowsRequest[Any]] = {
    "a filter": pgmcp.ReadRequest(table="item", columns=["id"], filters={"n": 5}),
    "by key": pgmcp.ReadRequest(table="item", filters={"id": 1}),
    "an order": pgmcp.ReadRequest(table="item", order_by=["n"]),
    "a record": pgmcp.CreateRequest(table="item", data={"id": 2, "n": 6}),
    "a change": pgmcp.UpdateRequest(table="item", filters={"id": 1}, data={"n": 6}),
    "a removal": pgmcp.DeleteRequest(table="item", filters={"n": 5}),
}


async def test_a_table_that_changed_in_a_transaction(owner: tuple[asyncpg.Connection, str], driver: str) -> None:
    """A structured call on it says what has happened, and what to do; done so, it finds the table as it is."""
    connection, dsn = owner
    expected = (
        "serialization_failure",
        "Begin the transaction again.",
        {"retry_after_ms": 50, "transaction": "failed"},
    )
    async with pgmcp.connect(dsn, driver=driver, access="write") as client:
        for (alter, back), (name, request) in product(ALTERED.items(), ON_THE_COLUMN.items()):
            await client.call(ON_THE_COLUMN["by key"])
            begun = await client.call(pgmcp.BeginTransactionRequest())
            await connection.execute(alter)
            with pytest.raises(pgmcp.DatabaseError) as raised:
                await client.call(evolve(request, transaction_id=begun.transaction_id))
            told = raised.value
            assert (told.code.name, told.hint, told.details) == expected, (alter, name)
            assert told.message == "The table is not what it was: a definition has changed.", (alter, name)
            await client.call(pgmcp.RollbackTransactionRequest(transaction_id=begun.transaction_id))
            await connection.execute(back)


async def test_what_nobody_changed_is_told_as_it_is(owner: tuple[asyncpg.Connection, str], driver: str) -> None:
    """An error of the same kind out of a trigger would come again in any transaction."""
    connection, dsn = owner
    await connection.execute("""
        CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n := (SELECT nope FROM item); END';
        CREATE TRIGGER broken BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION broken();
    """)
    async with pgmcp.connect(dsn, driver=driver, access="write") as client:
        begun = await client.call(pgmcp.BeginTransactionRequest())
        with pytest.raises(pgmcp.PgmcpError) as raised:
            await client.call(evolve(ON_THE_COLUMN["a record"], transaction_id=begun.transaction_id))
    assert raised.value.code.name == "undefined_object"
