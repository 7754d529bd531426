"""Raw statements over a real PostgreSQL: which are kept and which are not, and what ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from attrs import frozen

import pgmcp
from tests.fixtures.cached import SCHEMA as TABLES
from tests.fixtures.cached import client, session, until, watch
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.postgres import MakeDatabase

DRIVERS = [pytest.param(name, id=name) for name in CLIENTS]
SCHEMA = f"""{TABLES}
CREATE TABLE event (id int PRIMARY KEY, at timestamptz NOT NULL, said text NOT NULL, doc jsonb NOT NULL);
INSERT INTO event VALUES (1, '2026-01-01 12:00+00', '2026-01-01', '{{"at": "2026-01-01", "n": 1}}');
CREATE MATERIALIZED VIEW summed AS SELECT sum(n) AS n FROM counter;
CREATE VIEW recent AS SELECT id FROM event WHERE at > now() - interval '1 day';
CREATE VIEW mine AS SELECT id FROM event WHERE said = current_user;
CREATE SEQUENCE numbers;
CREATE TABLE secret (id int PRIMARY KEY, n int NOT NULL);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secret USING (n = current_setting('app.n', true)::int);
CREATE FUNCTION pure(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION hidden() RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT sum(n) FROM plain); END';
CREATE FUNCTION rows_of() RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT n FROM plain';
CREATE FUNCTION loud(int, int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM plain WHERE n = $1)';
CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = loud);
CREATE FUNCTION holds(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM plain)';
CREATE DOMAIN checked AS int CHECK (holds(VALUE));
"""
WATCHED = ("counter", "plain", "parted", "event", "secret")


@frozen
class Case:
    """A statement, and why it is not kept; None where it is."""

    text: str
    reason: str | None = None
    params: tuple[Any, ...] = ()


CASES = {
    "columns": Case("SELECT id, n FROM counter ORDER BY id"),
    "parameters": Case("SELECT n FROM counter WHERE id = $1", params=(3,)),
    "aggregates": Case("SELECT count(*), sum(n), max(n) FROM counter"),
    "view": Case("SELECT * FROM both_of ORDER BY id"),
    "partitions": Case("SELECT * FROM parted"),
    "with": Case("WITH c AS (SELECT n FROM counter) SELECT sum(c.n) FROM c JOIN plain ON true"),
    "windows": Case("SELECT id, row_number() OVER (ORDER BY id) FROM counter"),
    "set-returning": Case("SELECT g, c.n FROM generate_series(1, 3) AS g JOIN counter AS c ON c.id = g ORDER BY g"),
    "unions": Case("SELECT n FROM counter UNION ALL SELECT n FROM plain"),
    "times-of-rows": Case("SELECT date_trunc('day', at), at::date, to_char(at, 'YYYY') FROM event"),
    "a-date-that-is-said": Case("SELECT id FROM event WHERE at >= '2026-01-01' AND at < $1", params=("2026-02-01",)),
    "json": Case("SELECT doc->>'n', (doc->>'n')::int, jsonb_build_object('a', said) FROM event"),
    "users-immutable": Case("SELECT pure(n) FROM counter"),
    "no-table": Case("SELECT upper('a')"),
    "now": Case("SELECT now(), n FROM counter", "moment"),
    "now-by-name": Case("SELECT transaction_timestamp(), n FROM counter", "function"),
    "current-date": Case("SELECT current_date, n FROM counter", "moment"),
    "today-as-a-parameter": Case("SELECT id FROM event WHERE at < $1", "moment", ("today",)),
    "today-as-a-constant": Case("SELECT id FROM event WHERE at < 'tomorrow'", "moment"),
    "a-text-of-a-row-as-a-time": Case("SELECT said::date FROM event", "moment"),
    "a-text-of-a-document-as-a-time": Case("SELECT (doc->>'at')::timestamptz FROM event", "moment"),
    "rows-of-a-document": Case("SELECT r.at FROM event, jsonb_to_record(doc) AS r(at date)", "function"),
    "age": Case("SELECT age(at) FROM event", "function"),
    "chance": Case("SELECT random(), n FROM counter", "function"),
    "sample": Case("SELECT n FROM counter TABLESAMPLE bernoulli (50)", "moment"),
    "current-user": Case("SELECT current_user, n FROM counter", "moment"),
    "setting": Case("SELECT current_setting('TimeZone'), n FROM counter", "function"),
    "session": Case("SELECT pg_backend_pid(), n FROM counter", "function"),
    "view-of-the-moment": Case("SELECT * FROM recent", "function"),
    "view-of-the-session": Case("SELECT * FROM mine", "moment"),
    "users-stable": Case("SELECT hidden()", "function"),
    "users-rows": Case("SELECT * FROM rows_of()", "function"),
    "users-operator": Case("SELECT n FROM counter WHERE n ### id", "function"),
    "users-domain": Case("SELECT n::checked FROM counter", "function"),
    "catalogue": Case("SELECT relname FROM pg_class WHERE relname = 'counter'", "system catalogue"),
    "activity": Case("SELECT count(*) FROM pg_stat_activity", "function"),
    "information-schema": Case("SELECT table_name FROM information_schema.tables", "function"),
    "name-of-an-id": Case("SELECT 'plain'::regclass::oid FROM counter", "catalogue"),
    "place-of-a-row": Case("SELECT ctid, n FROM counter", "moment"),
    "sequence": Case("SELECT last_value FROM numbers", "not a table"),
    "row-security": Case("SELECT n FROM secret", "row security"),
    "materialised": Case("SELECT n FROM summed", "unwatched"),
    "show": Case("SHOW server_version", None),
}
UNCOUNTED = {"show"}


async def ask(db: pgmcp.Client, text: str, params: Sequence[Any] = ()) -> tuple[list[dict[str, Any]], bool]:
    """A statement's rows, and whether they came from the cache."""
    answer = await db.call(pgmcp.ExecuteQueryRequest(query=text, params=list(params)))
    assert isinstance(answer, pgmcp.DataResponse)
    assert (answer.cached is None) == (answer.as_of is None)
    return answer.rows, bool(answer.cached)


