"""Constraints: which one a row breaks, and that nothing of the write stays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from pgmcp.adapters.memory.declare import column, foreign_key, table
from pgmcp.domain.errors import PgmcpError
from tests.fixtures.adapters import Database, MakeAdapter
from tests.fixtures.trade import TRADE
from tests.fixtures.writes import delete, insert, update

GOOD: dict[str, dict[str, Any]] = {
    "customers": {"email": "good@x.org"},
    "orders": {"customer_id": 1, "total": "5", "rebate": "1"},
}
"""Values of a row that breaks nothing."""


@pytest.fixture
async def trade(make_adapter: MakeAdapter) -> AsyncIterator[Database]:
    """The small trade behind one adapter."""
    async with make_adapter(TRADE) as database:
        yield database


VIOLATIONS = [
    pytest.param(
        "customers",
        {"id": 1, "email": "n@x.org"},
        ("unique_violation", "23505", {"constraint": "customers_pkey", "table": "customers", "columns": ["id"]}),
        id="primary key",
    ),
    pytest.param(
        "customers",
        {"email": "ana@x.org"},
        (
            "unique_violation",
            "23505",
            {"constraint": "customers_email_key", "table": "customers", "columns": ["email"]},
        ),
        id="unique",
    ),
    pytest.param(
        "customers",
        {"email": None},
        ("not_null_violation", "23502", {"table": "customers", "columns": ["email"]}),
        id="not null",
    ),
    pytest.param(
        "orders",
        {"customer_id": 99},
        (
            "foreign_key_violation",
            "23503",
            {"constraint": "orders_customer_id_fkey", "table": "orders", "columns": ["customer_id"]},
        ),
        id="foreign key",
    ),
    pytest.param(
        "orders",
        {"customer_id": 1, "total": "-1", "rebate": "-2"},
        ("check_violation", "23514", {"constraint": "orders_total_check", "table": "orders", "columns": ["total"]}),
        id="check on a column",
    ),
    pytest.param(
        "orders",
        {"customer_id": 1, "total": "1", "rebate": "2"},
        ("check_violation", "23514", {"constraint": "orders_check", "table": "orders", "columns": ["total", "rebate"]}),
        id="check on two columns",
    ),
    pytest.param(
        "customers",
        {"email": "a-name-of-more-than-20@x.org"},
        ("value_too_long", "22001", {}),
        id="too long",
    ),
    pytest.param("orders", {"customer_id": 1, "total": "1e6"}, ("bad_value", "22003", {}), id="overflow"),
]


@pytest.mark.parametrize("table, row, expected", VIOLATIONS)
async def test_a_violation_names_the_constraint_and_changes_nothing(
    trade: Database, table: str, row: dict[str, Any], expected: tuple[str, str, dict[str, Any]]
) -> None:
    """Code, SQLSTATE and details; a good row before the bad one isn't kept either."""
    good = GOOD[table]
    before = await trade.rows(table)
    with pytest.raises(PgmcpError) as caught:
        await insert(trade, table, {name: good.get(name, row[name]) for name in row} | _fresh(row), row)
    found = caught.value
    kept = {"constraint", "table", "columns"}
    details = {name: fact for name, fact in found.details.items() if name in kept}
    if "columns" in details:
        details["columns"] = sorted(details["columns"])
    wanted = expected[2] | ({"columns": sorted(expected[2]["columns"])} if "columns" in expected[2] else {})
    assert (found.code.name, found.sqlstate, details) == (*expected[:2], wanted)
    assert found.details["outcome"] == "rolled_back"
    assert await trade.rows(table) == before


@pytest.mark.parametrize(
    "table, row, declared",
    [
        pytest.param("customers", {"email": "a-name-of-more-than-20@x.org"}, "varchar(20)", id="too long"),
        pytest.param("orders", {"total": "1e6"}, "numeric(8,2)", id="overflow"),
    ],
)
async def test_what_is_too_large_is_told_with_its_column(
    trade: Database, table: str, row: dict[str, str], declared: str
) -> None:
    """What the column takes, and where the value stands, in a new row and in a change alike."""
    ((name, _),) = row.items()
    expected = (f"Column '{name}' is {declared}.", name, f"data.{name}")
    for write in (insert(trade, table, GOOD[table] | row), update(trade, table, {"id": 1}, row)):
        with pytest.raises(PgmcpError) as caught:
            await write
        assert (caught.value.hint, caught.value.details.get("column"), caught.value.path) == expected


