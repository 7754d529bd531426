from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.errors import DatabaseError, PgmcpError
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.plans import (
    Assignment,
    Batch,
    Bounds,
    ConflictAction,
    Delete,
    Insert,
    OnConflict,
    Page,
    Update,
)
from pgmcp.domain.relations import Relation
from pgmcp.domain.results import Result, Truncation
from pgmcp.domain.values.types import TEXT
from pgmcp.ports.transactions import TransactionOptions
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.repositories import repositories, wire
from tests.fixtures.tables import BOUNDS, SCHEMA, reading, rows_of, tree


async def test_a_batch_comes_back_in_its_order(make_database: MakeDatabase) -> None:
    """Rows are added in order, with NULLs and defaults, by one statement for any number of rows."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = Insert(relation=await base.relation("item"), returning=("id", "name", "price", "tags"), bounds=BOUNDS)
        rows = (("103", "c", '{a,"b c"}'), ("101", None, None), ("102", "b", "{}"))
        result = await base.tables.insert(plan, Batch(columns=("id", "name", "tags"), rows=rows), wire())
    assert rows_of(result) == [[103, "c", 1.5, ["a", "b c"]], [101, None, 1.5, None], [102, "b", 1.5, []]]
    assert result.count == 3


async def test_returning_is_capped_and_the_count_is_not(make_database: MakeDatabase) -> None:
    """All rows are written and counted, though the cap lets only some of them come back."""
    async with repositories(await make_database(SCHEMA)) as base:
        counted = await base.relation("counted")
        plan = Insert(relation=counted, returning=("id",), bounds=Bounds(max_rows=2))
        result = await base.tables.insert(plan, Batch(columns=("note",), rows=(("a",),) * 5), wire())
        written = await base.texts("SELECT count(*)::text FROM counted")
    assert (rows_of(result), result.count, result.truncated) == ([[1], [2]], 5, Truncation.ROWS)
    assert written == [("5",)]


@pytest.mark.parametrize("number", [pytest.param(1, id="one"), pytest.param(3, id="three")])
async def test_rows_of_defaults_alone(make_database: MakeDatabase, number: int) -> None:
    """A record that names no column takes every default."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = Insert(relation=await base.relation("counted"), bounds=BOUNDS)
        result = await base.tables.insert(plan, Batch(columns=(), rows=((),) * number), wire())
        written = await base.texts("SELECT note FROM counted")
    assert result == Result(count=number)
    assert written == [("none",)] * number


@pytest.mark.parametrize(
    "conflict, names, count",
    [
        pytest.param(OnConflict(action=ConflictAction.IGNORE), ["n1", "new"], 1, id="ignore any"),
        pytest.param(OnConflict(action=ConflictAction.IGNORE, target=("id",)), ["n1", "new"], 1, id="ignore"),
        pytest.param(
            OnConflict(action=ConflictAction.UPDATE, target=("id",), update=("name",)), ["over", "new"], 2, id="update"
        ),
    ],
)
async def test_on_conflict(make_database: MakeDatabase, conflict: OnConflict, names: list[str], count: int) -> None:
    """A record whose key exists is left, or takes the place of the other's columns."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = Insert(relation=await base.relation("item"), on_conflict=conflict, bounds=BOUNDS)
        batch = Batch(columns=("id", "name"), rows=(("1", "over"), ("101", "new")))
        result = await base.tables.insert(plan, batch, wire())
        written = await base.texts("SELECT name FROM item WHERE id IN (1, 101) ORDER BY id")
    assert (result.count, written) == (count, [(name,) for name in names])


@pytest.mark.parametrize(
    "columns, rows, expected",
    [
        pytest.param(
            ("id", "name"),
            (("50", "toolong"),),
            {"code": "value_too_long", "column": "name", "path": "data.name"},
            id="varchar is never cut",
        ),
        pytest.param(
            ("id", "flags"),
            (("50", "10101"),),
            {"code": "bad_value", "column": "flags", "path": "data.flags"},
            id="bit is never cut",
        ),
        pytest.param(
            ("id", "seen"),
            (("50", "2024-01-01"), ("51", "2024-13-01"), ("52", None)),
            {"code": "bad_value", "column": "seen", "row": 6, "path": "records[6].seen"},
            id="the column and the row",
        ),
        pytest.param(("id",), (("1",),), {"code": "unique_violation", "columns": ["id"]}, id="key"),
    ],
)
async def test_a_value_that_does_not_fit(
    make_database: MakeDatabase, columns: tuple[str, ...], rows: tuple[Any, ...], expected: dict[str, Any]
) -> None:
    """Nothing is written, and the error says where the value stands if that can be known."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = Insert(relation=await base.relation("item"), bounds=BOUNDS)
        first = 5 if len(rows) > 1 else None
        with pytest.raises(PgmcpError) as caught:
            await base.tables.insert(plan, Batch(columns=columns, rows=rows, first=first), wire())
        written = await base.texts("SELECT count(*)::text FROM item")
    facts = {"code": caught.value.code.name} | caught.value.details
    assert {key: facts.get(key) for key in expected} == expected
    assert facts["outcome"] == "rolled_back"
    assert written == [("20",)]


