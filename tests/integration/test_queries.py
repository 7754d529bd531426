from __future__ import annotations

import json
from typing import Any

import pytest

import pgmcp
from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.json import Number
from pgmcp.domain.plans import Bounds, Effect, Explain, RawQuery
from pgmcp.domain.results import NativeRows, Result, Truncation, WireRows
from pgmcp.ports.transactions import TransactionOptions
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.repositories import native, repositories, wire

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, name varchar(5), tags int[]);
INSERT INTO item SELECT g, 'n' || g FROM generate_series(1, 5) AS g;
CREATE PROCEDURE renamed(a int) LANGUAGE sql AS 'UPDATE item SET name = ''p'' WHERE id = a';
"""


BOUNDS = Bounds()


def raw(text: str, *params: Any, read_only: bool = True, bounds: Bounds = BOUNDS) -> RawQuery:
    """A plan of running a statement."""
    analysis = PgparseAnalyser().analyse(text)
    effect = Effect.READ if read_only else Effect.UPDATE
    return RawQuery(
        text=analysis.text, kind=analysis.kind, effect=effect, params=params, read_only=read_only, bounds=bounds
    )


def shape(result: Result) -> tuple[list[tuple[str, str]], list[Any], int]:
    """Names and types of the columns, the rows, and the count."""
    assert isinstance(result.rows, WireRows)
    columns = [(column.name, column.type.display) for column in result.columns]
    return columns, [json.loads(row) for row in result.rows.rows], result.count


@pytest.mark.parametrize(
    "text, params, expected",
    [
        pytest.param(
            "SELECT 1 AS a, 2.50 AS a, NULL AS b -- ends here\n;",
            (),
            ([("a", "int4"), ("a", "numeric"), ("b", "text")], [[1, 2.5, None]], 1),
            id="columns of the same name",
        ),
        pytest.param("SELECT", (), ([], [[]], 1), id="no columns"),
        pytest.param(
            "VALUES (1, 'é'), (2, $1)",
            ("ü",),
            ([("column1", "int4"), ("column2", "text")], [[1, "é"], [2, "ü"]], 2),
            id="VALUES",
        ),
        pytest.param(
            "TABLE item",
            (),
            ([("id", "int4"), ("name", "varchar"), ("tags", "int4[]")], [[n, f"n{n}", None] for n in range(1, 6)], 5),
            id="TABLE",
        ),
        pytest.param(
            "SELECT $1::int + 1 AS x, $2::int[] AS y, ($2)[1] AS z",
            (Number("4"), [Number("7"), None]),
            ([("x", "int4"), ("y", "int4[]"), ("z", "int4")], [[5, [7, None], 7]], 1),
            id="parameters with subscripts",
        ),
        pytest.param(
            "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < $1) SELECT n FROM t",
            (3,),
            ([("n", "int4")], [[1], [2], [3]], 3),
            id="recursive",
        ),
        pytest.param(
            "SELECT id, row_number() OVER (ORDER BY id DESC) AS r FROM item ORDER BY id LIMIT 2",
            (),
            ([("id", "int4"), ("r", "int8")], [[1, 5], [2, 4]], 2),
            id="window",
        ),
        pytest.param(
            "SELECT ROW(1, 'a'), pg_sleep(0)",
            (),
            ([("row", "record"), ("pg_sleep", "void")], [["(1,a)", ""]], 1),
            id="pseudo-types",
        ),
        pytest.param("SHOW search_path", (), ([("search_path", "text")], [['"$user", public']], 1), id="SHOW"),
    ],
)
async def test_reads(make_database: MakeDatabase, text: str, params: tuple[Any, ...], expected: Any) -> None:
    """A statement's rows come as JSON; once it is known it costs one statement."""
    async with repositories(await make_database(SCHEMA)) as base:
        cold = shape(await base.queries.select(raw(text, *params), wire()))
        base.way.heard.statements()
        warm = shape(await base.queries.select(raw(text, *params), wire()))
        assert [kind for kind, _, _ in base.way.heard.statements()] == ["query"]
    assert cold == warm == expected


