"""What the server is shown of who runs a statement."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from attrs import evolve

import pgmcp
from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.commenting import Commenter
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import QueryError
from pgmcp.ports.driver import Need, Statement
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import MakeDatabase, TestServer

_SEEN = "SELECT query FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()"


@pytest.mark.parametrize("name", ["ana", "'; DROP TABLE t; --", "*/ SELECT 1/0 /*", "\\ $$ é \n"])
async def test_the_server_sees_who_it_is(make_database: MakeDatabase, name: str) -> None:
    """Whatever the name is, the statement is what it was."""
    async with way_to(await make_database()) as way:
        runner = Runner(sessions=way.sessions, clock=SystemClock(), observer=way.heard, comment=Commenter())
        call = evolve(a_call(), principal=Principal(name))
        for _ in range(2):
            rows = (await runner.run(Statement(_SEEN), call, need=Need.READ, kind="query")).rows
            assert [row[0] for row in rows] == [Commenter()(Statement(_SEEN), call).text]
        with pytest.raises(QueryError) as caught:
            await runner.run(Statement("SELECT nothing_there"), call, need=Need.READ, kind="query")
    assert caught.value.position == 8


SCHEMA = """
CREATE TABLE items (id int PRIMARY KEY, name text UNIQUE, n int CHECK (n > 0));
INSERT INTO items VALUES (1, 'a', 1), (2, 'b', 2);
CREATE FUNCTION leaves() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
"""
LOG = """
ALTER DATABASE {0} SET log_statement = 'all'; ALTER DATABASE {0} SET log_min_messages = 'log'
"""
# The pool resets a session that somebody's statement may have left something on, and before PostgreSQL 18 asks the
# first one for its path; asyncpg's client ends a preparation.
_OWN = re.compile(
    r"CLOSE ALL; .*|SELECT pg_catalog\.quote_ident\(s\.name\).*"
    r"|SELECT pg_catalog\.current_setting\('search_path'\)|SELECT",
    re.DOTALL,
)
_ENTRY = re.compile(r"^LOG:  (?:statement|execute [^:]+): (.*(?:\n\t.*)*)", re.MULTILINE)


async def everything(client: pgmcp.Client) -> None:
    """A call of each kind, with the roundabout ways that some take."""
    tools = {each.name: each for each in client.tools()}

    async def call(tool: str, /, **arguments: Any) -> Any:
        return json.loads(await tools[tool].call(arguments))

    await call("list_schemas")
    await call("list_tables", search="item")
    await call("describe_table", table="items")
    await call("read_table", table="itms")
    await call("read_table", table="items", filters={"id": 1}, timeout_ms=9000)
    await call("read_table", table="items")
    await call("create_record", table="items", data={"id": 3, "name": "a"})
    await call("create_record", table="items", data={"id": 4, "name": "d"}, idempotency_key="k")
    await call("create_records", table="items", records=[{"id": 10 + n} for n in range(4)], batch_size=2)
    await call("update_records", table="items", filters={"id": 1}, data={"n": 2}, dry_run=True)
    await call("delete_records", table="items", filters={"id": 10})
    await call("execute_query", query="SELECT id FROM items WHERE id = $1", params=[1])
    await call("execute_query", query="SELECT leaves()")
    await call("execute_query", query="SELEC 1")
    await call("execute_query", query="SHOW search_path")
    await call("execute_query", query="UPDATE items SET n = 5 RETURNING id", read_only=False)
    await call("explain_query", query="SELECT * FROM items", analyze=True)
    for end in ("commit_transaction", "rollback_transaction"):
        held = {"transaction_id": (await call("begin_transaction"))["transaction_id"]}
        await call("create_savepoint", name="s", **held)
        await call("update_records", table="items", filters={"id": 1}, data={"n": 7}, **held)
        await call("read_table", table="items", timeout_ms=9000, **held)
        await call("execute_query", query="SELECT 1", **held)
        await call("execute_query", query="SELECT 1/0", **held)
        await call("rollback_transaction", savepoint="s", **held)
        await call("get_transaction", **held)
        await call("release_savepoint", name="s", **held)
        await call(end, **held)


@pytest.mark.parametrize("role", [None, "pgmcp_commented"])
async def test_every_statement_of_a_call_has_it(
    postgres: TestServer, make_database: MakeDatabase, driver: str, role: str | None
) -> None:
    """BEGIN, SAVEPOINT, SET LOCAL, COMMIT and what is asked of the catalogue, too; all but the pool's own."""
    dsn = await make_database(SCHEMA)
    name = dsn.partition("@/")[2].partition("?")[0]
    for statement in LOG.format(name).split(";"):
        await postgres.admin(statement)
    await postgres.admin(
        "DO $$ BEGIN CREATE ROLE pgmcp_commented SUPERUSER; EXCEPTION WHEN duplicate_object THEN END $$"
    )
    log = postgres.server.data_dir / "server.log"
    before = log.stat().st_size
    policy = {"default": "allow", "principals": [{"match": "ana", "role": role}]} if role else None
    async with pgmcp.connect(dsn, driver=driver, principal="ana", access="admin", policy=policy) as client:
        await everything(client)
    said = _ENTRY.findall(log.read_bytes()[before:].decode())
    assert len(said) > 60
    bare = {text for text in said if "principal='ana'" not in text}
    assert {text for text in bare if not _OWN.fullmatch(text)} == set()
