from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

import pgmcp
from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.domain.errors import DatabaseError, QueryError
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.plans import (
    Bounds,
    Page,
    Select,
)
from pgmcp.domain.results import Result, ResultColumn, Truncation, WireRows
from pgmcp.domain.values.types import INT4
from pgmcp.ports.driver import Need, Statement
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.repositories import Repositories, repositories, wire
from tests.fixtures.tables import SCHEMA, reading, rows_of, tree


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
        rows=WireRows.of(("[1,1.00]", "[2,2.00]")),
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
    "order_by",
    [
        pytest.param("doc->a", id="a place in a document"),
        pytest.param("-doc->a", id="a place, backwards"),
        pytest.param([{"column": "doc", "path": "a", "nulls": "first"}, "-two"], id="a place and another key"),
        pytest.param("two", id="a composite"),
        pytest.param("-two", id="a composite, backwards"),
        pytest.param([{"column": "two", "nulls": "first"}], id="a composite, nulls first"),
    ],
)
async def test_pages_go_on_past_what_is_not_there(make_database: MakeDatabase, order_by: Any) -> None:
    """Where keys are NULL, or hold NULLs of their own, pages give every row once too."""
    schema = """
        CREATE TYPE pair AS (x int, y text);
        CREATE TABLE item (id int PRIMARY KEY, doc jsonb, two pair);
        INSERT INTO item SELECT g, docs[g % 7 + 1], pairs[g % 6 + 1]
        FROM generate_series(1, 40) AS g, (SELECT
            ARRAY[NULL, '{}', '{"a": null}', '{"a": 1}', '{"a": "x"}', '{"a": 1}', '[]']::jsonb[] AS docs,
            ARRAY[NULL, '(,)', '(1,)', '(,y)', '(1,y)', '(1,y)']::pair[] AS pairs) AS kept
    """
    async with repositories(await make_database(schema)) as base:
        item = await base.relation("item")
        whole = rows_of(await base.tables.select(reading(item, order_by=order_by), wire()))
        pages = await paged(base, reading(item, order_by=order_by, limit=3))
    assert pages == whole
    assert len(pages) == 40


@pytest.mark.parametrize(
    "filters, path, code",
    [
        pytest.param({"name": {"match": "a("}}, "filters.name.match", "bad_value", id="regular expression"),
        pytest.param({"tags": {"contains": "{x"}}, "filters.tags.contains", "bad_value", id="array"),
        *(
            pytest.param(
                {"name": {"fts": {"query": "a", "language": name}}},
                "filters.name.fts.language",
                "undefined_object",
                id=f"language {name}",
            )
            for name in ("klingon", "a b", "a'b")
        ),
        pytest.param({"name": {"like": "%\\"}}, "filters.name.like", "bad_value", id="lone escape"),
        pytest.param({"name": {"like": "%_\\"}}, "filters.name.like", "bad_value", id="lone escape behind any"),
        pytest.param(
            {"name": {"fts": {"query": "a &", "type": "raw"}}}, "filters.name.fts.query", "bad_value", id="search"
        ),
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


async def test_a_table_may_have_more_columns_than_a_function_takes_arguments(make_database: MakeDatabase) -> None:
    """PostgreSQL's limit of 100 arguments is no limit of ours."""
    columns = ", ".join(f"c{number} int DEFAULT {number}" for number in range(1000))
    async with repositories(
        await make_database(f"CREATE TABLE wide ({columns}); INSERT INTO wide DEFAULT VALUES")
    ) as base:
        wide = await base.relation("wide")
        plan = reading(wide, columns=tuple(column.name for column in wide.columns))
        result = await base.tables.select(plan, wire())
    assert rows_of(result) == [list(range(1000))]


async def test_a_key_that_is_checked_late_is_a_key(make_database: MakeDatabase) -> None:
    """Its order is total, and rows that share it until their transaction ends are all there."""
    schema = """
        CREATE TABLE late (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v text);
        INSERT INTO late SELECT g, 'v' || g % 2 FROM generate_series(9, 1, -1) AS g;
    """
    async with pgmcp.connect(await make_database(schema)) as client:
        described = (await client.call(pgmcp.DescribeTableRequest(table="late"))).document
        assert described["primary_key"] == ["id"]
        first = await client.call(pgmcp.ReadRequest(table="late", limit=2))
        assert ([row["id"] for row in first.rows], first.next_cursor is not None) == ([1, 2], True)
        async with client.transaction() as tx:
            await tx.call(pgmcp.CreateRequest(table="late", data={"id": 1, "v": "other"}))
            both = await tx.call(pgmcp.ReadRequest(table="late", filters={"id": 1}, order_by="v"))
            await tx.call(pgmcp.DeleteRequest(table="late", filters={"v": "other"}))
    assert both.rows == [{"id": 1, "v": "other"}, {"id": 1, "v": "v1"}]


@pytest.mark.parametrize(
    "on_conflict, path",
    [
        pytest.param("ignore", "on_conflict", id="any key"),
        pytest.param("update", "on_conflict", id="the primary key"),
        pytest.param({"action": "ignore", "columns": ["b", "a"]}, "on_conflict.columns", id="a unique one"),
    ],
)
async def test_a_key_that_is_checked_late_settles_no_conflict(
    make_database: MakeDatabase, driver: str, on_conflict: Any, path: str
) -> None:
    """Told before anything is sent, where PostgreSQL would fail; another key still settles conflicts."""
    schema = """
        CREATE TABLE late (
            id int PRIMARY KEY DEFERRABLE, a int, b int, c int UNIQUE, UNIQUE (a, b) DEFERRABLE INITIALLY DEFERRED,
            EXCLUDE USING btree ((a + 1) WITH =) DEFERRABLE
        );
        INSERT INTO late VALUES (1, 1, 1, 1);
    """
    record = {"id": 1, "a": 1, "b": 1, "c": 1}
    async with pgmcp.connect(await make_database(schema), driver=driver) as client:
        with pytest.raises(pgmcp.ValidationError) as caught:
            await client.call(pgmcp.CreateBatchRequest(table="late", records=[record], on_conflict=on_conflict))
        assert (caught.value.code.name, caught.value.path) == ("constraint_deferrable", path)
        by_c = {"action": "ignore", "columns": ["c"]}
        kept = await client.call(pgmcp.CreateBatchRequest(table="late", records=[record], on_conflict=by_c))
    assert kept.count == 0


async def test_a_key_that_has_gone_hides_no_row(make_database: MakeDatabase) -> None:
    """Another one has dropped it since the table was looked at, and added the same row again."""
    dsn = await make_database("CREATE TABLE item (id int PRIMARY KEY, v text); INSERT INTO item VALUES (1, 'a')")
    async with repositories(dsn) as base:
        item = await base.relation("item")
        plan = evolve(reading(item, columns=("id", "v"), order_by="v"), filter=tree(item, {"id": 1}))
        assert rows_of(await base.tables.select(plan, wire())) == [[1, "a"]]
        await base.texts("ALTER TABLE item DROP CONSTRAINT item_pkey")
        await base.texts("INSERT INTO item VALUES (1, 'b')")
        result = await base.tables.select(plan, wire())
    assert (rows_of(result), result.count) == ([[1, "a"], [1, "b"]], 2)
