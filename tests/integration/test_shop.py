"""The sample shop in PostgreSQL: loaded once, the same rows as in memory, ready to be written to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeAlias

import asyncpg
import pytest

import pgmcp
from pgmcp.adapters.shop.load import DATABASE, load
from pgmcp.adapters.shop.memory import shop_tables
from pgmcp.adapters.shop.rows import Row, Tables, line_total, shop_rows
from pgmcp.adapters.shop.views import order_summary, product_sales
from pgmcp.handlers.registry import HANDLERS
from tests.fixtures.examples import every_example
from tests.fixtures.postgres import TestServer

Session: TypeAlias = "asyncpg.Connection[Any]"  # generic in its stubs alone

EXAMPLES = {handler.name: handler.example for handler in HANDLERS}
VIEWS = {"order_summary": "order_id", "product_sales": "product_id"}  # without a key of their own to go by
KEYS = {"order_items": "order_id, line", "stock": "product_id, warehouse_id"}


@pytest.fixture
async def shop(postgres: TestServer) -> AsyncIterator[Session]:
    """A session in the loaded shop, in a transaction that is rolled back."""
    await load(postgres.admin_dsn)
    session: Session = await asyncpg.connect(postgres.admin_dsn, database=DATABASE)
    transaction = session.transaction()
    await transaction.start()
    yield session
    await transaction.rollback()
    await session.close()


async def test_loading_at_once_and_again_makes_one_shop(postgres: TestServer) -> None:
    """Several may load at the same time, and loading again leaves what was changed since."""
    server = await asyncpg.connect(postgres.admin_dsn)
    try:
        await server.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        await asyncio.gather(*(load(postgres.admin_dsn) for _ in range(3)))
        session = await asyncpg.connect(postgres.admin_dsn, database=DATABASE)
        try:
            await session.execute("UPDATE customers SET name = 'Changed' WHERE id = 1")
            await load(postgres.admin_dsn)
            found = await session.fetchrow("SELECT (SELECT name FROM customers WHERE id = 1), count(*) FROM orders")
        finally:
            await session.close()
        await server.execute(f"DROP DATABASE {DATABASE}")  # the change shall not be seen elsewhere
    finally:
        await server.close()
    assert found is not None
    assert tuple(found) == ("Changed", 900)


@pytest.mark.parametrize("table", [pytest.param(name, id=name) for name in shop_rows()])
async def test_a_table_holds_the_rows_as_they_are_described(shop: Session, table: str) -> None:
    """What PostgreSQL took in is what the one description of the rows says."""
    columns = ", ".join(shop_rows()[table][0])
    stored = await shop.fetch(f"SELECT {columns} FROM {table} ORDER BY {KEYS.get(table, 'id')}")
    key = [name.strip() for name in KEYS.get(table, "id").split(",")]
    described = sorted(shop_rows()[table], key=lambda row: [row[name] for name in key])
    assert [_plain(row) for row in stored] == described


@pytest.mark.parametrize(
    "view, worked_out",
    [
        pytest.param("order_summary", order_summary, id="view"),
        pytest.param("product_sales", product_sales, id="materialised view"),
    ],
)
async def test_a_view_shows_what_is_worked_out_for_memory(
    shop: Session, view: str, worked_out: Callable[[Tables], Sequence[Row]]
) -> None:
    """The memory database shows the same rows, though it runs no SQL."""
    stored = await shop.fetch(f"SELECT * FROM {view} ORDER BY 1")
    assert [dict(row) for row in stored] == worked_out(shop_rows())


async def test_generated_columns_follow_the_same_rule(shop: Session) -> None:
    """Lines cost in PostgreSQL what they cost in Python."""
    stored = await shop.fetch("SELECT line_total FROM order_items ORDER BY order_id, line")
    assert [row["line_total"] for row in stored] == [line_total(item) for item in shop_rows()["order_items"]]


async def test_new_rows_come_behind_the_loaded_ones(shop: Session) -> None:
    """Identities go on where the rows ended."""
    made = await shop.fetchval("INSERT INTO orders (customer_id) VALUES (1) RETURNING id")
    assert made > 900


async def test_every_table_says_what_it_is(shop: Session) -> None:
    """An agent finds a comment on each of the eleven relations, and the planner an estimate of each table's rows."""
    found = await shop.fetch(
        "SELECT relname, obj_description(oid, 'pg_class') IS NOT NULL AS described, reltuples::int FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm') ORDER BY relname"
    )
    counts = {name: len(rows) for name, rows in shop_rows().items()} | {"product_sales": 136, "order_summary": -1}
    assert [tuple(row) for row in found] == [(name, True, counts[name]) for name in sorted(counts)]


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in shop_tables()])
async def test_memory_describes_the_same_shop(postgres: TestServer, name: str) -> None:
    """Columns, types, defaults, comments, keys and checks are told alike, word for word."""
    await load(postgres.admin_dsn)
    stored = await _called(postgres.server.dsn_of(DATABASE), "describe_table", table=name)
    assert _comparable(await _called("memory://", "describe_table", table=name)) == _comparable(stored)


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in shop_tables()])
async def test_memory_reads_the_same_shop(postgres: TestServer, name: str) -> None:
    """The first page of each relation is the same to the last digit."""
    await load(postgres.admin_dsn)
    page = {"table": name, "order_by": VIEWS.get(name)}
    stored = await _called(postgres.server.dsn_of(DATABASE), "read_table", **page)
    assert await _called("memory://", "read_table", **page) == stored


async def test_every_tools_example_works_on_the_shop(postgres: TestServer) -> None:
    """What the reference shows can be called as it stands, one after the other, by one who may write."""
    await load(postgres.admin_dsn)
    server = await asyncpg.connect(postgres.admin_dsn)
    try:
        await server.execute(f"CREATE DATABASE examples TEMPLATE {DATABASE}")
        groups = sorted({handler.group for handler in HANDLERS})
        async with pgmcp.connect(postgres.server.dsn_of("examples"), access="admin", tools=groups) as db:
            answers = await every_example(db, EXAMPLES)
        await server.execute("DROP DATABASE examples WITH (FORCE)")
    finally:
        await server.close()
    assert {name: answer.get("error") for name, answer in answers.items()} == dict.fromkeys(EXAMPLES)


async def _called(dsn: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """A tool's answer as an agent gets it, without its cursor, which is another one each time."""
    async with pgmcp.connect(dsn) as db:
        (called,) = [each for each in db.tools() if each.name == tool]
        answer: dict[str, Any] = json.loads(await called.call(arguments))
    assert "error" not in answer
    return {key: value for key, value in answer.items() if key != "next_cursor"}


def _comparable(description: dict[str, Any]) -> dict[str, Any]:
    """A description without what only storage has."""
    return {key: value for key, value in description.items() if key not in {"indexes", "rows", "bytes"}}


def _plain(record: asyncpg.Record) -> dict[str, Any]:
    """A record with documents parsed, composites as dictionaries and ranges as text."""
    return {name: _value(name, value) for name, value in record.items()}


def _value(name: str, value: Any) -> Any:
    if name in {"attributes", "preferences"} and value is not None:
        return json.loads(value)
    if isinstance(value, asyncpg.Record):
        return dict(value)
    if isinstance(value, asyncpg.Range):
        return f"[{value.lower},{value.upper})"
    return value
