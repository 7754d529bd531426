"""execute_query and explain_query."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.adapters.memory import Answer
from pgmcp.domain.settings import Access, Settings
from tests.unit.house import House

PLAN = [{"Plan": {"Node Type": "Result", "Startup Cost": 0.0, "Total Cost": 0.01, "Plan Rows": 1}}]
MEASURED = [
    {
        "Plan": PLAN[0]["Plan"] | {"Actual Rows": 1, "Actual Loops": 1, "Actual Total Time": 0.5},
        "Planning Time": 0.1,
        "Execution Time": 0.6,
    }
]
STATEMENTS: dict[str, Any] = {
    "select 1 as n": [{"n": 1}],
    "select id, name from customers where id = $1": lambda params: [{"id": int(params[0]), "name": "Ana"}],
    "select nothing": Answer(columns={"n": "int4"}),
    "select many": [{"n": at} for at in range(5)],
    "select big": [{"n": "x" * 600} for _ in range(3)],
    "update orders set total = 0": Answer(count=3),
    "update orders set total = 0 returning id": [{"id": 10}],
    "with gone as (delete from orders returning id) select id from gone": [{"id": 10}],
    "select id from orders for update": [{"id": 10}],
    "create table t (id int)": Answer(count=0),
    "call f()": Answer(rows=[{"out": 1}]),
    "show time_zone": [{"TimeZone": "UTC"}],
    "explain select 1 as n": PLAN,
    "explain delete from orders": MEASURED,
}
READ, WRITE, ADMIN = (Settings(access=access) for access in Access)


def house(settings: Settings = ADMIN) -> House:
    """A house that answers a few statements."""
    return House(statements=STATEMENTS, settings=settings)


@pytest.mark.parametrize(
    "query, answer",
    [
        pytest.param("SELECT 1 AS n", '{"columns":["n"],"types":["int4"],"rows":[[1]],"count":1}', id="a select"),
        pytest.param(
            "  select 1 as n ;  ", '{"columns":["n"],"types":["int4"],"rows":[[1]],"count":1}', id="a semicolon"
        ),
        pytest.param("select nothing", '{"columns":["n"],"types":["int4"],"rows":[],"count":0}', id="no rows"),
        pytest.param(
            "SHOW time_zone", '{"columns":["TimeZone"],"types":["text"],"rows":[["UTC"]],"count":1}', id="a show"
        ),
    ],
)
@pytest.mark.parametrize("settings", [pytest.param(READ, id="read"), pytest.param(ADMIN, id="admin")])
async def test_reading(query: str, answer: str, settings: Settings) -> None:
    """What every access mode runs."""
    assert await house(settings).answer("execute_query", {"query": query}) == answer


async def test_parameters() -> None:
    """Every digit reaches the statement."""
    arguments = b'{"query":"select id, name from customers where id = $1","params":[7]}'
    assert await house().answer("execute_query", arguments) == (
        '{"columns":["id","name"],"types":["int4","text"],"rows":[[7,"Ana"]],"count":1}'
    )


@pytest.mark.parametrize(
    "settings, max_rows, count",
    [
        pytest.param(READ, None, "5", id="all"),
        pytest.param(READ, 3, "3", id="as asked"),
        pytest.param(Settings(max_rows=2), None, "2", id="as set"),
        pytest.param(Settings(max_rows=2), 99, "2", id="never above what is set"),
    ],
)
async def test_the_rows_are_capped(settings: Settings, max_rows: int | None, count: str) -> None:
    """And the answer says what to do about it."""
    found = await house(settings).document("execute_query", {"query": "select many", "max_rows": max_rows})
    cut = count != "5"
    hint = "Only the first rows are here: aggregate, filter or page with LIMIT and OFFSET in the statement."
    assert (found["count"], found.get("truncated"), found.get("hint")) == (
        count,
        "rows" if cut else None,
        hint if cut else None,
    )


async def test_the_bytes_are_capped() -> None:
    """Whole rows only."""
    found = await house(Settings(max_bytes=1300)).document("execute_query", {"query": "select big"})
    assert (found["count"], found["truncated"]) == ("2", "bytes")


@pytest.mark.parametrize(
    "query, answer",
    [
        pytest.param("update orders set total = 0", '{"ok":true,"count":3}', id="a change"),
        pytest.param(
            "update orders set total = 0 returning id",
            '{"columns":["id"],"types":["int4"],"rows":[[10]],"count":1}',
            id="a change that gives rows",
        ),
        pytest.param(
            "with gone as (delete from orders returning id) select id from gone",
            '{"columns":["id"],"types":["int4"],"rows":[[10]],"count":1}',
            id="a CTE that changes rows",
        ),
        pytest.param(
            "select id from orders for update",
            '{"columns":["id"],"types":["int4"],"rows":[[10]],"count":1}',
            id="a lock",
        ),
        pytest.param("select 1 as n", '{"columns":["n"],"types":["int4"],"rows":[[1]],"count":1}', id="a read"),
    ],
)
async def test_writing(query: str, answer: str) -> None:
    """With access write and read_only=false; in read mode and with read_only a refusal."""
    assert await house(WRITE).answer("execute_query", {"query": query, "read_only": False}) == answer
    assert await house(READ).refusal("execute_query", {"query": query, "read_only": False}) == {
        "type": "security_error",
        "code": "write_refused",
        "message": "'local' may not do this",
        "hint": "The server was started with access read; a write needs access write.",
        "retry": "never",
    }


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("update orders set total = 0", id="a change"),
        pytest.param("with gone as (delete from orders returning id) select id from gone", id="a CTE"),
        pytest.param("select id from orders for update", id="a lock"),
    ],
)
async def test_a_write_that_was_not_meant(query: str) -> None:
    """`read_only` is true unless it is said otherwise."""
    assert await house(WRITE).refusal("execute_query", {"query": query}) == {
        "type": "security_error",
        "code": "write_refused",
        "message": "the statement changes something, and read_only is true",
        "hint": "Pass read_only=false if that is meant.",
        "retry": "fix_input",
        "details": {"path": "read_only"},
    }


@pytest.mark.parametrize(
    "query, answer",
    [
        pytest.param("create table t (id int)", '{"ok":true,"count":0}', id="a definition"),
        pytest.param("CALL f()", '{"columns":["out"],"types":["int4"],"rows":[[1]],"count":1}', id="a procedure"),
    ],
)
async def test_defining(query: str, answer: str) -> None:
    """With access admin and read_only=false."""
    assert await house(ADMIN).answer("execute_query", {"query": query, "read_only": False}) == answer
    assert (await house(ADMIN).refusal("execute_query", {"query": query}))["code"] == "write_refused"
    assert await house(WRITE).refusal("execute_query", {"query": query, "read_only": False}) == {
        "type": "security_error",
        "code": "admin_refused",
        "message": "'local' may not do this",
        "hint": "The server was started with access write; definitions and procedures need access admin.",
        "retry": "never",
    }


@pytest.mark.parametrize(
    "query, error",
    [
        pytest.param(
            "select 1; select 2",
            {
                "type": "validation_error",
                "code": "several_statements",
                "message": "there are 2 statements, exactly one is run",
                "hint": "Call once for each statement.",
                "details": {"path": "query"},
            },
            id="two statements",
        ),
        pytest.param(
            "-- nothing",
            {
                "type": "validation_error",
                "code": "several_statements",
                "message": "there is no statement",
                "hint": "Give one statement.",
                "details": {"path": "query"},
            },
            id="none",
        ),
        pytest.param(
            "select *\nfrom orders wher id = 1",
            {
                "type": "query_error",
                "code": "syntax_error",
                "message": 'syntax error at or near "id"',
                "hint": "from orders wher id = 1\n                 ^",
                "position": "27",
                "details": {"path": "query"},
            },
            id="a syntax error",
        ),
        pytest.param(
            "begin",
            {
                "type": "security_error",
                "code": "statement_not_allowed",
                "message": "TRANSACTION is not run here",
                "hint": "A call is a transaction by itself; begin_transaction holds one open for several, "
                "with access write.",
                "retry": "never",
            },
            id="transaction control",
        ),
        pytest.param(
            "select * into t from orders",
            {
                "type": "security_error",
                "code": "statement_not_allowed",
                "message": "SELECT is not run here",
                "hint": "Use CREATE TABLE … AS, with access admin.",
                "retry": "never",
            },
            id="a table in disguise",
        ),
        pytest.param(
            "",
            {
                "type": "validation_error",
                "code": "several_statements",
                "message": "there is no statement",
                "hint": "Give one statement.",
                "details": {"path": "query"},
            },
            id="nothing",
        ),
    ],
)
@pytest.mark.parametrize("tool", [pytest.param(tool, id=tool) for tool in ("execute_query", "explain_query")])
async def test_what_is_never_run(tool: str, query: str, error: dict[str, Any]) -> None:
    """By either tool, in any access mode."""
    assert await house(ADMIN).refusal(tool, {"query": query}) == {"retry": "fix_input"} | error


@pytest.mark.parametrize("tool", [pytest.param(tool, id=tool) for tool in ("execute_query", "explain_query")])
async def test_a_statement_above_the_limit(tool: str) -> None:
    """The setting `max_query_bytes`."""
    small = Settings(max_query_bytes=10)
    assert await house(small).refusal(tool, {"query": "select 1234"}) == {
        "type": "validation_error",
        "code": "statement_too_large",
        "message": "the statement has 11 bytes, at most 10 are taken",
        "hint": "Pass long values as params, and many rows to create_records.",
        "retry": "fix_input",
        "details": {"path": "query"},
    }


async def test_a_statement_that_is_not_registered() -> None:
    """The memory database says how to register it."""
    assert await house().refusal("execute_query", {"query": "select 2 as n"}) == {
        "type": "query_error",
        "code": "unregistered_statement",
        "message": "The memory database runs no SQL, and no answer is registered for this statement.",
        "hint": 'Register it: pgmcp.memory(tables=…, statements={"<the statement>": [{"column": value}]}). '
        "The nearest one registered is: select 1 as n",
        "retry": "fix_input",
    }


async def test_explain() -> None:
    """Lines, cost and rows."""
    assert await house(READ).answer("explain_query", {"query": "select 1 as n"}) == (
        '{"plan":["Result  rows 1  cost 0..0.01"],"cost":0.01,"rows":1}'
    )


async def test_explain_and_measure_a_write() -> None:
    """With access write; the estimate alone needs none."""
    arguments = {"query": "delete from orders", "analyze": True}
    assert await house(WRITE).answer("explain_query", arguments) == (
        '{"plan":["Result  rows 1  cost 0..0.01  actual 1 rows, 0.5 ms"],"cost":0.01,"rows":1,"actual_rows":1,'
        '"planning_ms":0.1,"execution_ms":0.6,"buffers":{"hit":0,"read":0,"written":0}}'
    )
    assert (await house(READ).refusal("explain_query", arguments))["code"] == "write_refused"
    assert "plan" in await house(READ).document("explain_query", arguments | {"analyze": False})


@pytest.mark.parametrize(
    "query, said",
    [
        pytest.param("explain select 1", "EXPLAIN", id="an explain"),
        pytest.param("show time_zone", "VARIABLE SHOW", id="a show"),
        pytest.param("create table t (id int)", "CREATE", id="a definition"),
    ],
)
async def test_what_can_t_be_explained(query: str, said: str) -> None:
    """Only what has a plan."""
    error = await house().refusal("explain_query", {"query": query})
    assert (error["code"], error["message"]) == ("statement_invalid", f"{said} can't be explained")
