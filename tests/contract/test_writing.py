"""Writes: what is added, changed and removed, what comes back, and what stays after an error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.plans import (
    Assignment,
    Batch,
    Bounds,
    ConflictAction,
    Delete,
    Insert,
    OnConflict,
    Update,
)
from pgmcp.domain.results import Form, Result, Truncation
from pgmcp.domain.values.text import to_text
from tests.fixtures.adapters import Database, MakeAdapter, wire
from tests.fixtures.pool import a_call
from tests.fixtures.trade import TRADE


@pytest.fixture
async def trade(make_adapter: MakeAdapter) -> AsyncIterator[Database]:
    """The small trade behind one adapter."""
    async with make_adapter(TRADE) as database:
        yield database


async def insert(
    trade: Database,
    table: str,
    *rows: Mapping[str, Any],
    returning: tuple[str, ...] = (),
    conflict: OnConflict = OnConflict(),  # noqa: B008 -- frozen
    bounds: Bounds = Bounds(),  # noqa: B008 -- frozen
) -> Result:
    """Add rows that name the same columns."""
    relation = await trade.relation(table)
    columns = tuple(rows[0])
    texts = tuple(tuple(to_text(row[name], relation.by_name[name].type) for name in columns) for row in rows)
    plan = Insert(relation=relation, returning=returning, on_conflict=conflict, bounds=bounds)
    return await trade.tables.insert(plan, Batch(columns=columns, rows=texts), wired())


async def update(
    trade: Database,
    table: str,
    filters: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    returning: tuple[str, ...] = (),
    max_rows: int = 100,
) -> Result:
    """Change rows."""
    relation = await trade.relation(table)
    assignments = tuple(
        Assignment(
            column=name, value=None if text is None else Literal(text, relation.by_name[name].type, f"data.{name}")
        )
        for name, text in ((name, to_text(value, relation.by_name[name].type)) for name, value in values.items())
    )
    plan = Update(
        relation=relation,
        assignments=assignments,
        filter=await trade.filter(table, filters),
        returning=returning,
        max_rows=max_rows,
        bounds=Bounds(),
    )
    return await trade.tables.update(plan, wired())


async def delete(
    trade: Database, table: str, filters: Mapping[str, Any], *, returning: tuple[str, ...] = (), max_rows: int = 100
) -> Result:
    """Remove rows."""
    plan = Delete(
        relation=await trade.relation(table),
        filter=await trade.filter(table, filters),
        returning=returning,
        max_rows=max_rows,
        bounds=Bounds(),
    )
    return await trade.tables.delete(plan, wired())


def wired() -> Any:
    """A call that wants its rows as JSON."""
    return evolve(a_call(), form=Form.WIRE)


async def test_a_row_takes_the_defaults_of_what_it_leaves_out(trade: Database) -> None:
    """Defaults, identity and generated columns; numbers come at the column's scale, char at its length."""
    made = await insert(
        trade,
        "orders",
        {"customer_id": 1, "total": "7.005"},
        returning=("id", "status", "total", "rebate", "tags", "facts", "net"),
    )
    assert (wire(made), made.count) == (['[4,"new",7.01,0.00,[],null,7.01]'], 1)
    customer = await insert(trade, "customers", {"email": "x", "country": "P"}, returning=("id", "country", "name"))
    assert wire(customer) == ['[4,"P ",null]']


async def test_rows_come_back_in_the_order_of_the_batch(trade: Database) -> None:
    """Also those that fill a page of several."""
    made = await insert(
        trade, "lines", *({"order_id": 2, "line": line} for line in (5, 3, 4)), returning=("line", "text")
    )
    assert (wire(made), made.count) == (["[5,null]", "[3,null]", "[4,null]"], 3)


async def test_a_batch_of_nothing_but_defaults_is_a_row_each(trade: Database) -> None:
    """Rows that name no column at all."""
    relation = await trade.relation("notes")
    plan = Insert(relation=relation, bounds=Bounds())
    assert (await trade.tables.insert(plan, Batch(columns=(), rows=((), ())), a_call())).count == 2
    assert (await trade.tables.insert(plan, Batch(columns=(), rows=()), a_call())).count == 0
    assert await trade.rows("notes", {"a": {"is": "null"}}) == ["[null,null]"] * 3


