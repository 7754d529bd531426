"""Values that a Python caller can have and PostgreSQL can't: refused before anything runs, with the value's place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

import pgmcp
from tests.fixtures.databases import fresh_database
from tests.fixtures.postgres import TestServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMA = """
CREATE TABLE docs (
    id int PRIMARY KEY, t text, j json, b jsonb, tags text[], n numeric(4,2), p jsonpath, q tsquery);
CREATE TABLE names (id int PRIMARY KEY, r regclass, f regproc, s regnamespace, y regtype);
INSERT INTO names (id) VALUES (1)"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def db(postgres: TestServer) -> AsyncIterator[pgmcp.Client]:
    """A client of one database for all tests here."""
    async with fresh_database(postgres, SCHEMA) as dsn, pgmcp.connect(dsn) as client:
        yield client


@pytest.mark.parametrize(
    "column, value, path",
    [
        pytest.param("t", "a\0b", "data.t", id="nul-in-text"),
        pytest.param("t", "a\ud800b", "data.t", id="half-a-pair-in-text"),
        pytest.param("b", {"a": ["x\0"]}, "data.b", id="nul-in-jsonb"),
        pytest.param("b", {"a": {"b\0": 1}}, "data.b", id="nul-in-a-key-of-jsonb"),
        pytest.param("b", ["\udc00"], "data.b", id="half-a-pair-in-jsonb"),
        pytest.param("b", {"a": float("nan")}, "data.b", id="nan-in-jsonb"),
        pytest.param("tags", ["ok", "a\0b"], "data.tags[1]", id="nul-in-an-array"),
    ],
)
async def test_what_no_text_can_hold_is_refused(db: pgmcp.Client, column: str, value: Any, path: str) -> None:
    """The place is told, the value is not, and nothing was written."""
    with pytest.raises(pgmcp.ValidationError) as caught:
        await db.call(pgmcp.CreateRequest(table="docs", data={"id": 1, column: value}))
    assert (caught.value.code.name, caught.value.path) == ("value_invalid", path)
    found = await db.call(pgmcp.ReadRequest(table="docs"))
    assert found.count == 0


@pytest.mark.parametrize("column", ["p", "q"])
async def test_a_text_with_a_grammar_of_its_own_points_at_itself(db: pgmcp.Client, column: str) -> None:
    """It is no mistake in the statement, which is ours."""
    with pytest.raises(pgmcp.QueryError) as caught:
        await db.call(pgmcp.CreateRequest(table="docs", data={"id": 1, column: "$. &"}))
    assert caught.value.document() == {
        "type": "query_error",
        "code": "bad_value",
        "message": "A text doesn't keep to the grammar of what it is read as.",
        "hint": "See PostgreSQL's documentation of that type: jsonpath, tsquery and their like.",
        "retry": "fix_input",
        "sqlstate": "42601",
        "details": {"outcome": "rolled_back", "column": column, "path": f"data.{column}"},
    }


@pytest.mark.parametrize(
    "column, sqlstate",
    [
        pytest.param("r", "42P01", id="relation"),
        pytest.param("f", "42883", id="function"),
        pytest.param("s", "3F000", id="schema"),
        pytest.param("y", "42704", id="type"),
    ],
)
async def test_a_name_of_nothing_points_at_itself(db: pgmcp.Client, column: str, sqlstate: str) -> None:
    """Values of regclass and its like are names, written and filtered by."""
    with pytest.raises(pgmcp.QueryError) as caught:
        await db.call(pgmcp.CreateRequest(table="names", data={"id": 2, column: "nonesuch"}))
    told = (caught.value.code.name, caught.value.sqlstate, caught.value.path)
    assert told == ("undefined_object", sqlstate, f"data.{column}")
    with pytest.raises(pgmcp.QueryError) as caught:
        await db.call(pgmcp.UpdateRequest(table="names", filters={"id": 1}, data={column: "nonesuch"}))
    assert (caught.value.code.name, caught.value.path) == ("undefined_object", f"data.{column}")
    with pytest.raises(pgmcp.QueryError) as caught:
        await db.call(pgmcp.ReadRequest(table="names", filters={column: "nonesuch"}))
    assert (caught.value.code.name, caught.value.path) == ("undefined_object", f"filters.{column}")


async def test_json_alone_keeps_a_nul(db: pgmcp.Client) -> None:
    """A json column holds its text as it is, escapes of U+0000 included; what is read is what was written."""
    data = {"id": 2, "j": {"a\0": ["x\0"]}}
    made = await db.call(pgmcp.CreateRequest(table="docs", data=data, returning=["id", "j"]))
    assert isinstance(made, pgmcp.DataResponse)
    assert made.rows == [data]
    await db.call(pgmcp.DeleteRequest(table="docs", filters={"id": 2}))


async def test_records_that_fail_late_leave_nothing(db: pgmcp.Client) -> None:
    """A batch is all or nothing, also when the mistake is in a later part of it."""
    records = [{"id": number, "n": Decimal("1.5")} for number in range(10, 19)] + [{"id": 19, "n": Decimal(100)}]
    with pytest.raises(pgmcp.QueryError) as caught:
        await db.call(pgmcp.CreateBatchRequest(table="docs", records=records, batch_size=3))
    assert caught.value.document() == {
        "type": "query_error",
        "code": "bad_value",
        "message": "A number is out of its type's range.",
        "hint": "Column 'n' is numeric(4,2).",
        "retry": "fix_input",
        "sqlstate": "22003",
        "details": {"outcome": "rolled_back", "column": "n", "row": 9, "path": "records[9].n"},
    }
    found = await db.call(pgmcp.ReadRequest(table="docs"))
    assert found.count == 0
