"""Which results a write through pgmcp ends, and which it leaves."""

from __future__ import annotations

from functools import partial
from typing import Any

import asyncpg
import pytest

import pgmcp
from tests.fixtures.cached import client, session, until, watch
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.postgres import MakeDatabase

DRIVERS = [pytest.param(name, id=name) for name in CLIENTS]
SCHEMA = """
CREATE TABLE maker (id int PRIMARY KEY, name text);
CREATE TABLE part (id int PRIMARY KEY, maker int REFERENCES maker ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE piece (id int PRIMARY KEY, part int REFERENCES part ON DELETE SET NULL);
CREATE TABLE apart (id int PRIMARY KEY);
CREATE TABLE logged (id int PRIMARY KEY);
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM apart; RETURN NULL; END';
CREATE TRIGGER log AFTER INSERT ON logged FOR EACH STATEMENT EXECUTE FUNCTION log();
CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE fence (id int);
CREATE VIEW makers AS SELECT id, name FROM maker;
INSERT INTO maker VALUES (1, 'a'), (2, 'b'); INSERT INTO part VALUES (1, 1), (2, 2); INSERT INTO piece VALUES (1, 1);
INSERT INTO apart VALUES (1); INSERT INTO parted VALUES (1);
"""
READ = ("maker", "part", "piece", "apart", "parted", "parted_1", "makers")
WATCHED = ("maker", "part", "piece", "apart", "parted", "fence")
ALL = set(READ)


def raw(query: str) -> pgmcp.ExecuteQueryRequest:
    """A statement that may write."""
    return pgmcp.ExecuteQueryRequest(query=query, read_only=False)


WRITES: dict[str, tuple[Any, set[str]]] = {
    "create": (pgmcp.CreateRequest(table="apart", data={"id": 2}), {"apart"}),
    "delete-that-cascades": (
        pgmcp.DeleteRequest(table="maker", filters={"id": 1}),
        {"maker", "makers", "part", "piece"},
    ),
    "update-of-a-key": (
        pgmcp.UpdateRequest(table="maker", filters={"id": 2}, data={"id": 3}),
        {"maker", "makers", "part", "piece"},
    ),
    "delete-that-sets-null": (pgmcp.DeleteRequest(table="part", filters={"id": 1}), {"part", "piece"}),
    "write-to-a-view": (
        pgmcp.UpdateRequest(table="makers", filters={"id": 1}, data={"name": "z"}),
        {"maker", "makers", "part", "piece"},
    ),
    "write-to-a-partition": (pgmcp.CreateRequest(table="parted_1", data={"id": 5}), {"parted", "parted_1"}),
    "write-to-its-parent": (pgmcp.CreateRequest(table="parted", data={"id": 6}), {"parted", "parted_1"}),
    "trigger-of-unknown-effect": (pgmcp.CreateRequest(table="logged", data={"id": 1}), ALL),
    "truncate": (raw("TRUNCATE apart"), ALL),
    "raw-sql": (raw("INSERT INTO apart VALUES (9)"), ALL),
    "definition": (raw("ALTER TABLE apart ADD COLUMN n int"), ALL),
    "trial": (pgmcp.DeleteRequest(table="apart", filters={"id": 1}, dry_run=True), set()),
}


async def kept(db: pgmcp.Client, table: str) -> bool:
    """Whether a read of the table comes from the cache."""
    return bool((await db.call(pgmcp.ReadRequest(table=table, columns=["id"]))).cached)


async def heard(db: pgmcp.Client, other: asyncpg.Connection) -> None:
    """Wait until what the triggers have said so far is over and done with: it comes in the order of the commits."""
    await until(partial(kept, db, "fence"))
    await other.execute("INSERT INTO fence VALUES (1)")
    await until(partial(_ended, db, "fence"))


async def _ended(db: pgmcp.Client, table: str) -> bool:
    return not await kept(db, table)


@pytest.mark.parametrize("driver", DRIVERS)
async def test_what_a_write_ends_and_what_it_leaves(make_database: MakeDatabase, driver: str) -> None:
    """Each write with every result kept before it."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    found = {}
    async with client(dsn, driver=driver) as db, session(dsn) as other:
        for name, (write, _) in WRITES.items():
            # The write before was told of twice: by us, and by its trigger, which may come later.
            await heard(db, other)
            for table in READ:
                await until(partial(kept, db, table))
            await db.call(write)
            found[name] = {table for table in READ if not await kept(db, table)}
    assert found == {name: ended for name, (_, ended) in WRITES.items()}


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_transaction_ends_at_its_commit(make_database: MakeDatabase, driver: str) -> None:
    """Not before, not what was rolled back as a whole; all that was written in it, a savepoint's too."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    async with client(dsn, driver=driver) as db:
        for commit, ended in ((False, set()), (True, {"apart", "part", "piece"})):
            for table in READ:
                await until(partial(kept, db, table))
            lease = (await db.call(pgmcp.BeginTransactionRequest())).transaction_id
            within: dict[str, Any] = {"transaction_id": lease}
            await db.call(pgmcp.CreateRequest(table="apart", data={"id": 7}, **within))
            await db.call(pgmcp.CreateSavepointRequest(name="s", **within))
            await db.call(pgmcp.DeleteRequest(table="part", filters={"id": 1}, **within))
            await db.call(pgmcp.RollbackTransactionRequest(savepoint="s", **within))
            assert {table for table in READ if not await kept(db, table)} == set()
            end = pgmcp.CommitTransactionRequest if commit else pgmcp.RollbackTransactionRequest
            await db.call(end(**within))
            assert {table for table in READ if not await kept(db, table)} == ended
