"""What plans, tables' own names and types tell under a policy, on each driver and server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

import pgmcp
from tests.fixtures.postgres import TestServer

SQL = """
CREATE SCHEMA inner_parts;
CREATE TYPE inner_parts.mood AS ENUM ('marked', 'calm');
CREATE DOMAIN inner_parts.odd AS int CHECK (VALUE % 2 = 1);
CREATE TABLE person (id int PRIMARY KEY, name text, pin text, mood inner_parts.mood DEFAULT 'calm');
CREATE INDEX person_pin_idx ON person (pin);
CREATE TABLE visit (id int PRIMARY KEY, person int REFERENCES person, at date);
CREATE TABLE kept (id int PRIMARY KEY);
INSERT INTO kept VALUES (1);
CREATE TABLE held (id int PRIMARY KEY, kept int CONSTRAINT marked_key REFERENCES kept);
CREATE TABLE own_row (id int PRIMARY KEY, owner text);
ALTER TABLE own_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON own_row USING (owner = 'marked' OR current_setting('app.marked', true) = 'x');
INSERT INTO own_row VALUES (1, 'marked'), (2, 'other');
CREATE TABLE event (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE inner_parts.event_marked PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE log (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE log_2024 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO event VALUES (1, '2024-02-02');
INSERT INTO log VALUES (1, '2024-02-02');
INSERT INTO person VALUES (1, 'ana', 'x');
CREATE TABLE clue (id int PRIMARY KEY, pin text) PARTITION BY RANGE (id);
CREATE TABLE clue_1 PARTITION OF clue FOR VALUES FROM (1) TO (10);
CREATE INDEX clue_1_pin_idx ON clue_1 (pin);
DO $$ BEGIN
    -- From 18 on such a column's expression stands in the plan.
    EXECUTE format(
        'CREATE TABLE summed (id int, pin text, sign text GENERATED ALWAYS AS (lower(pin) || ''marked'') %s)',
        CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'VIRTUAL' ELSE 'STORED' END);
END $$;
CREATE TABLE marked_vault (id int);
CREATE FUNCTION counted() RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT id FROM public.marked_vault';
DO $$ BEGIN CREATE ROLE veiled_reader; EXCEPTION WHEN duplicate_object THEN END $$;
GRANT USAGE ON SCHEMA inner_parts TO veiled_reader;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public, inner_parts TO veiled_reader;
"""
POLICY: Mapping[str, Any] = {
    "default": "deny",
    "schemas": [{"match": "inner*", "allow": []}],
    "tables": [
        {"match": "public.person", "allow": ["read"], "hide": ["pin"]},
        {"match": "public.summed", "allow": ["read"], "hide": ["pin"]},
        {"match": "public.clue_1", "allow": ["read"]},
        {"match": "public.clue", "allow": ["read"], "hide": ["pin"]},
        {"match": "public.visit", "allow": ["read", "create"]},
        {"match": "public.held", "allow": ["read", "create"]},
        {"match": "public.own_row", "allow": ["read"], "hide": ["owner"]},
        {"match": "public.event", "allow": ["read"]},
        {"match": "public.log*", "allow": ["read"]},
    ],
    "functions": [{"match": "public.counted", "allow": ["execute"]}],
    "principals": [{"match": "*", "role": "veiled_reader"}],
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def dsn(postgres: TestServer) -> AsyncIterator[str]:
    """The database, of which nothing is changed for good."""
    made = await postgres.new_database(SQL)
    yield made
    await postgres.drop_database(made)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def client(dsn: str, driver: str) -> AsyncIterator[pgmcp.Client]:
    """A client under the policy, with a role that row security is for."""
    async with pgmcp.connect(dsn, driver=driver, policy=POLICY, access="write") as connected:
        yield connected


async def ask(client: pgmcp.Client, tool: str, **arguments: Any) -> Any:
    """A tool's answer, in which nothing that is marked is named."""
    answer = await {each.name: each for each in client.tools()}[tool].call(arguments)
    assert "marked" not in answer
    assert "pin_idx" not in answer
    return json.loads(answer)


VEILED = {
    "row security": "SELECT id FROM own_row WHERE id > 0",
    "a partition": "SELECT id FROM event",
    "an index": "SELECT count(*) FROM person WHERE id = 1",
    "a function's body": "SELECT * FROM counted()",
    "an index of a partition, by its parent's rule": "SELECT count(*) FROM clue_1 WHERE id = 1",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in VEILED.items()])
async def test_a_plan_that_would_tell_is_told_bare(client: pgmcp.Client, text: str) -> None:
    """Without names and conditions; PostgreSQL's own text of it is not told at all."""
    for analyze in (False, True):
        told = await ask(client, "explain_query", query=text, analyze=analyze)
        assert all(set(line) <= set(told["plan"][0]) or "rows" in line for line in told["plan"])
        assert not {"filter", "cond", "own_row", "event", "person", "counted"} & set(" ".join(told["plan"]).split())
        assert told["rows"] >= 0
        assert ("execution_ms" in told) is analyze
    for options in ("", "VERBOSE ", "ANALYZE ", "(FORMAT JSON) "):
        error = (await ask(client, "execute_query", query=f"EXPLAIN {options}{text}"))["error"]
        assert (error["code"], "explain_query" in error["hint"]) == ("statement_not_allowed", True)


async def test_what_a_column_is_computed_by_is_not_told(client: pgmcp.Client) -> None:
    """In a plan its expression can stand in its place, with the names of the columns that it is made of."""
    for tool in ("explain_query", "execute_query"):
        text = "SELECT id FROM summed WHERE sign = 'a'"
        told = json.dumps(await ask(client, tool, query=text if tool == "explain_query" else f"EXPLAIN {text}"))
        assert "lower" not in told
        assert "pin" not in told


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT id FROM visit WHERE id = 1", id="a table"),
        pytest.param("SELECT id FROM log WHERE at > '2024-01-01'", id="partitions that may be known"),
        pytest.param("SELECT int4range(1, 2), lower('A')", id="functions of PostgreSQL's own"),
    ],
)
async def test_other_plans_are_told_whole(client: pgmcp.Client, text: str) -> None:
    """By the tool and by PostgreSQL's own text."""
    assert (await ask(client, "explain_query", query=text))["plan"]
    assert (await ask(client, "execute_query", query=f"EXPLAIN {text}"))["rows"]


