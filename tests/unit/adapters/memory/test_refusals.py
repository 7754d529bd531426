"""What the memory database can't answer exactly, it refuses by name."""

from __future__ import annotations

from typing import Any

import pytest

import pgmcp
from pgmcp.adapters.memory.declare import table
from pgmcp.adapters.memory.filters.casing import casing_of
from pgmcp.adapters.memory.filters.regex import regex
from pgmcp.domain.errors import QueryError
from pgmcp.domain.filters.tree import Operand
from pgmcp.domain.values.types import TEXT
from tests.fixtures.adapters import in_memory
from tests.fixtures.walked import cases

COLUMNS = {"id": "int4", "name": "text", "doc": "jsonb", "js": "json", "ts": "timestamptz", "ints": "int4[]"}
ROW = {"id": 1, "name": "São", "doc": {"a": 1}, "js": {"a": [1]}, "ints": "[2:3]={1,2}"}


@pytest.mark.parametrize(
    "filters, what, path",
    [
        pytest.param({"name": {"fts": "cat"}}, "full-text search", "filters.name.fts", id="full text"),
        pytest.param({"doc": {"jsonb_path": "$.a"}}, "jsonpath", "filters.doc.jsonb_path", id="jsonpath"),
        pytest.param(
            {"name": {"match": "(a)\\1"}},
            "back references and rare escapes in a regular expression",
            "filters.name.match",
            id="back reference",
        ),
        pytest.param(
            {"name": {"match": "\\w\\w\\w"}},
            "classes of letters in a regular expression on a text outside ASCII",
            "filters.name.match",
            id="letters of a language",
        ),
        pytest.param(
            {"js.a": {"eq": "x"}},
            "the text of an object or an array inside a json column (jsonb has one)",
            None,
            id="json as text",
        ),
        pytest.param(
            {"ints": {"contains": [1]}}, "operators on arrays with another lower bound than 1", None, id="lower bound"
        ),
    ],
)
async def test_a_condition_is_refused_by_name(filters: dict[str, Any], what: str, path: str | None) -> None:
    """With its place, where the condition itself is at fault."""
    async with in_memory({"t": table(columns=COLUMNS, primary_key="id", rows=[ROW])}) as database:
        with pytest.raises(QueryError) as caught:
            await database.rows("t", filters)
    assert caught.value.document() == {
        "type": "query_error",
        "code": "feature_not_supported",
        "message": f"the memory database does not support {what}",
        "hint": "Use a PostgreSQL for this: the memory database answers exactly as PostgreSQL would, or not at all.",
        "retry": "never",
        "sqlstate": "0A000",
    } | ({"details": {"path": path}} if path is not None else {})


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("***:a", id="director"),
        pytest.param("(?=a)", id="look-ahead"),
        pytest.param("(?i)a", id="option"),
        pytest.param("(a*)*", id="repeated emptiness"),
        pytest.param("[[.a.]]", id="collating element"),
        pytest.param("\\x41", id="rare escape"),
        pytest.param("(" * 60 + ")" * 60, id="nested groups"),
    ],
)
def test_a_regular_expression_is_refused(pattern: str) -> None:
    """Before it is tried on any text."""
    with pytest.raises(QueryError) as caught:
        regex(pattern, fold=None, path="filters.a.match")
    assert (caught.value.code.name, caught.value.path) == ("feature_not_supported", "filters.a.match")


@cases(
    "pattern, fold, text, found",
    [
        pytest.param("^a.b$", False, "a\nb", True, id="a point is any character"),
        pytest.param("b$", False, "b\n", False, id="the end is the very end"),
        pytest.param("\\bx", False, "\bx", True, id="a backspace, no boundary"),
        pytest.param("\\mab\\M", False, "x ab y", True, id="word's ends"),
        pytest.param("SÃO", True, "são", True, id="case of any letter"),
        pytest.param("k", True, "\u212a", False, id="variants are the pattern's"),
        pytest.param("[a-c]+d", True, "ABCD", True, id="case of a range"),
        pytest.param("[[:upper:]]", True, "a", True, id="classes of case"),
        pytest.param("\\u00e3", False, "ã", True, id="code point"),
        pytest.param("a{2}", False, "aba", False, id="bound"),
    ],
)
def test_a_regular_expression_means_what_postgresql_means(pattern: str, fold: bool, text: str, found: bool) -> None:
    """Where Python's own would mean something else."""
    assert regex(pattern, fold=casing_of(Operand(column="a", type=TEXT)) if fold else None, path="")(text) is found


async def test_a_document_may_have_so_many_levels() -> None:
    """It is looked into and copied by a call a level."""
    async with pgmcp.memory(tables={"t": pgmcp.table(columns={"id": "int4", "doc": "jsonb", "js": "json"})}) as db:
        for column_name in ("doc", "js"):
            deep: Any = 1
            for _ in range(200):
                deep = [deep]
            await db.call(pgmcp.CreateRequest(table="t", data={column_name: deep}))
            for _ in range(2000):
                deep = [deep]
            with pytest.raises(QueryError) as caught:
                await db.call(pgmcp.CreateRequest(table="t", data={column_name: deep}))
            assert caught.value.message == "the memory database does not support a value of more than 200 levels"
        assert (await db.call(pgmcp.ReadRequest(table="t", filters={"doc": {"is": "not null"}}))).count == 1