def changing(relation: Relation, filters: Mapping[str, Any], **more: Any) -> Update:
    """A plan of giving rows another name."""
    assigned = (Assignment(column="name", value=Literal("x", TEXT)), Assignment(column="seen", value=None))
    plan = Update(relation=relation, assignments=assigned, filter=tree(relation, filters), max_rows=5, bounds=BOUNDS)
    return evolve(plan, **more)


async def test_an_update_gives_its_rows(make_database: MakeDatabase) -> None:
    """The rows that match are changed, counted and given back, by one statement."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = changing(await base.relation("item"), {"id": {"lte": 2}}, returning=("id", "name"))
        base.way.heard.statements()
        result = await base.tables.update(plan, wire())
        assert base.way.heard.statements() == [("update", 3, None)]
    assert (sorted(rows_of(result)), result.count) == ([[1, "x"], [2, "x"]], 2)


@pytest.mark.parametrize("kind", [pytest.param("update", id="update"), pytest.param("delete", id="delete")])
@pytest.mark.parametrize("returning", [pytest.param((), id="bare"), pytest.param(("id",), id="returning")])
async def test_past_the_cap_nothing_changes(make_database: MakeDatabase, kind: str, returning: tuple[str, ...]) -> None:
    """One row above the cap is an error and no change; just the cap goes through."""
    async with repositories(await make_database(SCHEMA)) as base:
        item = await base.relation("item")
        above, just = tree(item, {"id": {"lte": 6}}), tree(item, {"id": {"lte": 5}})

        async def change(held: Any) -> Result:
            if kind == "update":
                return await base.tables.update(changing(item, {"id": 1}, filter=held, returning=returning), wire())
            plan = Delete(relation=item, filter=held, max_rows=5, returning=returning, bounds=BOUNDS)
            return await base.tables.delete(plan, wire())

        with pytest.raises(DatabaseError) as caught:
            await change(above)
        untouched = await base.texts("SELECT count(*)::text FROM item WHERE name IS DISTINCT FROM 'x'")
        result = await change(just)
        left = await base.texts("SELECT count(*)::text FROM item WHERE name IS DISTINCT FROM 'x'")
    assert caught.value.document() == {
        "type": "database_error",
        "code": "too_many_rows",
        "message": f"The {kind} would change more than 5 rows; none was changed.",
        "hint": "Narrow the filter, or raise max_rows.",
        "retry": "fix_input",
        "details": {"outcome": "rolled_back", "max_rows": 5},
    }
    assert (untouched, result.count, left) == ([("20",)], 5, [("15",)])


async def test_a_trial_leaves_nothing(make_database: MakeDatabase) -> None:
    """What a transaction that is rolled back has changed can be read in it, and is gone afterwards."""
    async with repositories(await make_database(SCHEMA)) as base:
        item = await base.relation("item")
        transaction = await base.way.work.begin(TransactionOptions(), wire())
        result = await base.tables.update(changing(item, {"id": 1}), wire(), transaction)
        inside = await base.tables.select(
            evolve(reading(item, columns=("name",)), page=Page(limit=1)), wire(), transaction
        )
        await transaction.rollback()
        after = await base.texts("SELECT name FROM item WHERE id = 1")
    assert (result.count, rows_of(inside), after) == (1, [["x"]], [("n1",)])


async def test_writes_through_a_view(make_database: MakeDatabase) -> None:
    """An updatable view takes writes, and its condition holds."""
    async with repositories(await make_database(SCHEMA)) as base:
        cheap = await base.relation("cheap")
        plan = Insert(relation=cheap, returning=("id",), bounds=BOUNDS)
        added = await base.tables.insert(plan, Batch(columns=("id", "price"), rows=(("50", "9"),)), wire())
        with pytest.raises(DatabaseError) as caught:
            await base.tables.insert(plan, Batch(columns=("id", "price"), rows=(("51", "900"),)), wire())
    assert (rows_of(added), caught.value.code.name) == ([[50]], "check_violation")


async def test_known_changes_of_one_transaction_wait_for_each_other(make_database: MakeDatabase) -> None:
    """Whoever comes while another one is at it has its turn after it; after the end nobody has."""
    async with repositories(await make_database(SCHEMA)) as base:
        item = await base.relation("item")
        transaction = await base.way.work.begin(TransactionOptions(), wire())
        await base.tables.update(changing(item, {"id": 1}), wire(), transaction)
        results = await asyncio.gather(
            *(base.tables.update(changing(item, {"id": id_}), wire(), transaction) for id_ in range(1, 6))
        )
        await transaction.commit(wire())
        with pytest.raises(PgmcpError) as ended:
            await base.tables.update(changing(item, {"id": 1}), wire(), transaction)
    assert [result.count for result in results] == [1] * 5
    assert ended.value.code.name == "transaction_ended"
