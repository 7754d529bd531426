from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.domain.errors import DatabaseError, PgmcpError, QueryError
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.order import parse_order
from pgmcp.domain.plans import (
    Assignment,
    Batch,
    Bounds,
    ConflictAction,
    Delete,
    Insert,
    OnConflict,
    Page,
    Select,
    Update,
)
from pgmcp.domain.relations import Relation
from pgmcp.domain.results import Result, ResultColumn, Truncation, WireRows
from pgmcp.domain.values.types import INT4, TEXT
from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import TransactionOptions
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.repositories import Repositories, repositories, wire

SCHEMA = """
CREATE TABLE item (
    id int PRIMARY KEY, name varchar(5), price numeric(6,2) DEFAULT 1.5, seen timestamptz, tags text[], flags bit(3));
INSERT INTO item (id, name, price)
    SELECT g, CASE WHEN g % 3 > 0 THEN 'n' || g % 4 END, g FROM generate_series(1, 20) AS g;
CREATE TABLE counted (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text DEFAULT 'none');
CREATE TABLE long (id int PRIMARY KEY, short text, body text);
INSERT INTO long SELECT g, 's', repeat('x', g * 100) FROM generate_series(1, 30) AS g;
CREATE VIEW cheap AS SELECT id, name, price FROM item WHERE price < 100 WITH CHECK OPTION;
CREATE TABLE parent (id int, v int) PARTITION BY RANGE (id);
CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (100);
INSERT INTO parent VALUES (1, 1), (2, 2);
"""
BOUNDS = Bounds()


def tree(relation: Relation, filters: Mapping[str, Any]) -> Any:
    """A filter as the parser reads it."""
    return parse(filters, relation, Moment(datetime.now(UTC)))


def reading(
    relation: Relation, *, order_by: Any = None, limit: int = 100, columns: tuple[str, ...] = ("id",)
) -> Select:
    """A plan of reading a relation in an order."""
    order, keyed = parse_order(order_by, True, relation)
    return Select(relation=relation, columns=columns, order=order, keyed=keyed, page=Page(limit=limit), bounds=BOUNDS)


def rows_of(result: Result) -> list[Any]:
    """The rows' JSON as Python reads it."""
    assert isinstance(result.rows, WireRows)
    return [json.loads(row) for row in result.rows.rows]


async def paged(base: Repositories, plan: Select) -> list[Any]:
    """All rows, page after page behind the last key."""
    rows: list[Any] = []
    while True:
        result = await base.tables.select(plan, wire())
        rows += rows_of(result)
        if not result.more:
            return rows
        assert result.last_key is not None
        after = tuple(
            None if text is None else Literal(text, key.operand.type)
            for text, key in zip(result.last_key, plan.order, strict=True)
        )
        plan = evolve(plan, page=Page(limit=plan.page.limit, after=after))


@pytest.mark.parametrize(
    "order_by",
    [
        pytest.param(None, id="key"),
        pytest.param("-id", id="key backwards"),
        pytest.param("name", id="nulls last"),
        pytest.param("-name", id="nulls first"),
        pytest.param(["-name", "price"], id="both ways"),
        pytest.param([{"column": "name", "nulls": "first"}, "-price"], id="nulls first, ascending"),
        pytest.param([{"column": "name", "descending": True, "nulls": "last"}], id="nulls last, descending"),
    ],
)
async def test_pages_behind_the_last_key_give_every_row_once(make_database: MakeDatabase, order_by: Any) -> None:
    """Pages of three give what one page of all gives."""
    async with repositories(await make_database(SCHEMA)) as base:
        item = await base.relation("item")
        whole = rows_of(await base.tables.select(reading(item, order_by=order_by), wire()))
        pages = await paged(base, reading(item, order_by=order_by, limit=3))
    assert pages == whole
    assert len(pages) == 20


async def test_one_read_is_one_statement_and_tells_what_it_gives(make_database: MakeDatabase) -> None:
    """A read gives columns, rows, whether more follow, and the key to go on behind."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = reading(await base.relation("item"), limit=2, columns=("id", "price"))
        base.way.heard.statements()
        result = await base.tables.select(plan, wire())
        assert base.way.heard.statements() == [("select", 3, None)]
    price = plan.relation.by_name["price"].type
    assert result == Result(
        columns=(ResultColumn("id", INT4), ResultColumn("price", price)),
        rows=WireRows(("[1,1.00]", "[2,2.00]")),
        count=2,
        more=True,
        last_key=("2",),
    )


async def test_a_cut_by_bytes_keeps_whole_rows(make_database: MakeDatabase) -> None:
    """The rows that fit are there, the answer says that the cap cut it, and the next page goes on behind them."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = reading(await base.relation("long"), columns=("id", "body"))
        result = await base.tables.select(evolve(plan, bounds=Bounds(max_bytes=1000)), wire())
    assert [row[0] for row in rows_of(result)] == [1, 2, 3]
    assert (result.count, result.more, result.truncated, result.last_key) == (3, True, Truncation.BYTES, ("3",))