async def kept(db: pgmcp.Client, text: str, params: Sequence[Any] = ()) -> bool:
    """Whether a statement is answered from the cache."""
    return (await ask(db, text, params))[1]


async def passed(db: pgmcp.Client) -> dict[str, int]:
    """What went past the cache, by reason."""
    found: dict[str, int] = (await db.call(pgmcp.GetCacheStatsRequest())).document["passed"]
    return found


@pytest.mark.parametrize("driver", DRIVERS)
async def test_what_is_kept_and_what_is_not(make_database: MakeDatabase, driver: str) -> None:
    """Each statement twice: the second comes from the cache, or both went past it for a reason."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    found = {}
    async with client(dsn, driver=driver, tools=["core", "cache"]) as db:
        await until(partial(kept, db, CASES["columns"].text))
        for name, case in CASES.items():
            before = await passed(db)
            _, second = [await ask(db, case.text, case.params) for _ in range(2)]
            reasons = [reason for reason, count in (await passed(db)).items() if count > before.get(reason, 0)]
            found[name] = "kept" if second[1] else ", ".join(reasons)
    assert found == {name: "" if name in UNCOUNTED else case.reason or "kept" for name, case in CASES.items()}


@pytest.mark.parametrize("driver", DRIVERS)
async def test_another_spelling_of_a_statement_is_answered_too(make_database: MakeDatabase, driver: str) -> None:
    """White space, comments and the case of words make no other statement; values do."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    async with client(dsn, driver=driver) as db:
        await until(partial(kept, db, "SELECT id, n FROM counter WHERE n > 1"))
        assert await kept(db, "select id,n\n  from Counter -- all of them\n where n>1;")
        assert not await kept(db, "SELECT id, n FROM counter WHERE n > 2")
        assert not await kept(db, "SELECT id, 'a  b' AS n FROM counter")
        assert not await kept(db, "SELECT id, 'a b' AS n FROM counter")