async def test_a_plan_of_a_write_that_was_run_is_for_the_tool(client: pgmcp.Client) -> None:
    """PostgreSQL's text names the keys that it has looked at, be they to tables that may not be known."""
    text = "INSERT INTO visit SELECT 7, 1 WHERE false"
    assert (await ask(client, "execute_query", query=f"EXPLAIN ANALYZE {text}", read_only=False))["rows"]
    again = await ask(client, "explain_query", query="INSERT INTO visit VALUES (8, 1)", analyze=True)
    assert "Insert visit" in again["plan"][0]
    text = "INSERT INTO held VALUES (7, 1)"
    error = (await ask(client, "execute_query", query=f"EXPLAIN ANALYZE {text}", read_only=False))["error"]
    assert error["code"] == "statement_not_allowed"
    told = await ask(client, "explain_query", query=text, analyze=True)
    assert "held" not in json.dumps(told)


async def test_the_cost_of_a_plan_that_would_tell(dsn: str, driver: str) -> None:
    """A statement that is too costly is refused without the name of what costs most."""
    async with pgmcp.connect(dsn, driver=driver, policy=POLICY, max_cost=0.01) as limited:
        error = (await ask(limited, "execute_query", query="SELECT id FROM event"))["error"]
    assert (error["code"], "event" in json.dumps(error)) == ("too_costly", False)


@pytest.mark.parametrize(
    "text, told",
    [
        pytest.param("SELECT tableoid::regclass FROM log", [["log_2024"]], id="of a partition that may be known"),
        pytest.param("SELECT tableoid::regclass FROM person", [["person"]], id="of a table alone"),
        pytest.param("SELECT tableoid::regclass FROM event", None, id="of one that may not"),
        pytest.param("SELECT x.o::regclass FROM (SELECT tableoid AS o FROM log) AS x", None, id="of any number"),
    ],
)
async def test_which_table_a_row_is_of(client: pgmcp.Client, text: str, told: Any) -> None:
    """Its name is told where all the tables may be known."""
    answer = await ask(client, "execute_query", query=text)
    assert answer.get("rows") == told


@pytest.mark.parametrize(
    "text, answered",
    [
        pytest.param("SELECT enum_range(NULL::inner_parts.mood)", False, id="its labels"),
        pytest.param("SELECT 'calm'::inner_parts.mood", False, id="a label"),
        pytest.param("SELECT 'no such'::inner_parts.mood", False, id="no label"),
        pytest.param("SELECT NULL::inner_parts.mood[]", False, id="an array"),
        pytest.param("SELECT 2::inner_parts.odd", False, id="a domain"),
        pytest.param("SELECT CAST(1 AS inner_parts.odd)", False, id="a cast to it"),
        pytest.param("SELECT enum_range(x.m) FROM (SELECT NULL::inner_parts.mood AS m) AS x", False, id="by a column"),
        pytest.param("SELECT id FROM person WHERE mood = 'calm'", True, id="a column of it"),
        pytest.param("SELECT mood, enum_range(mood) IS NULL FROM person", True, id="a column's values"),
    ],
)
async def test_types_of_a_hidden_schema(client: pgmcp.Client, text: str, answered: bool) -> None:
    """They are not there, but for the values of columns that may be read."""
    answer = await ask(client, "execute_query", query=text)
    missing = await ask(client, "execute_query", query=text.replace("mood", "mooo").replace(".odd", ".ood"))
    if answered:
        assert answer["count"] == 1
    else:
        told = json.dumps(answer["error"])
        assert told.replace("mood", "mooo").replace(".odd", ".ood") == json.dumps(missing["error"])
