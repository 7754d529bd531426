"""Raw statements that a test has registered."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from pgmcp.adapters.memory import Answer, MemoryDatabase
from pgmcp.adapters.memory.inferring import type_of_values
from pgmcp.adapters.memory.queries import normal
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.plans import Bounds, Effect, Explain, RawQuery, StatementKind
from tests.fixtures.adapters import native
from tests.fixtures.pool import a_call
from tests.fixtures.walked import cases


def query(text: str, *params: Any) -> RawQuery:
    """A read of one's own."""
    return RawQuery(text=text, kind=StatementKind.ROWS, effect=Effect.READ, params=params, bounds=Bounds())


@pytest.mark.parametrize(
    "text, same",
    [
        pytest.param("select  NOW()\n;", True, id="white space, case, semicolon"),
        pytest.param("Select\tnow()", True, id="tab"),
        pytest.param("select now() as n", False, id="another statement"),
    ],
)
def test_statements_are_found_by_their_normal_text(text: str, same: bool) -> None:
    """As SQL reads it, not letter by letter."""
    assert (normal(text) == normal("SELECT now()")) is same


def test_what_is_quoted_counts_as_it_stands() -> None:
    """Blanks and letters inside quotes are part of a value or a name."""
    assert normal("SELECT 'A  b',  \"C\" FROM T") == "select 'A  b', \"C\" from t"


async def test_rows_are_answered_and_parameters_reach_a_function() -> None:
    """A list of rows, or a function of the parameters."""
    database = MemoryDatabase({}, {"SELECT now()": [{"now": datetime(2026, 1, 1, tzinfo=UTC)}], "SELECT $1": _echo})
    assert native(await database.queries.select(query("select now();"), a_call())) == [
        (datetime(2026, 1, 1, tzinfo=UTC),)
    ]
    found = await database.queries.select(query("SELECT $1", 5), a_call())
    assert (native(found), [each.type.display for each in found.columns]) == ([(5, "5")], ["int4", "text"])


def _echo(params: Any) -> list[dict[str, Any]]:
    return [{"n": params[0], "s": str(params[0])}]


async def test_a_write_says_how_many_rows() -> None:
    """Without rows of its own."""
    database = MemoryDatabase({}, {"UPDATE t SET a = 1": Answer(count=3)})
    found = await database.queries.select(query("UPDATE t SET a = 1"), a_call())
    assert (found.count, found.columns, native(found)) == (3, (), [])


@pytest.mark.parametrize("explain", [pytest.param(False, id="run"), pytest.param(True, id="explained")])
async def test_an_unknown_statement_says_how_to_register_it(explain: bool) -> None:
    """And names the nearest one that is."""
    database = MemoryDatabase({}, {"select 1 as x": [{"x": 1}], "explain select 2 as y": [{}]})
    asked: Awaitable[object]
    if explain:
        asked = database.queries.explain(Explain(query=query("select 2 as z")), a_call())
    else:
        asked = database.queries.select(query("select 1 as y"), a_call())
    with pytest.raises(PgmcpError) as caught:
        await asked
    nearest = "explain select 2 as y" if explain else "select 1 as x"
    assert caught.value.document() == {
        "type": "query_error",
        "code": "unregistered_statement",
        "message": "The memory database runs no SQL, and no answer is registered for this statement.",
        "hint": 'Register it: pgmcp.memory(tables=…, statements={"<the statement>": [{"column": value}]}).'
        f" The nearest one registered is: {nearest}",
        "retry": "fix_input",
    }


async def test_a_value_that_doesnt_fit_its_column_is_refused() -> None:
    """When it is asked for."""
    database = MemoryDatabase({}, {"select 1": Answer(rows=[{"x": "y"}], columns={"x": "int4"})})
    with pytest.raises(PgmcpError) as caught:
        await database.queries.select(query("select 1"), a_call())
    assert caught.value.code.name == "value_invalid"


@cases(
    "values, display",
    [
        pytest.param([], "text", id="none"),
        pytest.param([None, True], "bool", id="truth"),
        pytest.param([1, 2**40], "int8", id="wider"),
        pytest.param([1, 2**70], "numeric", id="widest"),
        pytest.param([1, Decimal("1.5")], "numeric", id="exact"),
        pytest.param([1.5], "float8", id="float"),
        pytest.param([datetime(2026, 1, 1)], "timestamp", id="local"),  # noqa: DTZ001 -- it is
        pytest.param([datetime(2026, 1, 1, tzinfo=UTC)], "timestamptz", id="absolute"),
        pytest.param([UUID(int=1)], "uuid", id="uuid"),
        pytest.param([[1, None]], "int4[]", id="list"),
        pytest.param([[{"a": 1}]], "jsonb", id="list of objects"),
        pytest.param([{"a": 1}, 1], "jsonb", id="document"),
        pytest.param([1, "x"], "text", id="mixed"),
    ],
)
def test_types_follow_from_values(values: list[Any], display: str) -> None:
    """Where nothing else says what a column is."""
    assert type_of_values(values).display == display