@pytest.mark.parametrize("driver", DRIVERS)
async def test_kept_rows_are_the_same_rows(make_database: MakeDatabase, driver: str) -> None:
    """In Python's values, with their columns and their cut."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    async with client(dsn, driver=driver, max_rows=5) as db:
        await until(partial(kept, db, "SELECT 1 AS a"))
        for text in ("SELECT at, doc, said, id::numeric / 3 AS part FROM event", "SELECT id FROM counter ORDER BY id"):
            request = pgmcp.ExecuteQueryRequest(query=text)
            fresh, again = await db.call(request), await db.call(request)
            assert isinstance(fresh, pgmcp.DataResponse)
            assert isinstance(again, pgmcp.DataResponse)
            assert (fresh.cached, again.cached) == (None, True)
            assert (fresh.rows, fresh.types, fresh.truncated) == (again.rows, again.types, again.truncated)


@pytest.mark.parametrize("driver", DRIVERS)
async def test_writes_end_it(make_database: MakeDatabase, driver: str) -> None:
    """By pgmcp, through a view, to a partition, and past pgmcp."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    view, parts = "SELECT sum(n + m) AS s FROM both_of", "SELECT sum(n) AS s FROM parted"
    async with client(dsn, driver=driver) as db, session(dsn) as other:
        await until(partial(kept, db, view))
        await db.call(pgmcp.UpdateRequest(table="plain", filters={"id": 1}, data={"n": 1}))
        assert await ask(db, view) == ([{"s": 16}], False)
        await until(partial(kept, db, view))  # the write's own notice may come later, and ends it once more
        assert await _is(db, view, [{"s": 16}])
        await ask(db, parts)
        await db.call(pgmcp.ExecuteQueryRequest(query="UPDATE parted_1 SET n = 5", read_only=False))
        assert await ask(db, parts) == ([{"s": 5}], False)
        await until(partial(kept, db, parts))
        await other.execute("UPDATE parted_1 SET n = 6")
        await until(lambda: _is(db, parts, [{"s": 6}]))


async def _is(db: pgmcp.Client, text: str, rows: list[dict[str, Any]]) -> bool:
    return (await ask(db, text))[0] == rows


async def test_a_function_that_is_made_anew(make_database: MakeDatabase) -> None:
    """What an immutable function gave is forgotten with its definition."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    text = "SELECT pure(n) AS p FROM plain"
    async with client(dsn) as db, session(dsn) as other:
        await until(partial(kept, db, text))
        await other.execute("CREATE OR REPLACE FUNCTION pure(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 7'")
        await until(lambda: _is(db, text, [{"p": 7}]))


async def test_in_a_transaction_it_is_fresh(make_database: MakeDatabase) -> None:
    """What is not committed is seen there, and nowhere else."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    text = "SELECT n FROM plain"
    async with client(dsn) as db:
        await until(partial(kept, db, text))
        async with db.transaction() as tx:
            await tx.call(pgmcp.UpdateRequest(table="plain", filters={"id": 1}, data={"n": 9}))
            inside = await tx.call(pgmcp.ExecuteQueryRequest(query=text))
            assert isinstance(inside, pgmcp.DataResponse)
            assert (inside.rows, inside.cached) == ([{"n": 9}], None)
            assert await ask(db, text) == ([{"n": 0}], True)
        assert await ask(db, text) == ([{"n": 9}], False)


async def test_one_statement_for_all_who_ask_at_once(make_database: MakeDatabase) -> None:
    """Sixteen calls for the same cost one."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    text = "SELECT n FROM plain"
    async with client(dsn, tools=["core", "cache"]) as db:
        await until(partial(kept, db, text))
        await db.call(pgmcp.ClearCacheRequest())
        await ask(db, "SELECT 1")
        before = (await db.call(pgmcp.GetCacheStatsRequest())).document["by_kind"]["query"]["misses"]
        await asyncio.gather(*[ask(db, text) for _ in range(16)])
        assert (await db.call(pgmcp.GetCacheStatsRequest())).document["by_kind"]["query"]["misses"] == before + 1


async def test_where_names_alone_are_judged_nothing_is_kept(make_database: MakeDatabase) -> None:
    """Nobody knows what a statement reads there."""
    dsn = await make_database(SCHEMA)
    await watch(dsn, *WATCHED)
    async with client(dsn, guard="names", tools=["core", "cache"]) as db:
        assert [await kept(db, "SELECT n FROM plain") for _ in range(3)] == [False] * 3
        assert await passed(db) == {"unresolved": 3}