async def test_a_cut_by_rows_says_so(make_database: MakeDatabase) -> None:
    """A page larger than the cap is cut by it."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = evolve(reading(await base.relation("item")), bounds=Bounds(max_rows=4))
        result = await base.tables.select(plan, wire())
    assert (rows_of(result), result.truncated) == ([[1], [2], [3], [4]], Truncation.ROWS)


async def test_a_row_above_the_cap_names_its_largest_column(make_database: MakeDatabase) -> None:
    """A single row that is too large is an error, not an empty page."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = reading(await base.relation("long"), order_by="-id", columns=("id", "short", "body"))
        with pytest.raises(DatabaseError) as caught:
            await base.tables.select(evolve(plan, bounds=Bounds(max_bytes=500)), wire())
    assert caught.value.document() == {
        "type": "database_error",
        "code": "row_too_large",
        "message": "One row alone is larger than 500 bytes; most of it is in column 'body'.",
        "hint": "Leave 'body' out of columns, or read it with execute_query in parts.",
        "retry": "fix_input",
        "details": {"column": "body", "max_bytes": 500},
    }


async def test_offset_and_partitions(make_database: MakeDatabase) -> None:
    """An offset passes rows over; a read of a parent gives its partitions' rows."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = reading(await base.relation("parent"), order_by="id")
        result = await base.tables.select(evolve(plan, page=Page(limit=5, offset=1)), wire())
    assert rows_of(result) == [[2]]


@pytest.mark.parametrize(
    "filters, path, code",
    [
        pytest.param({"name": {"match": "a("}}, "filters.name.match", "bad_value", id="regular expression"),
        pytest.param({"tags": {"contains": "{x"}}, "filters.tags.contains", "bad_value", id="array"),
    ],
)
async def test_a_literal_that_only_the_server_can_judge_is_named(
    make_database: MakeDatabase, filters: dict[str, Any], path: str, code: str
) -> None:
    """The error of such a literal points at its place in the request."""
    async with repositories(await make_database(SCHEMA)) as base:
        item = await base.relation("item")
        plan = evolve(reading(item), filter=tree(item, {"id": {"gt": 0}} | filters))
        with pytest.raises(QueryError) as caught:
            await base.tables.select(plan, wire())
    assert (caught.value.path, caught.value.code.name, caught.value.position) == (path, code, None)


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
        pytest.param(("id", "name"), (("50", "toolong"),), {"code": "value_too_long"}, id="varchar is never cut"),
        pytest.param(("id", "flags"), (("50", "10101"),), {"code": "bad_value"}, id="bit is never cut"),
        pytest.param(
            ("id", "seen"),
            (("50", "2024-01-01"), ("51", "2024-13-01"), ("52", None)),
            {"code": "bad_value", "column": "seen", "row": 1},
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
        with pytest.raises(PgmcpError) as caught:
            await base.tables.insert(plan, Batch(columns=columns, rows=rows), wire())
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


async def test_an_index_serves_a_keyset_page(make_database: MakeDatabase) -> None:
    """A page behind a key begins in the index, however deep it lies."""
    async with repositories(await make_database(SCHEMA)) as base:
        await base.texts("INSERT INTO item (id) SELECT g FROM generate_series(1000, 30000) AS g RETURNING NULL::text")
        plan = reading(await base.relation("item"), limit=10)
        behind = evolve(plan, page=Page(limit=10, after=(Literal("29000", INT4),)))
        written = QueryBuilder(SystemClock()).select(behind).statement
        explained = Statement(f"EXPLAIN {written.text}", written.parameters)
        _, rows = await base.way.runner.run_foreign(explained, wire(), need=Need.READ, kind="explain")
    lines = [row[0] or "" for row in rows.rows]
    assert [line.strip() for line in lines if "Index Cond" in line] == ["Index Cond: (id > 29000)"]
