"""What a statement may leave on a session, and that the next caller doesn't find it.

The guard judges by names here: with its resolution it refuses most of these before they could leave anything.
"""

from __future__ import annotations

from typing import Any

import pytest

import pgmcp
from pgmcp.ports.driver import Need, Statement
from tests.fixtures.cached import session
from tests.fixtures.pool import way_to
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.proxy import counting_proxy

# Each leaves something; `id` says what. The function is VOLATILE and written in PL/pgSQL, as an owner's would be.
LEAVES = """
CREATE FUNCTION leave(what text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    CASE what
        WHEN 'setting' THEN PERFORM set_config('app.tenant', '7', false);
        WHEN 'own setting' THEN PERFORM set_config('statement_timeout', '7s', false);
        WHEN 'path' THEN PERFORM set_config('search_path', 'elsewhere', false);
        WHEN 'lock' THEN PERFORM pg_advisory_lock(42);
        WHEN 'listen' THEN EXECUTE 'LISTEN news';
        WHEN 'prepared' THEN EXECUTE 'PREPARE left_behind AS SELECT 1';
        WHEN 'temp table' THEN EXECUTE 'CREATE TEMP TABLE item (id int)';
        WHEN 'cursor' THEN EXECUTE 'DECLARE held CURSOR WITH HOLD FOR SELECT 1';
        WHEN 'role' THEN EXECUTE 'SET ROLE pg_monitor';
    END CASE;
    RETURN 1;
END $$;
CREATE TABLE item (id int PRIMARY KEY);
CREATE TABLE plain (id int PRIMARY KEY);
CREATE TABLE guarded (what text);
CREATE FUNCTION on_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM leave(NEW.what); RETURN NEW; END $$;
CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION on_guarded();
CREATE VIEW inner_view AS SELECT leave('setting') AS id;
CREATE VIEW outer_view AS SELECT id FROM inner_view;
CREATE TABLE defaulted (id int, got int DEFAULT leave('setting'));
CREATE FUNCTION meets(one text, other text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN PERFORM leave('lock'); RETURN true; END $$;
CREATE OPERATOR ==== (FUNCTION = meets, LEFTARG = text, RIGHTARG = text);
CREATE PROCEDURE leaving() LANGUAGE plpgsql AS $$ BEGIN PERFORM leave('lock'); END $$;
CREATE FUNCTION state() RETURNS text[] LANGUAGE sql AS $$ SELECT ARRAY[
    coalesce(nullif(current_setting('app.tenant', true), ''), 'no setting'),
    current_setting('statement_timeout'),
    current_setting('search_path'),
    current_user,
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())::text,
    (SELECT count(*) FROM pg_listening_channels())::text,
    (SELECT count(*) FROM pg_prepared_statements WHERE from_sql)::text,
    (SELECT count(*) FROM pg_class WHERE relpersistence = 't')::text,
    (SELECT count(*) FROM pg_cursors WHERE is_holdable)::text
] $$;
"""
CLEAN = ["no setting", "30s", '"$user", public', "postgres", "0", "0", "0", "0", "0"]


def query(text: str, *, read_only: bool = False) -> pgmcp.ExecuteQueryRequest:
    """A raw statement."""
    return pgmcp.ExecuteQueryRequest(query=text, read_only=read_only)


@pytest.mark.parametrize(
    "request_",
    [
        *(
            pytest.param(query(f"SELECT leave('{what}')"), id=what)
            for what in ("setting", "own setting", "path", "lock", "listen", "prepared", "temp table", "cursor", "role")
        ),
        pytest.param(query("SELECT leave('setting')", read_only=True), id="a setting, by a read"),
        pytest.param(query("SELECT leave('lock')", read_only=True), id="a lock, by a read"),
        pytest.param(query("SELECT id FROM outer_view", read_only=True), id="a view of a view, by a read"),
        pytest.param(query("SELECT 'a'::text ==== 'b'::text", read_only=True), id="an operator, by a read"),
        pytest.param(query("INSERT INTO guarded VALUES ('lock') RETURNING what"), id="a trigger, by raw SQL"),
        pytest.param(pgmcp.ExplainQueryRequest(query="SELECT leave('lock')", analyze=True), id="a lock, by an explain"),
        pytest.param(pgmcp.CreateRequest(table="guarded", data={"what": "lock"}), id="a trigger"),
        pytest.param(pgmcp.CreateRequest(table="defaulted", data={"id": 1}), id="a default"),
        pytest.param(pgmcp.ReadRequest(table="outer_view"), id="a view of a view"),
    ],
)
async def test_the_next_caller_finds_nothing(make_database: MakeDatabase, driver: str, request_: Any) -> None:
    """On the same session: there is only one, of either need."""
    async with pgmcp.connect(
        await make_database(LEAVES), driver=driver, access="admin", pool_max=1, guard="names"
    ) as db:
        pids = []
        for _ in range(2):
            await db.call(request_)
            writes = isinstance(request_, pgmcp.CreateRequest)
            read_only = not writes and getattr(request_, "read_only", True)
            answer = await db.call(query("SELECT pg_backend_pid(), public.state()", read_only=read_only))
            assert isinstance(answer, pgmcp.DataResponse)
            pid, state = answer.rows[0].values()
            pids.append(pid)
            assert state == CLEAN
        assert pids[0] == pids[1]


