"""Every tool, over each adapter: the whole way from arguments to the answer's JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

import pgmcp
from pgmcp.adapters.memory import Answer
from pgmcp.adapters.shop.memory import shop_tables
from pgmcp.handlers.base import Group
from pgmcp.handlers.registry import HANDLERS
from tests.fixtures.declared import sql_of
from tests.fixtures.postgres import MakeDatabase, TestServer
from tests.fixtures.shop import shop_database
from tests.fixtures.trade import TRADE

STATEMENTS: dict[str, Any] = {
    "SELECT count(*) AS n FROM orders WHERE total > $1": Answer(rows=[{"n": 2}], columns={"n": "int8"}),
    "EXPLAIN SELECT 1": [{"Plan": {"Node Type": "Result", "Total Cost": 0.01, "Plan Rows": 1, "Startup Cost": 0.0}}],
}
CALLS = [
    pytest.param(
        "list_schemas",
        {},
        {
            "columns": ["name", "owner", "tables", "on_search_path", "comment"],
            "types": ["text", "text", "int8", "bool", "text"],
            "rows": [["public", "pg_database_owner", 5, True, "standard public schema"]],
            "count": 1,
        },
        id="list_schemas",
    ),
    pytest.param(
        "read_table",
        {"table": "orders", "columns": ["id", "total"], "filters": {"tags": {"contains": ["red"]}}},
        {"columns": ["id", "total"], "types": ["int4", "numeric"], "rows": [[1, 19.9]], "count": 1},
        id="read_table",
    ),
    pytest.param(
        "create_record",
        {"table": "lines", "data": {"order_id": 2, "line": 1, "text": "mug"}, "returning": True},
        {
            "columns": ["order_id", "line", "text"],
            "types": ["int4", "int2", "varchar"],
            "rows": [[2, 1, "mug"]],
            "count": 1,
        },
        id="create_record",
    ),
    pytest.param(
        "create_records",
        {
            "table": "lines",
            "records": [{"order_id": 1, "line": 1, "text": "new"}, {"order_id": 1, "line": 9, "text": "nine"}],
            "batch_size": 1,
            "on_conflict": "update",
        },
        {"ok": True, "count": 2},
        id="create_records",
    ),
    pytest.param(
        "update_records",
        {"table": "lines", "filters": {"order_id": 1}, "data": {"text": "x"}, "dry_run": True, "returning": ["line"]},
        {"columns": ["line"], "types": ["int2"], "rows": [[1], [2]], "count": 2, "dry_run": True},
        id="update_records",
    ),
    pytest.param(
        "delete_records",
        {"table": "lines", "filters": {"text": {"like": "p%"}}, "returning": ["order_id"]},
        {"columns": ["order_id"], "types": ["int4"], "rows": [[3]], "count": 1},
        id="delete_records",
    ),
    pytest.param(
        "execute_query",
        {"query": "SELECT count(*) AS n FROM orders WHERE total > $1", "params": [5]},
        {"columns": ["n"], "types": ["int8"], "rows": [[2]], "count": 1},
        id="execute_query",
    ),
    pytest.param(
        "explain_query",
        {"query": "SELECT 1"},
        {"plan": ["Result  rows 1  cost 0..0.01"], "cost": 0.01, "rows": 1},
        id="explain_query",
    ),
    pytest.param("clear_cache", {"scope": "table", "table": "orders"}, {"ok": True}, id="clear_cache"),
    pytest.param(
        "get_metrics",
        {"metric_type": "execution_times", "operation": None},
        {
            "metric_type": "execution_times",
            "window_seconds": 300,
            "operations": [],
            "slowest": [],
        },
        id="get_metrics",
    ),
    pytest.param("reset_metrics", {}, {"ok": True}, id="reset_metrics"),
]
SIZED = {"list_tables", "describe_table", "get_cache_stats"}
"""Tools whose answers hold sizes, estimates and what is kept, which are each database's own."""
TIMED = {"covered_seconds"}
"""What tells how long it has been, and so is never the same."""


@pytest.fixture(params=["memory", "asyncpg"])
async def client(request: pytest.FixtureRequest, make_database: MakeDatabase) -> AsyncIterator[pgmcp.Client]:
    """The small trade, called through each adapter."""
    if request.param == "memory":
        made = pgmcp.memory(tables=TRADE, statements=STATEMENTS, access="admin", tools=tuple(Group))
    else:
        made = pgmcp.connect(await make_database(sql_of(TRADE)), time_zone="UTC", access="admin", tools=tuple(Group))
    async with made as opened:
        yield opened


async def ask(client: pgmcp.Client, tool: str, arguments: dict[str, Any]) -> Any:
    """The answer of a tool, read."""
    found = {each.name: each for each in client.tools()}[tool]
    return json.loads(await found.call(json.dumps(arguments)))


@pytest.mark.parametrize("tool, arguments, expected", CALLS)
async def test_a_tool_answers(client: pgmcp.Client, tool: str, arguments: dict[str, Any], expected: Any) -> None:
    """The same from every adapter, to the letter."""
    found = await ask(client, tool, arguments)
    assert {key: value for key, value in found.items() if key not in TIMED} == expected


