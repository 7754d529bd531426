"""Injection: every string of a large list in every argument of every tool, as names and as values, on a real server.

Afterwards the catalogue and the data are what they were, and nothing that was hoped to run has run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import pytest
from attrs import fields

from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.mcp.toolbox import CallControls
from pgmcp.handlers.registry import HANDLERS
from tests.fixtures.injections import injections
from tests.fixtures.postgres import MakeDatabase

_STEP = 29
_SCHEMA = """
CREATE TABLE victim (id int PRIMARY KEY, mark text NOT NULL DEFAULT 'whole', doc jsonb, tags text[], seen timestamptz);
INSERT INTO victim (id) VALUES (1), (2), (3);
CREATE TABLE burns (at timestamptz);
CREATE FUNCTION burn() RETURNS int LANGUAGE sql AS 'INSERT INTO burns VALUES (now()); SELECT 1';
"""
# Everything that a statement could have changed: relations, columns, functions, grants, roles, settings, rows.
_STATE = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
  SELECT 'class ' || oid || relname || coalesce(relacl::text, '') || relkind::text AS line FROM pg_class
  UNION ALL SELECT 'column ' || attrelid || attname || atttypid FROM pg_attribute
  UNION ALL SELECT 'function ' || oid || proname || coalesce(proacl::text, '') FROM pg_proc
  UNION ALL SELECT 'role ' || oid || rolname || rolsuper FROM pg_roles
  UNION ALL SELECT 'setting ' || setdatabase || setrole || setconfig::text FROM pg_db_role_setting
  UNION ALL SELECT 'schema ' || oid || nspname FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast_temp)'
  UNION ALL SELECT 'burnt ' || at FROM burns
  UNION ALL SELECT 'row ' || v::text FROM victim v
) AS lines
"""


def calls(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls that hold a text wherever one can be, none of which means to change a row that is there."""
    table = {"table": "victim"}
    never = {"id": -1}
    yield "list_tables", {"search": text}
    yield "list_tables", {"schema": text, "cursor": text}
    yield "describe_table", {"table": text, "schema": text}
    yield "describe_table", table | {"columns": [text], "cursor": text}
    yield "read_table", {"table": text}
    yield "read_table", table | {"columns": [text]}
    yield "read_table", table | {"order_by": [text]}
    yield "read_table", table | {"cursor": text}
    yield "read_table", table | {"filters": {text: 1}}
    yield "read_table", table | {"filters": {f"doc->>{text}": text}}
    for operator in ("eq", "like", "match", "starts_with", "fts", text):
        yield "read_table", table | {"filters": {"mark": {operator: text}}}
    yield "read_table", table | {"filters": {"mark": {"in": [text, text]}, "tags": {"contains": [text]}}}
    yield "read_table", table | {"filters": {"doc": {"has_key": text}, "seen": {"gt": {"relative": text}}}}
    yield "read_table", table | {"filters": {"doc": {"jsonb_path": text}}}
    yield "update_records", table | {"filters": never | {"mark": text}, "data": {"mark": text}, "returning": [text]}
    yield "update_records", table | {"filters": never | {"mark": text}, "data": {"mark": text, "doc": {text: text}}}
    yield "update_records", table | {"filters": never, "data": {text: text}}
    yield "delete_records", table | {"filters": {"mark": {"eq": f"none such {text}"}}}
    yield "create_record", table | {"data": {"id": 1, "mark": text}}  # the key is taken
    yield "create_record", table | {"data": {text: 1}, "returning": [text], "schema": text}
    yield "create_records", table | {"records": [{"id": 1, "mark": text}], "on_conflict": {"action": "ignore"}}
    yield "execute_query", {"query": "SELECT $1::text AS said", "params": [text]}
    yield "explain_query", {"query": "SELECT * FROM victim WHERE mark = $1", "params": [text]}
    yield "commit_transaction", {"transaction_id": text}
    yield "create_savepoint", {"transaction_id": text, "name": text}


# The least that each tool takes, none of which changes a row that is there.
_LEAST: Mapping[str, Mapping[str, Any]] = {
    "describe_table": {"table": "victim"},
    "read_table": {"table": "victim"},
    "create_record": {"table": "victim", "data": {"id": 1}},
    "create_records": {"table": "victim", "records": [{"id": 1}]},
    "update_records": {"table": "victim", "filters": {"id": -1}, "data": {"mark": "x"}},
    "delete_records": {"table": "victim", "filters": {"id": -1}},
    "execute_query": {"query": "SELECT 1"},
    "explain_query": {"query": "SELECT 1"},
}


def every_argument(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls that hold a text in one argument, each argument of each tool once: as a text, in a list, as a key."""
    for tool in HANDLERS:
        for argument in fields(tool.request):
            yield tool.name, {**_LEAST.get(tool.name, {}), argument.name: text}
            yield tool.name, {**_LEAST.get(tool.name, {}), argument.name: [text, {text: text}]}


async def _state(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.fetchval(_STATE))
    finally:
        await connection.close()


@pytest.mark.timeout(400)
async def test_nothing_that_is_said_is_run(make_database: MakeDatabase, driver: str) -> None:
    """Also in the principal's name, which stands in every statement's comment."""
    dsn = await make_database(_SCHEMA)
    groups = tuple(sorted({tool.group for tool in HANDLERS}))
    database = build(Settings(dsn=Secret(dsn), driver=driver, access=Access.ADMIN, tools=groups))
    router = MCPRouter(database)
    assert {tool.name for tool in HANDLERS} == database.handlers.keys()
    try:
        # The first key makes the table of receipts.
        first = json.dumps({**_LEAST["delete_records"], "idempotency_key": "first"}).encode()
        await router.call("delete_records", first, CallControls(id="first", principal=Principal("first")))
        before = await _state(dsn)
        for number, text in enumerate(injections()):
            said = [*calls(text), *every_argument(text)]
            # Each text in a few of the places, so that all texts together are in all places often.
            for tool, arguments in said[number % _STEP :: _STEP]:
                controls = CallControls(id="injection", principal=Principal(text or "nobody"))
                data = json.dumps(arguments).encode()
                answer = json.loads((await router.call(tool, data, controls)).text)
                assert answer.get("error", {}).get("type") != "internal_error", (tool, arguments, answer)
            if number % 250 == 0:
                assert await _state(dsn) == before, text
        echoed = json.loads((await router.call("execute_query", *_echo())).text)
        assert echoed["rows"] == [["'; --"]]
    finally:
        await database.aclose()
    assert await _state(dsn) == before


def _echo() -> tuple[bytes, CallControls]:
    """A call that shows that the server still serves."""
    data = json.dumps({"query": "SELECT $1::text AS said", "params": ["'; --"]}).encode()
    return data, CallControls(id="echo", principal=Principal("echo"))