async def test_what_comes_back_is_capped_but_all_is_written(trade: Database) -> None:
    """The count is of the rows written."""
    rows = [{"order_id": 2, "line": line, "text": "x"} for line in range(4)]
    made = await insert(trade, "lines", *rows, returning=("line",), bounds=Bounds(max_rows=2))
    assert (wire(made), made.count, made.truncated) == (["[0]", "[1]"], 4, Truncation.ROWS)
    rows = [{"order_id": 2, "line": line, "text": "x"} for line in range(10, 14)]
    made = await insert(trade, "lines", *rows, returning=("line", "text"), bounds=Bounds(max_bytes=20))
    assert (wire(made), made.count, made.truncated) == (['[10,"x"]', '[11,"x"]'], 4, Truncation.BYTES)


@pytest.mark.parametrize(
    ("conflict", "count", "names"),
    [
        pytest.param(OnConflict(action=ConflictAction.IGNORE), 1, '["Ana"]', id="ignore any"),
        pytest.param(OnConflict(action=ConflictAction.IGNORE, target=("email",)), 1, '["Ana"]', id="ignore one"),
        pytest.param(
            OnConflict(action=ConflictAction.UPDATE, target=("email",), update=("name",)), 2, '["Nova"]', id="update"
        ),
    ],
)
async def test_on_conflict(trade: Database, conflict: OnConflict, count: int, names: str) -> None:
    """A row whose key exists is left, or changed in the columns that are named."""
    rows = [
        {"email": "ana@x.org", "name": "Nova", "country": "FR"},
        {"email": "new@x.org", "name": "N", "country": "FR"},
    ]
    made = await insert(trade, "customers", *rows, conflict=conflict)
    assert made.count == count
    assert await trade.rows("customers", {"id": 1}, columns=["name"]) == [names]
    assert await trade.rows("customers", {"id": 1}, columns=["country"]) == ['["PT"]']
    assert len(await trade.rows("customers")) == 4


async def test_a_conflict_with_another_key_is_an_error(trade: Database) -> None:
    """Only the target's conflicts are ignored."""
    conflict = OnConflict(action=ConflictAction.IGNORE, target=("id",))
    with pytest.raises(PgmcpError) as caught:
        await insert(trade, "customers", {"id": 9, "email": "ana@x.org"}, conflict=conflict)
    assert caught.value.code.name == "unique_violation"


async def test_an_update_changes_what_matches(trade: Database) -> None:
    """The rows come back as they are afterwards."""
    done = await update(
        trade,
        "orders",
        {"customer_id": 1},
        {"rebate": "1", "facts": {"b": 1, "a": [1, None]}},
        returning=("id", "net", "facts"),
    )
    assert (sorted(wire(done)), done.count) == (
        ['[1,18.90,{"a":[1,null],"b":1}]', '[2,4.00,{"a":[1,null],"b":1}]'],
        2,
    )
    assert (await update(trade, "orders", {"id": 99}, {"total": "1"}, returning=("id",))).count == 0


async def test_a_delete_removes_what_matches_and_what_hangs_on_it(trade: Database) -> None:
    """Cascades take rows of other tables, which don't count."""
    done = await delete(trade, "orders", {"id": {"in": [1, 3]}}, returning=("id",))
    assert (sorted(wire(done)), done.count) == (["[1]", "[3]"], 2)
    assert await trade.rows("lines") == []
    assert await trade.rows("orders", columns=["id"]) == ["[2]"]


async def test_a_reference_is_emptied_when_its_row_goes(trade: Database) -> None:
    """ON DELETE SET NULL."""
    await delete(trade, "customers", {"id": 3})
    assert await trade.rows("orders", columns=["id", "adviser_id"]) == ["[1,null]", "[2,null]", "[3,null]"]