async def test_list_tables_answers(client: pgmcp.Client) -> None:
    """Without the sizes."""
    found = await ask(client, "list_tables", {"search": "o", "limit": 3})
    assert [[row[0], row[1], row[4]] for row in found["rows"]] == [
        ["customers", "table", "Who buys"],
        ["notes", "table", "A table without a key"],
        ["orders", "table", None],
    ]
    assert (found["columns"], "next_cursor" in found) == (["name", "kind", "rows", "bytes", "comment"], True)


async def test_describe_table_answers(client: pgmcp.Client) -> None:
    """Without the sizes."""
    found = await ask(client, "describe_table", {"table": "lines"})
    assert {key: value for key, value in found.items() if key not in {"rows", "bytes"}} == {
        "schema": "public",
        "table": "lines",
        "kind": "table",
        "columns": [
            {"name": "order_id", "type": "int4", "nullable": False},
            {"name": "line", "type": "int2", "nullable": False},
            {"name": "text", "type": "varchar(5)"},
        ],
        "primary_key": ["order_id", "line"],
        "foreign_keys": [{"columns": ["order_id"], "table": "orders", "to": ["id"], "on_delete": "cascade"}],
    }


async def test_a_cache_that_is_off_still_counts_definitions(client: pgmcp.Client) -> None:
    """One that was read is kept, and found the next time."""
    for _ in range(2):
        await ask(client, "describe_table", {"table": "lines"})
    found = await ask(client, "get_cache_stats", {})
    assert set(found) == {"cache", "by_kind"}
    assert found["cache"] == "off"
    assert set(found["by_kind"]) == {"metadata"}
    kept = found["by_kind"]["metadata"]
    assert set(kept) == {"hits", "misses", "stores", "entries", "of"}
    for count in ("hits", "misses", "stores", "entries"):
        assert kept[count] == sum(kind[count] for kind in kept["of"].values())


async def test_an_error_is_the_same_answer(client: pgmcp.Client) -> None:
    """In full, and a dry run before it has left nothing."""
    await ask(
        client, "update_records", {"table": "lines", "filters": {"line": 1}, "data": {"text": "x"}, "dry_run": True}
    )
    row = {"order_id": 3, "line": 1}
    assert await ask(client, "create_record", {"table": "lines", "data": row}) == {
        "error": {
            "type": "database_error",
            "code": "unique_violation",
            "message": "A row with the same unique key exists already (constraint lines_pkey of lines).",
            "hint": "Change the key, or say with on_conflict what shall happen.",
            "retry": "fix_input",
            "sqlstate": "23505",
            "details": {
                "constraint": "lines_pkey",
                "schema": "public",
                "table": "lines",
                "columns": ["order_id", "line"],
                "outcome": "rolled_back",
            },
        }
    }
    kept = await ask(client, "read_table", {"table": "lines", "columns": ["text"], "filters": row})
    assert kept["rows"] == [["plate"]]


async def test_two_records_of_one_key(client: pgmcp.Client) -> None:
    """One statement can't change a row twice, so it is not sent; records whose key may be there are only left out."""
    records = [{"order_id": 1, "line": line, "text": "x"} for line in (7, 8, 7)]
    arguments = {"table": "lines", "records": records, "on_conflict": "update"}
    assert await ask(client, "create_records", arguments) == {
        "error": {
            "type": "validation_error",
            "code": "repeated_key",
            "message": "record 2 has the same key (order_id, line) as record 0",
            "hint": "Leave one of them out.",
            "retry": "fix_input",
            "details": {"path": "records[2]"},
        }
    }
    kept = await ask(client, "read_table", {"table": "lines", "filters": {"order_id": 1, "line": {"gte": 7}}})
    assert kept["count"] == 0
    assert await ask(client, "create_records", arguments | {"on_conflict": "ignore"}) == {"ok": True, "count": 2}


def test_every_tool_is_asked() -> None:
    """A new tool needs its contract; those on held transactions have one of their own."""
    elsewhere = {handler.name for handler in HANDLERS if handler.group is Group.TRANSACTIONS}
    assert {call.values[0] for call in CALLS} | SIZED | elsewhere == {handler.name for handler in HANDLERS}


async def test_the_sample_shop_is_the_same_in_both(postgres: TestServer) -> None:
    """Every relation, row by row; the views too."""
    async with (
        shop_database(postgres) as dsn,
        pgmcp.memory(tables=shop_tables()) as memory,
        pgmcp.connect(dsn, time_zone="UTC") as server,
    ):
        for name in shop_tables():
            assert (name, await _all_rows(memory, name)) == (name, await _all_rows(server, name))


async def _all_rows(client: pgmcp.Client, name: str) -> list[Any]:
    """Columns, types and rows, page by page."""
    asked = {"table": name, "limit": 1000, "order_by": _order(name)}
    found = await ask(client, "read_table", asked)
    rows = [found["columns"], found["types"], *found["rows"]]
    while "next_cursor" in found:
        found = await ask(client, "read_table", asked | {"cursor": found["next_cursor"]})
        rows += found["rows"]
    return rows


def _order(name: str) -> list[str]:
    """What puts a view's rows in order; tables have their keys."""
    return {"order_summary": ["order_id"], "product_sales": ["product_id"]}.get(name, [])
