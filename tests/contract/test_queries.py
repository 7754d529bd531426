"""Raw statements: in memory those that are registered, over PostgreSQL as it runs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.memory import Answer
from pgmcp.adapters.memory.queries import Registered
from pgmcp.domain.errors import DatabaseError
from pgmcp.domain.plans import Bounds, Effect, Explain, RawQuery, StatementKind
from pgmcp.domain.results import Form, Truncation
from tests.fixtures.adapters import MakeAdapter, wire
from tests.fixtures.pool import a_call

SERIES = "SELECT g, 'r' || g AS name FROM generate_series(1, 5) AS g"
TWICE = "SELECT 1 AS x, NULL::text AS y, 1.50 AS z WHERE $1::int4 > 0"
STATEMENTS: Mapping[str, Registered] = {
    SERIES: [{"g": number, "name": f"r{number}"} for number in range(1, 6)],
    TWICE: lambda params: Answer(
        rows=[{"x": 1, "y": None, "z": "1.50"}] if params[0] > 0 else [],
        columns={"x": "int4", "y": "text", "z": "numeric"},
    ),
    "SELECT repeat('x', 100) AS wide": [{"wide": "x" * 100}],
    "EXPLAIN SELECT 1": [{"Plan": {"Node Type": "Result"}}],
}


def query(text: str, *params: Any, bounds: Bounds = Bounds()) -> RawQuery:  # noqa: B008 -- frozen
    """A read of one's own."""
    return RawQuery(text=text, kind=StatementKind.ROWS, effect=Effect.READ, params=params, bounds=bounds)


async def test_rows_have_their_columns_and_types(make_adapter: MakeAdapter) -> None:
    """Also where there are no rows; parameters reach the statement."""
    call = evolve(a_call(), form=Form.WIRE)
    async with make_adapter({}, STATEMENTS) as database:
        found = await database.queries.select(query(TWICE, 1), call)
        empty = await database.queries.select(query(TWICE, 0), call)
    assert [(each.name, each.type.display) for each in found.columns] == [
        ("x", "int4"),
        ("y", "text"),
        ("z", "numeric"),
    ]
    assert (wire(found), found.count, empty.columns, wire(empty)) == (["[1,null,1.50]"], 1, found.columns, [])


@pytest.mark.parametrize(
    "bounds, count, truncated",
    [
        pytest.param(Bounds(max_rows=5), 5, None, id="just enough"),
        pytest.param(Bounds(max_rows=3), 3, Truncation.ROWS, id="rows"),
        pytest.param(Bounds(max_bytes=17), 1, Truncation.BYTES, id="bytes"),
        pytest.param(Bounds(max_bytes=18), 2, Truncation.BYTES, id="a byte more"),
    ],
)
async def test_a_result_is_capped(
    make_adapter: MakeAdapter, bounds: Bounds, count: int, truncated: Truncation | None
) -> None:
    """By rows or by bytes, each `[1,"r1"]` counting eight bytes and one for what parts it from the next."""
    async with make_adapter({}, STATEMENTS) as database:
        found = await database.queries.select(query(SERIES, bounds=bounds), evolve(a_call(), form=Form.WIRE))
    assert (found.count, found.truncated, found.more) == (count, truncated, truncated is not None)


async def test_a_row_above_the_cap_is_an_error(make_adapter: MakeAdapter) -> None:
    """There is nothing to show."""
    async with make_adapter({}, STATEMENTS) as database:
        with pytest.raises(DatabaseError) as caught:
            await database.queries.select(
                query("SELECT repeat('x', 100) AS wide", bounds=Bounds(max_bytes=50)), a_call()
            )
    assert caught.value.code.name == "row_too_large"


async def test_an_explain_gives_a_plan(make_adapter: MakeAdapter) -> None:
    """As EXPLAIN's JSON has it."""
    async with make_adapter({}, STATEMENTS) as database:
        found = await database.queries.explain(Explain(query=query("SELECT 1")), a_call())
    (only,) = found
    assert isinstance(only, dict)
    assert only["Plan"]["Node Type"] == "Result"