@pytest.mark.parametrize(
    "text, params, expected, names",
    [
        pytest.param(
            "INSERT INTO item VALUES ($1, $2) RETURNING *, 'k' AS k",
            (9, "new"),
            ([("id", "int4"), ("name", "varchar"), ("tags", "int4[]"), ("k", "text")], [[9, "new", None, "k"]], 1),
            ["n1", "n2", "n3", "n4", "n5", "new"],
            id="INSERT RETURNING",
        ),
        pytest.param(
            "UPDATE item SET name = 'x' WHERE id <= $1", (2,), ([], [], 2), ["x", "x", "n3", "n4", "n5"], id="UPDATE"
        ),
        pytest.param(
            "WITH gone AS (DELETE FROM item WHERE id > $1 RETURNING id) SELECT count(*) AS n, $2::text AS t FROM gone",
            (3, "p"),
            ([("n", "int8"), ("t", "text")], [[2, "p"]], 1),
            ["n1", "n2", "n3"],
            id="data-modifying CTE",
        ),
        pytest.param(
            "WITH a AS (SELECT 1 AS id), b AS MATERIALIZED (SELECT 2 AS id) DELETE FROM item USING a, b "
            "WHERE item.id IN (a.id, b.id) RETURNING item.id",
            (),
            ([("id", "int4")], [[1], [2]], 2),
            ["n3", "n4", "n5"],
            id="CTEs before a DELETE",
        ),
        pytest.param(
            "MERGE INTO item USING (VALUES (1), (7)) AS s(id) ON item.id = s.id WHEN MATCHED THEN DELETE "
            "WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'm')",
            (),
            ([], [], 2),
            ["n2", "n3", "n4", "n5", "m"],
            id="MERGE",
        ),
        pytest.param("CALL renamed($1)", (1,), ([], [], 0), ["p", "n2", "n3", "n4", "n5"], id="CALL"),
        pytest.param("CREATE TABLE other (id int)", (), ([], [], 0), ["n1", "n2", "n3", "n4", "n5"], id="DDL"),
    ],
)
async def test_writes(
    make_database: MakeDatabase, text: str, params: tuple[Any, ...], expected: Any, names: list[str]
) -> None:
    """A write's rows and count come back, and what it did stays."""
    async with repositories(await make_database(SCHEMA)) as base:
        result = shape(await base.queries.select(raw(text, *params, read_only=False), wire()))
        written = await base.texts("SELECT name FROM item ORDER BY id")
    assert (result, written) == (expected, [(name,) for name in names])


@pytest.mark.parametrize(
    "text, params, expected",
    [
        pytest.param("SELECT $1::int", (), {"code": "parameter_count", "details": {"path": "params"}}, id="too few"),
        pytest.param("SELECT 1", (1,), {"code": "parameter_count", "details": {"path": "params"}}, id="too many"),
        pytest.param(
            "SELECT $1::int", ("abc",), {"code": "parameter_invalid", "details": {"path": "params[0]"}}, id="no integer"
        ),
        pytest.param("SELECT nope FROM item", (), {"code": "undefined_object", "position": 8}, id="column"),
        pytest.param("SELECT 1,\n 'x'::int", (), {"code": "bad_value", "position": 12}, id="constant"),
        pytest.param("DELETE FROM item", (), {"code": "read_only_server", "sqlstate": "25006"}, id="write"),
        pytest.param(
            "SELECT 1 FROM", (), {"code": "syntax_error", "hint": "SELECT 1 FROM\n             ^"}, id="syntax"
        ),
        pytest.param(
            "SELECT $1::int AS n, repeat('x', 300000) AS long",
            (1,),
            {"code": "row_too_large", "details": {"column": "long", "max_bytes": 262144}},
            id="row",
        ),
    ],
)
async def test_refusals(
    make_database: MakeDatabase, text: str, params: tuple[Any, ...], expected: dict[str, Any]
) -> None:
    """What is wrong is told with its place in the caller's own text."""
    async with repositories(await make_database(SCHEMA)) as base:
        with pytest.raises(PgmcpError) as caught:
            await base.queries.select(raw(text, *params), wire())
    document = caught.value.document()
    assert {key: document.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    "text, bounds, rows, truncated",
    [
        pytest.param(
            "SELECT g FROM generate_series(1, 2000000) AS g", Bounds(max_rows=3), 3, Truncation.ROWS, id="rows"
        ),
        pytest.param(
            "SELECT repeat('x', 95) FROM generate_series(1, 50)",
            Bounds(max_bytes=1000),
            10,
            Truncation.BYTES,
            id="bytes",
        ),
        pytest.param("SELECT g FROM generate_series(1, 3) AS g", Bounds(max_rows=3), 3, None, id="just"),
    ],
)
async def test_bounds(
    make_database: MakeDatabase, text: str, bounds: Bounds, rows: int, truncated: Truncation | None
) -> None:
    """The server sends no more than the caps let through."""
    async with repositories(await make_database(SCHEMA)) as base:
        result = await base.queries.select(raw(text, bounds=bounds), wire())
    assert isinstance(result.rows, WireRows)
    assert (len(result.rows.rows), result.truncated, result.more) == (rows, truncated, truncated is not None)