@pytest.mark.parametrize("kind", ["update", "delete"])
async def test_more_rows_than_the_cap_are_an_error_and_no_change(trade: Database, kind: str) -> None:
    """As many as the cap pass."""
    before = await trade.rows("lines")
    with pytest.raises(PgmcpError) as caught:
        if kind == "update":
            await update(trade, "lines", {}, {"text": "x"}, max_rows=2)
        else:
            await delete(trade, "lines", {}, max_rows=2)
    assert caught.value.document() == {
        "type": "database_error",
        "code": "too_many_rows",
        "message": f"The {kind} would change more than 2 rows; none was changed.",
        "hint": "Narrow the filter, or raise max_rows.",
        "retry": "fix_input",
        "details": {"outcome": "rolled_back", "max_rows": 2},
    }
    assert await trade.rows("lines") == before
    assert (await update(trade, "lines", {}, {"text": "x"}, max_rows=3)).count == 3


VIOLATIONS = [
    pytest.param(
        {"table": "customers", "row": {"id": 1, "email": "n@x.org"}},
        ("unique_violation", "23505", {"constraint": "customers_pkey", "table": "customers", "columns": ["id"]}),
        id="primary key",
    ),
    pytest.param(
        {"table": "customers", "row": {"email": "ana@x.org"}},
        (
            "unique_violation",
            "23505",
            {"constraint": "customers_email_key", "table": "customers", "columns": ["email"]},
        ),
        id="unique",
    ),
    pytest.param(
        {"table": "customers", "row": {"email": None}},
        ("not_null_violation", "23502", {"table": "customers", "columns": ["email"]}),
        id="not null",
    ),
    pytest.param(
        {"table": "orders", "row": {"customer_id": 99}},
        (
            "foreign_key_violation",
            "23503",
            {"constraint": "orders_customer_id_fkey", "table": "orders", "columns": ["customer_id"]},
        ),
        id="foreign key",
    ),
    pytest.param(
        {"table": "orders", "row": {"customer_id": 1, "total": "-1", "rebate": "-2"}},
        ("check_violation", "23514", {"constraint": "orders_total_check", "table": "orders", "columns": ["total"]}),
        id="check on a column",
    ),
    pytest.param(
        {"table": "orders", "row": {"customer_id": 1, "total": "1", "rebate": "2"}},
        ("check_violation", "23514", {"constraint": "orders_check", "table": "orders", "columns": ["total", "rebate"]}),
        id="check on two columns",
    ),
    pytest.param(
        {"table": "customers", "row": {"email": "a-name-of-more-than-20@x.org"}},
        ("value_too_long", "22001", {}),
        id="too long",
    ),
    pytest.param(
        {"table": "orders", "row": {"customer_id": 1, "total": "1e6"}}, ("bad_value", "22003", {}), id="overflow"
    ),
]


@pytest.mark.parametrize(("write", "expected"), VIOLATIONS)
async def test_a_violation_names_the_constraint_and_changes_nothing(
    trade: Database, write: dict[str, Any], expected: tuple[str, str, dict[str, Any]]
) -> None:
    """Code, SQLSTATE and details; a good row before the bad one isn't kept either."""
    table, row = write["table"], write["row"]
    good = {"customers": {"email": "good@x.org"}, "orders": {"customer_id": 1, "total": "5", "rebate": "1"}}[table]
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


def _fresh(row: Mapping[str, Any]) -> dict[str, Any]:
    """A key for the good row that is nobody's."""
    return {"id": 77} if "id" in row else {}


@pytest.mark.parametrize(
    ("table", "key", "expected"),
    [
        pytest.param("customers", 1, ("foreign_key_violation", "23503", "orders_customer_id_fkey"), id="no action"),
        pytest.param("customers", 2, ("restrict_violation", "23001", "vouchers_customer_id_fkey"), id="restrict"),
    ],
)
async def test_a_row_that_is_referred_to_stays(
    trade: Database, table: str, key: int, expected: tuple[str, str, str]
) -> None:
    """What refers to it decides; the table is the one that refers."""
    if key == 2:
        await delete(trade, "orders", {"customer_id": 2})
    with pytest.raises(PgmcpError) as caught:
        await delete(trade, table, {"id": key})
    found = caught.value
    assert (found.code.name, found.sqlstate, found.details["constraint"]) == expected
    assert len(await trade.rows(table, {"id": key})) == 1


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
