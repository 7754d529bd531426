"""Statements tell what they are about: the one table of a plan, or of a guard's verdict."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.events import StatementRan
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.handlers.dispatch import Caller
from tests.fixtures.pool import Heard
from tests.fixtures.postgres import MakeDatabase

SCHEMA = """
    CREATE TABLE orders (id int PRIMARY KEY, status text);
    INSERT INTO orders VALUES (1, 'new'), (2, 'new');
    CREATE TABLE customers (id int PRIMARY KEY);
    CREATE VIEW fresh AS SELECT id FROM orders WHERE status = 'new';
    CREATE SCHEMA other;
    CREATE TABLE other.things (id int PRIMARY KEY);
"""
BY_KEY = {"table": "orders", "filters": {"id": 1}}
OURS = {"select", "insert", "update", "delete", "query", "explain"}


async def events(dsn: str, tool: str, said: dict[str, Any], **settings: Any) -> list[StatementRan]:
    """The statements of a call that came twice."""
    heard = Heard()
    database = build(Settings(dsn=Secret(dsn), access=Access.WRITE, **settings), observer=heard)
    try:
        for _ in range(2):
            with suppress(PgmcpError):
                await database.dispatcher.dispatch(database.tool(tool), said, Caller())
        return [each for each in heard.events if isinstance(each, StatementRan)]
    finally:
        await database.aclose()


async def told(dsn: str, tool: str, said: dict[str, Any], **settings: Any) -> list[tuple[str, str | None]]:
    """The kind and the relation of each statement of a call that came twice, the second time."""
    heard = await events(dsn, tool, said, **settings)
    return [(each.kind, each.relation) for each in heard if each.call == heard[-1].call]


@pytest.mark.parametrize(
    "tool, said, expected",
    [
        pytest.param("read_table", BY_KEY, [("select", "orders")], id="one row"),
        pytest.param(
            "read_table", {"table": "things", "schema": "other"}, [("select", "other.things")], id="of another schema"
        ),
        pytest.param("read_table", {"table": "fresh"}, [("select", "fresh")], id="a view"),
        pytest.param(
            "read_table",
            {"table": "orders", "filters": {"or": [{"id": 1}, {"not": {"status": "new"}}]}},
            [("select", "orders")],
            id="a long filter",
        ),
        pytest.param("update_records", BY_KEY | {"data": {"status": "x"}}, [("update", "orders")], id="an update"),
        pytest.param("delete_records", BY_KEY, [("delete", "orders")], id="a delete"),
        pytest.param(
            "create_records",
            {"table": "customers", "records": [{"id": 1}]},
            [("insert", "customers")],
            id="one refused",
        ),
        pytest.param("execute_query", {"query": "SELECT id FROM orders WHERE id > 0"}, [("query", "orders")], id="raw"),
        pytest.param(
            "execute_query", {"query": "SELECT id FROM other.things"}, [("query", "other.things")], id="raw, qualified"
        ),
        pytest.param(
            "execute_query", {"query": "SELECT id FROM fresh"}, [("query", "public.orders")], id="raw, a view"
        ),
        pytest.param(
            "execute_query",
            {"query": "SELECT o.id FROM orders o JOIN customers c ON c.id = o.id"},
            [("query", None)],
            id="raw, two tables",
        ),
        pytest.param("execute_query", {"query": "SELECT 'hunter2'"}, [("query", None)], id="raw, none"),
    ],
)
async def test_what_a_statement_is_about(
    make_database: MakeDatabase, driver: str, tool: str, said: dict[str, Any], expected: list[tuple[str, str | None]]
) -> None:
    """Known again each time, by the name that callers use."""
    dsn = await make_database(SCHEMA)
    assert [each for each in await told(dsn, tool, said, driver=driver) if each[0] in OURS] == expected


async def test_nobody_guesses(make_database: MakeDatabase, driver: str) -> None:
    """Where the guard asks for no resolution a raw statement's words are not taken for tables."""
    dsn = await make_database(SCHEMA)
    asked = {"query": "SELECT id FROM orders"}
    heard = await told(dsn, "execute_query", asked, driver=driver, guard="names")
    assert heard == [("query", None)]


@pytest.mark.parametrize("share", [pytest.param(1.0, id="drawn"), pytest.param(0.0, id="not drawn")])
@pytest.mark.parametrize(
    "tool, said",
    [
        pytest.param("read_table", BY_KEY, id="a read"),
        pytest.param("update_records", BY_KEY | {"data": {"status": "x"}}, id="a write"),
        pytest.param("execute_query", {"query": "SELECT 1 / 0"}, id="a failure"),
    ],
)
async def test_whether_their_call_was_drawn(
    make_database: MakeDatabase, driver: str, tool: str, said: dict[str, Any], share: float
) -> None:
    """They say so, and by what they are found among others of their form: the same whether known before or not."""
    dsn = await make_database(SCHEMA)
    heard = await events(dsn, tool, said, driver=driver, metrics_sample=share)
    ours = [each for each in heard if each.kind in OURS]
    assert len(ours) == 2
    assert {each.timed for each in ours} == {share == 1}
    (fingerprint,) = {each.fingerprint for each in ours}
    assert (fingerprint is not None) == (share == 1)