async def test_a_procedure_leaves_nothing(make_database: MakeDatabase, driver: str) -> None:
    """On the session that it ran on; what is known of statements is forgotten with it, as it may define."""
    dsn = await make_database(LEAVES)
    seen = "SELECT pid, (SELECT count(*) FROM pg_locks AS l WHERE l.pid = a.pid AND l.locktype = 'advisory')::int "
    others = "FROM pg_stat_activity AS a WHERE datname = current_database() AND backend_type = 'client backend'"
    async with (
        session(dsn) as it,
        pgmcp.connect(dsn, driver=driver, access="admin", pool_max=1, guard="names") as db,
    ):
        found = []
        for _ in range(2):
            await db.call(query("CALL leaving()"))
            # There is no other session, so this waits for the reset; it is run without a look at anything first.
            await db.call(query("SHOW server_version"))
            found += await it.fetch(f"{seen} {others} AND pid <> pg_backend_pid()")
        assert [tuple(each) for each in found] == [(found[0]["pid"], 0)] * 2


@pytest.mark.parametrize(
    "request_, resets",
    [
        pytest.param(pgmcp.ReadRequest(table="plain"), 0, id="a read"),
        pytest.param(pgmcp.UpdateRequest(table="plain", filters={"id": 1}, data={"id": 1}), 0, id="an update"),
        pytest.param(query("SELECT lower(id::text) FROM plain", read_only=True), 0, id="raw, a built-in function"),
        pytest.param(query("SELECT leave('setting')", read_only=True), 2, id="raw, a function of the owner's"),
        pytest.param(pgmcp.ReadRequest(table="outer_view"), 4, id="a view of it, and raw SQL where there is one"),
    ],
)
async def test_what_leaves_nothing_is_not_reset(
    make_database: MakeDatabase, driver: str, request_: Any, resets: int
) -> None:
    """A reset is two round trips, on the side; only what runs code of the database's own costs them."""
    reached = "DROP VIEW outer_view, inner_view; DROP OPERATOR ==== (text, text);"
    sql = LEAVES if getattr(request_, "table", None) == "outer_view" else LEAVES + reached
    async with (
        counting_proxy(await make_database(sql)) as proxy,
        pgmcp.connect(proxy.dsn, driver=driver, access="write", pool_max=1, guard="names") as db,
    ):
        trips = []
        for _ in range(5):
            proxy.reset()
            await db.call(request_)
            # There is no other session, so this waits for the reset.
            await db.call(query("SELECT 1 AS one", read_only=not isinstance(request_, pgmcp.UpdateRequest)))
            trips.append(proxy.round_trips)
        assert trips[-1] == 2 + resets


async def test_our_own_prepared_statements_outlive_a_reset(make_database: MakeDatabase) -> None:
    """They are the session's speed: only those that SQL prepared are taken away."""
    async with counting_proxy(await make_database(LEAVES)) as proxy, way_to(proxy.dsn, pool_max=1) as way:
        one = Statement("SELECT 1::text")
        trips = 0
        for _ in range(3):
            connection = await way.sessions.acquire(Need.WRITE)
            proxy.reset()
            await connection.run(one)
            trips = proxy.round_trips
            await connection.run(Statement("SELECT leave('prepared')::text"))
            way.sessions.dirty(connection)
            way.sessions.release(connection)
        assert trips == 1