async def test_a_known_statement_is_asked_about_again_when_the_table_has_changed(make_database: MakeDatabase) -> None:
    """A column that has another type, or is gone, makes what is known of a statement old, not the statement wrong."""
    async with repositories(await make_database(SCHEMA)) as base:
        plan = raw("SELECT * FROM item WHERE id = 1")
        before = shape(await base.queries.select(plan, wire()))
        await base.texts(
            "DO $$ BEGIN ALTER TABLE item DROP COLUMN tags, ALTER COLUMN name TYPE json USING '{}'; END $$"
        )
        after = shape(await base.queries.select(plan, wire()))
    assert before[0] == [("id", "int4"), ("name", "varchar"), ("tags", "int4[]")]
    assert after == ([("id", "int4"), ("name", "json")], [[1, {}]], 1)


async def test_native_rows(make_database: MakeDatabase) -> None:
    """A Python caller gets Python values, of wrapped statements and of others."""
    async with repositories(await make_database(SCHEMA)) as base:
        wrapped = await base.queries.select(raw("SELECT id, name FROM item WHERE id = 1"), native())
        shown = await base.queries.select(raw("SHOW search_path"), native())
    assert (wrapped.rows, shown.rows) == (NativeRows(((1, "n1"),)), NativeRows((('"$user", public',),)))


async def test_explain(make_database: MakeDatabase) -> None:
    """A plan as PostgreSQL gives it, with parameters, without running the statement."""
    async with repositories(await make_database(SCHEMA)) as base:
        query = raw("DELETE FROM item WHERE id = $1", 1, read_only=False)
        (found,) = await base.queries.explain(Explain(query=query), wire())
        left = await base.texts("SELECT count(*)::text FROM item")
    assert isinstance(found, dict)
    assert (found["Plan"]["Node Type"], "Execution Time" in found, left) == ("ModifyTable", False, [("5",)])


@pytest.mark.parametrize("inside", [pytest.param(False, id="alone"), pytest.param(True, id="in a transaction")])
async def test_an_analysed_explain_leaves_nothing(make_database: MakeDatabase, inside: bool) -> None:
    """The statement is run and timed, and what it did is undone, also where a transaction goes on."""
    async with repositories(await make_database(SCHEMA)) as base:
        query = raw("DELETE FROM item WHERE id = $1", 1, read_only=False)
        transaction = await base.way.work.begin(TransactionOptions(), wire()) if inside else None
        (found,) = await base.queries.explain(Explain(query=query, analyze=True), wire(), transaction)
        if transaction is not None:
            await transaction.commit(wire())
        left = await base.texts("SELECT count(*)::text FROM item")
    assert isinstance(found, dict)
    assert ("Execution Time" in found, left) == (True, [("5",)])


@pytest.mark.parametrize("guard", ["resolved", "names"])
@pytest.mark.parametrize(
    "tool, query, hint, position",
    [
        pytest.param("execute_query", "SELECT * FROM itme", "Did you mean 'item'?", 15, id="to run"),
        pytest.param("explain_query", "SELECT * FROM itme", "Did you mean 'item'?", 15, id="to explain"),
        pytest.param("execute_query", "EXPLAIN SELECT * FROM itme", "Did you mean 'item'?", 23, id="explained in SQL"),
        pytest.param("execute_query", "SELECT * FROM publc.itme", "Did you mean 'item'?", 15, id="of a wrong schema"),
    ],
)
async def test_a_mistyped_table_is_pointed_out(
    make_database: MakeDatabase, driver: str, guard: str, tool: str, query: str, hint: str, position: int
) -> None:
    """With the nearest names, whoever finds it: the guard that judges the statement, or the server that runs it."""
    request = {"execute_query": pgmcp.ExecuteQueryRequest, "explain_query": pgmcp.ExplainQueryRequest}[tool]
    async with pgmcp.connect(await make_database(SCHEMA), driver=driver, guard=guard) as db:
        with pytest.raises(pgmcp.QueryError) as refused:
            await db.call(request(query=query))
    error = refused.value
    assert (error.code.name, error.hint, error.position) == ("undefined_object", hint, position)
