"""Definitions that others change, and nobody tells of: the state of the catalogue does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

import pgmcp
from pgmcp.adapters.postgres.texts import sql
from tests.fixtures.cached import SCHEMA, client, kept, read, session, until, watch
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.postgres import MakeDatabase

DRIVERS = [pytest.param(name, id=name) for name in CLIENTS]
UNTOLD = "DROP EVENT TRIGGER pgmcp_tell_definitions"
BEFORE = f"""{SCHEMA}
CREATE TABLE more (id int PRIMARY KEY, a text, b text CHECK (b <> ''));
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE state AS ENUM ('new');
CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
CREATE TABLE parent (id int NOT NULL);
"""


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE other (id int)",
        "DROP TABLE more",
        "ALTER TABLE more ADD COLUMN c int",
        "ALTER TABLE more DROP COLUMN a",
        "ALTER TABLE more RENAME COLUMN a TO z",
        "ALTER TABLE more RENAME TO fewer",
        "ALTER TABLE more ALTER COLUMN a SET DEFAULT 'x'",
        "ALTER TABLE more ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE more ALTER COLUMN a TYPE varchar(9)",
        "ALTER TABLE more ADD CHECK (a <> '')",
        "ALTER TABLE more ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE more INHERIT parent",
        "CREATE POLICY own ON more USING (a = current_user)",
        "CREATE UNIQUE INDEX ON more (a)",
        "CREATE TRIGGER t BEFORE UPDATE ON more FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE r AS ON DELETE TO more DO INSTEAD NOTHING",
        "CREATE OR REPLACE VIEW both_of AS SELECT id, n, 7 AS m FROM counter",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "ALTER FUNCTION f() IMMUTABLE",
        "ALTER TYPE state ADD VALUE 'old'",
        "ALTER DOMAIN short DROP CONSTRAINT short_check",
        "CREATE SCHEMA elsewhere",
        "GRANT SELECT ON more TO public",
    ],
)
async def test_a_change_is_another_state(make_database: MakeDatabase, change: str) -> None:
    """Whatever may change what a name means or what a read gives."""
    async with session(await make_database(BEFORE)) as it:
        before = await it.fetchval(sql("definitions_state"))
        await it.execute(change)
        assert await it.fetchval(sql("definitions_state")) != before


async def test_rows_and_temporary_tables_are_no_change(make_database: MakeDatabase) -> None:
    """What happens all the time empties nothing."""
    async with session(await make_database(BEFORE)) as it:
        before = await it.fetchval(sql("definitions_state"))
        for text in (
            "INSERT INTO more VALUES (1, 'a', 'b')",
            "UPDATE counter SET n = n + 1",
            "ANALYZE more",
            "VACUUM counter",
            "CREATE TEMPORARY TABLE mine (id int PRIMARY KEY, a text DEFAULT 'x' CHECK (a <> ''), UNIQUE (a))",
        ):
            await it.execute(text)
        assert await it.fetchval(sql("definitions_state")) == before


async def test_where_the_database_tells_nothing_is_counted(make_database: MakeDatabase) -> None:
    """The event trigger is quicker, and then the state is one word."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter")
    async with session(dsn) as it:
        assert await it.fetchval(sql("definitions_state")) == "told"


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_change_of_others_is_noticed(make_database: MakeDatabase, driver: str) -> None:
    """Without a superuser's event trigger, long before what is kept of definitions is too old."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter", "plain")
    async with client(dsn, driver=driver, catalogue_ttl_s=3600, cache_ttl_s=3600) as db, session(dsn) as other:
        await other.execute(UNTOLD)
        await until(partial(kept, db, "both_of"))
        await other.execute("CREATE OR REPLACE VIEW both_of AS SELECT id, n + 100 AS n, 0 AS m FROM plain")
        await until(partial(_is, db, [100]), seconds=60)
        await other.execute("UPDATE plain SET n = 1")
        await until(partial(_is, db, [101]))


async def _is(db: pgmcp.Client, values: list[int]) -> bool:
    return (await read(db, "both_of"))[0] == values


async def test_what_is_kept_of_definitions_is_counted(make_database: MakeDatabase) -> None:
    """By kind, whether results are kept or not; clearing everything drops it too."""
    dsn = await make_database(SCHEMA)
    async with client(dsn, cache="off", tools=["core", "cache"]) as db:
        for _ in range(3):
            await read(db)
        await db.call(pgmcp.ExecuteQueryRequest(query="SELECT n FROM counter"))
        await db.call(pgmcp.ExecuteQueryRequest(query="SELECT n FROM counter"))
        before = await _metadata(db)
        await db.call(pgmcp.ClearCacheRequest())
        cleared = await _metadata(db)
        await read(db)
        after = await _metadata(db)
    assert {kind: (each["hits"], each["misses"]) for kind, each in before["of"].items()} == {
        "relations": (2, 1),
        "verdicts": (1, 1),
        "statements": (1, 1),
        "types": _asked(before["of"]["types"]),
        "functions": _asked(before["of"]["functions"]),
        "lineage": (0, 0),
    }
    assert before["hits"] == sum(each["hits"] for each in before["of"].values())
    assert (before["of"]["relations"]["entries"], cleared["of"]["relations"]["entries"]) == (1, 0)
    assert (cleared["of"]["verdicts"]["entries"], after["of"]["relations"]["misses"]) == (0, 2)


async def _metadata(db: pgmcp.Client) -> dict[str, Any]:
    found: dict[str, Any] = (await db.call(pgmcp.GetCacheStatsRequest())).document["by_kind"]["metadata"]
    return found


def _asked(counts: Mapping[str, int]) -> tuple[int, int]:
    """How often, which hangs on what the driver asks."""
    return counts["hits"], counts["misses"]


async def test_a_view_is_cleared_by_its_name(make_database: MakeDatabase) -> None:
    """Its results hang on the tables behind it."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, "counter", "plain")
    async with client(dsn, tools=["core", "cache"]) as db:
        await until(partial(kept, db, "both_of"))
        await db.call(pgmcp.ClearCacheRequest(scope="table", table="both_of"))
        assert not await kept(db, "both_of")