@pytest.mark.parametrize(
    "row, expected",
    [
        pytest.param(
            {"customer_id": 99, "adviser_id": 98},
            ("foreign_key_violation", ["customer_id"]),
            id="the foreign key that was declared first",
        ),
        pytest.param(
            {"customer_id": 1, "total": None},
            ("not_null_violation", ["total"]),
            id="a value that a generated column is made of",
        ),
    ],
)
async def test_the_first_violation_is_told(
    trade: Database, row: dict[str, Any], expected: tuple[str, list[str]]
) -> None:
    """The one that PostgreSQL comes to first."""
    with pytest.raises(PgmcpError) as caught:
        await insert(trade, "orders", row)
    assert (caught.value.code.name, caught.value.details["columns"]) == expected


def _fresh(row: Mapping[str, Any]) -> dict[str, Any]:
    """A key for the good row that is nobody's."""
    return {"id": 77} if "id" in row else {}


@pytest.mark.parametrize(
    "table, key, expected",
    [
        pytest.param("customers", 1, ("foreign_key_violation", "23503", "orders_customer_id_fkey"), id="no action"),
        pytest.param("customers", 2, ("restrict_violation", "23001", "vouchers_customer_id_fkey"), id="restrict"),
        pytest.param("customers", 3, ("foreign_key_violation", "23503", "orders_customer_id_fkey"), id="both"),
    ],
)
async def test_a_row_that_is_referred_to_stays(
    trade: Database, table: str, key: int, expected: tuple[str, str, str]
) -> None:
    """What refers to it decides, what was declared first before the others; the table is the one that refers."""
    if key == 3:
        await insert(trade, "orders", GOOD["orders"] | {"customer_id": 3})
        await insert(trade, "vouchers", {"code": "E5", "customer_id": 3})
    if key == 2:
        await delete(trade, "orders", {"customer_id": 2})
    with pytest.raises(PgmcpError) as caught:
        await delete(trade, table, {"id": key})
    found = caught.value
    assert (found.code.name, found.sqlstate, found.details["constraint"]) == expected
    assert len(await trade.rows(table, {"id": key})) == 1


@pytest.mark.parametrize("first", ["cascade", "no action"])
async def test_what_would_go_later_still_refers(make_adapter: MakeAdapter, first: str) -> None:
    """A row that a cascade of a cascade would take is there when `no action` looks, whichever was declared first."""
    to_a, to_b = foreign_key("a", "a"), foreign_key("b", "b", on_delete="cascade")
    key = column("int4", nullable=False)
    tables = {
        "a": table(columns={"id": key}, primary_key="id", rows=[{"id": 1}]),
        "b": table(
            columns={"id": key, "a": "int4"},
            primary_key="id",
            foreign_keys=[foreign_key("a", "a", on_delete="cascade")],
            rows=[{"id": 1, "a": 1}],
        ),
        "c": table(
            columns={"id": key, "a": "int4", "b": "int4"},
            primary_key="id",
            foreign_keys=[to_b, to_a] if first == "cascade" else [to_a, to_b],
            rows=[{"id": 1, "a": 1, "b": 1}],
        ),
    }
    async with make_adapter(tables) as database:
        with pytest.raises(PgmcpError) as caught:
            await delete(database, "a", {"id": 1})
        assert (caught.value.code.name, caught.value.details["constraint"]) == ("foreign_key_violation", "c_a_fkey")
        await update(database, "c", {"id": 1}, {"a": None})
        await delete(database, "a", {"id": 1})
        assert [await database.rows(name) for name in "abc"] == [[], [], []]


async def test_a_key_that_is_referred_to_is_not_changed(trade: Database) -> None:
    """ON UPDATE NO ACTION; a key that nobody refers to may change."""
    with pytest.raises(PgmcpError) as caught:
        await update(trade, "customers", {"id": 1}, {"id": 50})
    assert (caught.value.code.name, caught.value.details["table"]) == ("foreign_key_violation", "orders")
    await insert(trade, "customers", {"id": 60, "email": "free@x.org"})
    assert (await update(trade, "customers", {"id": 60}, {"id": 61}, returning=("id",))).count == 1


async def test_whole_documents_of_errors_agree(trade: Database) -> None:
    """The answer as it goes over the wire, once in full."""
    with pytest.raises(PgmcpError) as caught:
        await insert(trade, "customers", {"email": "ana@x.org"})
    assert caught.value.document() == {
        "type": "database_error",
        "code": "unique_violation",
        "message": "A row with the same unique key exists already (constraint customers_email_key of customers).",
        "hint": "Change the key, or say with on_conflict what shall happen.",
        "retry": "fix_input",
        "sqlstate": "23505",
        "details": {
            "constraint": "customers_email_key",
            "schema": "public",
            "table": "customers",
            "columns": ["email"],
            "outcome": "rolled_back",
        },
    }
