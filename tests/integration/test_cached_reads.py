"""Reads that are kept over a real PostgreSQL, with writers that go past pgmcp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg
import pytest

import pgmcp
from tests.fixtures.cached import SCHEMA, client, kept, read, session, until, watch
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.postgres import MakeDatabase

DRIVERS = [pytest.param(name, id=name) for name in CLIENTS]
# Counted, so that all of them are ended: a driver that is asked for one value runs a statement to its first row only.
LISTENERS = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN%' OR query = $$SELECT '1'$$)
"""


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_write_of_others_shows(make_database: MakeDatabase, driver: str) -> None:
    """With triggers a result is kept until somebody writes, whoever it is, and the read after that shows it."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter", "parted")
    async with client(dsn, driver=driver) as db, session(dsn) as other:
        for table, write in (
            ("counter", "UPDATE counter SET n = n + 1"),
            ("counter", "TRUNCATE counter"),
            ("parted", "UPDATE parted_1 SET n = n + 1"),
            ("parted_1", "UPDATE parted SET n = n + 1"),
        ):
            await until(partial(kept, db, table))
            before, _ = await read(db, table)
            await other.execute(write)
            await until(partial(_differs, db, table, before))


async def _differs(db: pgmcp.Client, table: str, before: list[int]) -> bool:
    return (await read(db, table))[0] != before


@pytest.mark.parametrize("driver", DRIVERS)
async def test_what_nobody_tells_of_is_not_kept(make_database: MakeDatabase, driver: str) -> None:
    """Without triggers, unless the setting says so: then for its time; the answer says how old it is."""
    dsn = await make_database(SCHEMA)
    async with client(dsn, driver=driver) as db:
        assert [await kept(db), await kept(db), await kept(db)] == [False, False, False]
    async with client(dsn, driver=driver, cache_without_triggers=True, cache_ttl_s=0.3) as db, session(dsn) as other:
        await until(lambda: kept(db))
        await other.execute("UPDATE counter SET n = 7")
        await until(lambda: _is(db, [7] * 16))
        await until(lambda: kept(db))
        await db.call(pgmcp.UpdateRequest(table="counter", filters={"id": 1}, data={"n": 8}))
        assert await read(db) == ([8, *[7] * 15], False)


async def _is(db: pgmcp.Client, values: list[int]) -> bool:
    return (await read(db))[0] == values


@pytest.mark.parametrize("driver", DRIVERS)
async def test_when_listening_breaks_nothing_is_served(make_database: MakeDatabase, driver: str) -> None:
    """What was missed meanwhile is not served: reads go to the database until it listens again, emptied."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter")
    async with client(dsn, driver=driver, pool_max=1) as db, session(dsn) as other:
        await until(lambda: kept(db))
        async with _closed_to_others(dsn):
            assert await other.fetchval(LISTENERS) == 1
            await until(lambda: _fresh(db))
            await other.execute("UPDATE counter SET n = 5")
            assert await read(db) == ([5] * 16, False)
            assert await read(db) == ([5] * 16, False)
        await until(lambda: kept(db))
        assert (await read(db))[0] == [5] * 16


@asynccontextmanager
async def _closed_to_others(dsn: str) -> AsyncIterator[None]:
    """Let nobody connect anew; sessions that are there go on."""
    async with session(dsn) as named:
        name = await named.fetchval("SELECT quote_ident(current_database())")
    behind = await asyncpg.connect(dsn, database="postgres")
    try:
        await behind.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            yield
        finally:
            await behind.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    finally:
        await behind.close()


async def _fresh(db: pgmcp.Client) -> bool:
    return not await kept(db)


async def test_a_transaction_of_ones_own(make_database: MakeDatabase) -> None:
    """Reads in it are fresh; its writes end results when it commits, and not when it rolls back."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter")
    async with client(dsn, tools=["core", "cache"]) as db:
        await until(lambda: kept(db))
        async with db.transaction() as tx:
            await tx.call(pgmcp.UpdateRequest(table="counter", filters={"id": 1}, data={"n": 1}))
            inside = await tx.call(pgmcp.ReadRequest(table="counter", columns=["n"], order_by="id"))
            assert (inside.rows[0]["n"], inside.cached) == (1, None)
            assert await read(db) == ([0] * 16, True)
        assert await read(db) == ([1, *[0] * 15], False)
        written = await _written(db)
        lease = (await db.call(pgmcp.BeginTransactionRequest())).transaction_id
        await db.call(pgmcp.UpdateRequest(table="counter", filters={"id": 1}, data={"n": 9}, transaction_id=lease))
        await db.call(pgmcp.RollbackTransactionRequest(transaction_id=lease))
        assert await _written(db) == written


async def _written(db: pgmcp.Client) -> int:
    """How often a write of ours has ended results."""
    found: int = (await db.call(pgmcp.GetCacheStatsRequest())).document["invalidations"]["write"]
    return found


async def test_a_changed_definition_ends_everything(make_database: MakeDatabase) -> None:
    """The event trigger tells of it: a view that reads another table now hangs on that."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter", "plain")
    async with client(dsn) as db, session(dsn) as other:
        await until(lambda: kept(db, "both_of"))
        await other.execute("CREATE OR REPLACE VIEW both_of AS SELECT id, n + 100 AS n, 0 AS m FROM plain")
        await until(lambda: _differs(db, "both_of", [0] * 16))
        assert (await read(db, "both_of"))[0] == [100]


async def test_the_tools_of_the_cache(make_database: MakeDatabase) -> None:
    """They count what happened and forget what they are told to."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter", "plain")
    async with client(dsn, tools=["core", "cache"]) as db:
        await until(lambda: kept(db))
        await until(lambda: kept(db, "plain"))
        await db.call(pgmcp.ClearCacheRequest(scope="table", table="counter"))
        assert [await kept(db), await kept(db, "plain")] == [False, True]
        await db.call(pgmcp.ClearCacheRequest(scope="schema", schema="public"))
        assert [await kept(db), await kept(db, "plain")] == [False, False]
        await db.call(pgmcp.ClearCacheRequest())
        found = (await db.call(pgmcp.GetCacheStatsRequest())).document
    assert found["invalidations"]["cleared"] == 3
    assert (found["cache"], found["listening"], found["entries"], found["bytes"]) == ("memory", True, 0, 0)
    assert found["hits"] == found["by_kind"]["read"]["hits"] > 0
    assert found["by_table"]["public.counter"]["misses"] >= 3
    assert found["ratio"] == round(found["hits"] / (found["hits"] + found["misses"]), 4)


async def test_one_read_for_all_who_ask_at_once(make_database: MakeDatabase) -> None:
    """Sixteen calls for the same cost one statement."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter")
    async with client(dsn, tools=["core", "cache"]) as db:
        await until(lambda: kept(db))
        await db.call(pgmcp.ClearCacheRequest())
        before = (await db.call(pgmcp.GetCacheStatsRequest())).document["misses"]
        await asyncio.gather(*[read(db) for _ in range(16)])
        assert (await db.call(pgmcp.GetCacheStatsRequest())).document["misses"] == before + 1


async def test_who_asks_without_a_pause_hears_of_writes_too(make_database: MakeDatabase) -> None:
    """Hits that follow each other at once give way to the session that listens."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter")
    async with client(dsn) as db, session(dsn) as other:
        await until(lambda: kept(db))
        await other.execute("UPDATE counter SET n = 4")
        async with asyncio.timeout(20):
            while (await read(db))[0][0] != 4:
                pass