async def test_who_may_not_look_listens_all_the_same(make_database: MakeDatabase) -> None:
    """A catalogue that is shut to the role costs nothing but the notice of changed definitions."""
    dsn = await make_database(f"""{SCHEMA}
        DO $$ BEGIN CREATE ROLE pgmcp_blind LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
        GRANT SELECT ON counter TO pgmcp_blind; REVOKE SELECT ON pg_catalog.pg_policy FROM public;
    """)
    await watch(dsn, "counter")
    async with session(dsn) as other:
        await other.execute(UNTOLD)
        async with client(dsn.replace("//postgres@", "//pgmcp_blind@")) as db:
            await until(partial(kept, db))
            await other.execute("UPDATE counter SET n = 3")
            await until(partial(_shows, db, 3))


async def test_who_may_not_know_what_stands_behind_reads_past_the_cache(make_database: MakeDatabase) -> None:
    """And writes: everything may hang on what was written."""
    dsn = await make_database(f"""{SCHEMA}
        DO $$ BEGIN CREATE ROLE pgmcp_blind LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
        GRANT SELECT, UPDATE ON counter TO pgmcp_blind; REVOKE SELECT ON pg_catalog.pg_subscription_rel FROM public;
    """)
    async with client(dsn.replace("//postgres@", "//pgmcp_blind@"), tools=["core", "cache"]) as db:
        assert [await read(db), await read(db)] == [([0] * 16, False)] * 2
        await db.call(pgmcp.UpdateRequest(table="counter", filters={"id": 1}, data={"n": 3}))
        told = (await db.call(pgmcp.GetCacheStatsRequest())).document
        assert (told["passed"]["unknown"], told["invalidations"]["trigger"]) == (2, 1)


async def _shows(db: pgmcp.Client, value: int) -> bool:
    rows, _ = await read(db)
    return bool(rows[0] == value)
