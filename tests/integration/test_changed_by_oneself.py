"""What a caller's own statement has defined or altered is so for the next call, whatever was kept of it before."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

import pgmcp
from tests.fixtures.postgres import MakeDatabase

SCHEMA = """
CREATE TYPE one AS (a int, b int);
CREATE TYPE two AS (a int, b int);
CREATE TYPE three AS (a int, b int);
CREATE TABLE item (id int PRIMARY KEY);
CREATE TABLE texts (id int PRIMARY KEY, n int);
CREATE TABLE pairs (id int PRIMARY KEY, p one);
CREATE TABLE many (id int PRIMARY KEY, p two[]);
CREATE TABLE named (id int PRIMARY KEY, p three);
CREATE TABLE base (id int PRIMARY KEY);
CREATE VIEW shown AS SELECT id FROM base;
INSERT INTO item VALUES (1);
INSERT INTO texts VALUES (1, 5);
INSERT INTO pairs VALUES (1, (1, 2));
INSERT INTO many VALUES (1, ARRAY[(3, 4)::two]);
INSERT INTO named VALUES (1, (1, 2));
INSERT INTO base VALUES (1);
"""
# What is altered, and what a row of the relation has from then on.
CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "item": ("ALTER TABLE item ADD COLUMN z int DEFAULT 7", {"z": 7}),
    "texts": ("ALTER TABLE texts ALTER n TYPE text USING '1.50'", {"n": "1.50"}),
    "pairs": ("ALTER TYPE one ADD ATTRIBUTE c int", {"p": {"a": 1, "b": 2, "c": None}}),
    "many": ("ALTER TYPE two ADD ATTRIBUTE c int", {"p": [{"a": 3, "b": 4, "c": None}]}),
    "named": ("ALTER TYPE three RENAME ATTRIBUTE a TO z", {"p": {"z": 1, "b": 2}}),
    "shown": ("CREATE OR REPLACE VIEW shown AS SELECT id, 9 AS z FROM base", {"z": 9}),
}


def _has(rows: list[dict[str, Any]], values: dict[str, Any]) -> bool:
    return values.items() <= rows[0].items()


@pytest.mark.parametrize("cache", ["off", "memory"])
@pytest.mark.parametrize("held", [pytest.param(False, id="alone"), pytest.param(True, id="in-a-transaction")])
async def test_it_is_so_for_the_next_call(make_database: MakeDatabase, driver: str, cache: str, *, held: bool) -> None:
    """In a statement of the caller's own and by the structured tool, which have both been asked before."""
    found = {}
    dsn = await make_database(SCHEMA)
    async with pgmcp.connect(dsn, driver=driver, access="admin", cache=cache) as db:
        for name, (change, values) in CHANGES.items():
            statement, read = pgmcp.ExecuteQueryRequest(query=f"SELECT * FROM {name}"), pgmcp.ReadRequest(table=name)
            alter = pgmcp.ExecuteQueryRequest(query=change, read_only=False)
            await db.call(statement)
            await db.call(read)
            if held:
                async with db.transaction() as tx:
                    await tx.call(alter)
            else:
                await db.call(alter)
            own, structured = await db.call(statement), await db.call(read)
            assert isinstance(own, pgmcp.DataResponse)
            found[name] = (_has(own.rows, values), _has(structured.rows, values))
    assert found == dict.fromkeys(CHANGES, (True, True))


async def test_what_was_taken_back_changes_nothing(make_database: MakeDatabase, driver: str) -> None:
    """A definition of a transaction that is rolled back was never there."""
    dsn = await make_database(SCHEMA)
    statement = pgmcp.ExecuteQueryRequest(query="SELECT * FROM item")
    async with pgmcp.connect(dsn, driver=driver, access="admin") as db:
        before = await db.call(statement)
        begun = await db.call(pgmcp.BeginTransactionRequest())
        alter = pgmcp.ExecuteQueryRequest(query="ALTER TABLE item ADD COLUMN z int", read_only=False)
        await db.call(evolve(alter, transaction_id=begun.transaction_id))
        await db.call(pgmcp.RollbackTransactionRequest(transaction_id=begun.transaction_id))
        assert await db.call(statement) == before


async def test_a_function_that_was_just_made_leaves_nothing(make_database: MakeDatabase, driver: str) -> None:
    """A statement that calls it is known to be one that may, though what the database has was looked at before."""
    dsn = await make_database(SCHEMA)
    leave = "CREATE FUNCTION leave() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', '7', false) $$"
    state = pgmcp.ExecuteQueryRequest(
        query="SELECT coalesce(nullif(current_setting('app.tenant', true), ''), 'none') AS it"
    )
    facts = {"driver": driver, "access": "admin", "guard": "names", "pool_min": 1, "pool_max": 1}
    async with pgmcp.connect(dsn, **facts) as db:
        await db.call(state)
        await db.call(pgmcp.ExecuteQueryRequest(query="UPDATE item SET id = 1", read_only=False))
        await db.call(pgmcp.ExecuteQueryRequest(query=leave, read_only=False))
        await db.call(pgmcp.ExecuteQueryRequest(query="SELECT leave()", read_only=False))
        found = await db.call(evolve(state, read_only=False))
        assert isinstance(found, pgmcp.DataResponse)
        assert found.rows == [{"it": "none"}]
