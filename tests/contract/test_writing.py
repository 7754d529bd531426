"""Writes: what is added, changed and removed, and what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pgmcp.adapters.memory.declare import table
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.plans import Batch, Bounds, ConflictAction, Insert, OnConflict
from pgmcp.domain.results import Truncation
from tests.fixtures.adapters import Database, MakeAdapter, wire
from tests.fixtures.pool import a_call
from tests.fixtures.trade import TRADE
from tests.fixtures.writes import delete, insert, update


@pytest.fixture
async def trade(make_adapter: MakeAdapter) -> AsyncIterator[Database]:
    """The small trade behind one adapter."""
    async with make_adapter(TRADE) as database:
        yield database


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


@pytest.mark.parametrize("rows", [1, 3])
async def test_a_table_without_columns_takes_rows(make_adapter: MakeAdapter, rows: int) -> None:
    """They are counted, and that is all there is to them."""
    async with make_adapter({"bare": table(columns={})}) as database:
        relation = await database.relation("bare")
        batch = Batch(columns=(), rows=((),) * rows)
        for action in (ConflictAction.ERROR, ConflictAction.IGNORE):
            plan = Insert(relation=relation, on_conflict=OnConflict(action=action), bounds=Bounds())
            assert (await database.tables.insert(plan, batch, a_call())).count == rows
        assert await database.rows("bare") == ["[]"] * (2 * rows)


async def test_what_comes_back_is_capped_but_all_is_written(trade: Database) -> None:
    """The count is of the rows written."""
    rows = [{"order_id": 2, "line": line, "text": "x"} for line in range(4)]
    made = await insert(trade, "lines", *rows, returning=("line",), bounds=Bounds(max_rows=2))
    assert (wire(made), made.count, made.truncated) == (["[0]", "[1]"], 4, Truncation.ROWS)
    rows = [{"order_id": 2, "line": line, "text": "x"} for line in range(10, 14)]
    made = await insert(trade, "lines", *rows, returning=("line", "text"), bounds=Bounds(max_bytes=20))
    assert (wire(made), made.count, made.truncated) == (['[10,"x"]', '[11,"x"]'], 4, Truncation.BYTES)


@pytest.mark.parametrize(
    "conflict, count, names",
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
    writes = {
        "update": lambda: update(trade, "lines", {}, {"text": "x"}, max_rows=2),
        "delete": lambda: delete(trade, "lines", {}, max_rows=2),
    }
    with pytest.raises(PgmcpError) as caught:
        await writes[kind]()
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
