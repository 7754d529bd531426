"""Reads: columns, caps, pages, forms and what a filter's mistakes are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.memory.declare import table
from pgmcp.domain.errors import DatabaseError, PgmcpError, codes
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.plans import Bounds, Page
from pgmcp.domain.results import Form, Truncation
from tests.fixtures.adapters import Database, MakeAdapter, native, wire
from tests.fixtures.pool import a_call
from tests.fixtures.trade import TRADE


@pytest.fixture
async def trade(make_adapter: MakeAdapter) -> AsyncIterator[Database]:
    """The small trade behind one adapter."""
    async with make_adapter(TRADE) as database:
        yield database


async def test_rows_are_json_in_the_order_of_the_columns_asked_for(trade: Database) -> None:
    """Numerics keep their scale, NULL is null, an empty result keeps its columns."""
    result = await trade.read("orders", {"id": 3}, columns=["total", "id", "facts", "status", "net"])
    assert wire(result) == ['[100.00,3,null,"sent",90.01]']
    assert (result.count, result.more, result.truncated, result.last_key) == (1, False, None, None)
    empty = await trade.read("orders", {"id": 99}, columns=["total", "status"])
    assert [(each.name, each.type.display) for each in empty.columns] == [
        ("total", "numeric"),
        ("status", "order_status"),
    ]
    assert (wire(empty), empty.count, empty.last_key) == ([], 0, None)


async def test_native_rows_are_python_values(trade: Database) -> None:
    """The same classes from every adapter; what a caller does to them stays with the caller."""
    plan = await trade.plan("orders", {"id": {"in": [1, 2]}}, columns=["id", "total", "tags", "facts", "adviser_id"])
    call = evolve(a_call(), form=Form.NATIVE)
    rows = native(await trade.tables.select(plan, call))
    expected: list[tuple[Any, ...]] = [
        (1, Decimal("19.90"), ["gift", "red"], None, 3),
        (2, Decimal("5.00"), [], {"weight": "1.50", "n": 2}, None),
    ]
    assert rows == expected
    rows[0][2].append("mine")
    rows[1][3]["n"] = 99
    assert native(await trade.tables.select(plan, call)) == expected


async def test_a_default_moment_is_the_writes_own(trade: Database) -> None:
    """`now()` of the database is about now, with its zone."""
    plan = await trade.plan("orders", {"id": 1}, columns=["placed_at"])
    placed = native(await trade.tables.select(plan, a_call()))[0][0]
    assert abs((datetime.now(UTC) - placed).total_seconds()) < 600


@pytest.mark.parametrize(
    "page, bounds, expected",
    [
        pytest.param(Page(limit=2), Bounds(), (2, True, None), id="limit"),
        pytest.param(Page(limit=3), Bounds(), (3, False, None), id="limit is all"),
        pytest.param(Page(limit=9), Bounds(max_rows=2), (2, True, Truncation.ROWS), id="rows"),
        pytest.param(Page(limit=2), Bounds(max_rows=2), (2, True, None), id="limit is the cap"),
        pytest.param(Page(limit=9), Bounds(max_bytes=19), (2, True, Truncation.BYTES), id="bytes"),
        pytest.param(Page(limit=9), Bounds(max_bytes=18), (1, True, Truncation.BYTES), id="one byte less"),
        pytest.param(Page(limit=2), Bounds(max_bytes=19), (2, True, None), id="bytes for the page and no more"),
        pytest.param(Page(limit=9, offset=2), Bounds(), (1, False, None), id="offset"),
        pytest.param(Page(limit=0), Bounds(), (0, True, None), id="nothing wanted"),
    ],
)
async def test_caps(trade: Database, page: Page, bounds: Bounds, expected: tuple[int, bool, Truncation | None]) -> None:
    """A row counts the bytes of its JSON, nine for `[1,19.90]` and eight for `[2,5.00]`, and one more."""
    result = await trade.read("orders", columns=["id", "total"], order="id", page=page, bounds=bounds)
    assert (result.count, result.more, result.truncated) == expected


async def test_a_row_above_the_cap_names_its_largest_column(trade: Database) -> None:
    """Instead of an empty page that never ends."""
    with pytest.raises(DatabaseError) as caught:
        await trade.read("customers", {"id": 1}, columns=["id", "email", "name"], bounds=Bounds(max_bytes=10))
    assert caught.value.document() == {
        "type": "database_error",
        "code": "row_too_large",
        "message": "One row alone is larger than 10 bytes; most of it is in column 'email'.",
        "hint": "Leave 'email' out of columns, or read it with execute_query in parts.",
        "retry": "fix_input",
        "details": {"column": "email", "max_bytes": 10},
    }


@pytest.mark.parametrize(
    "order, expected",
    [
        pytest.param("name", ["[1]", "[3]", "[2]"], id="ascending, nulls last"),
        pytest.param("-name", ["[2]", "[3]", "[1]"], id="descending, nulls first"),
        pytest.param(
            [{"column": "name", "descending": True, "nulls": "last"}],
            ["[3]", "[1]", "[2]"],
            id="descending, nulls last",
        ),
        pytest.param(["country", "-email"], ["[2]", "[3]", "[1]"], id="two keys"),
    ],
)
async def test_order_and_its_pages(trade: Database, order: Any, expected: list[str]) -> None:
    """A page goes on behind the last row's keys and meets every row once."""
    assert await trade.rows("customers", columns=["id"], order=order) == expected
    found: list[str] = []
    after: tuple[Literal | None, ...] | None = None
    while True:
        page = Page(limit=1, after=after)
        result = await trade.read("customers", columns=["id"], order=order, page=page)
        found += wire(result)
        if not result.more:
            break
        plan = await trade.plan("customers", order=order)
        after = tuple(
            None if text is None else Literal(text, key.operand.type)
            for text, key in zip(result.last_key or (), plan.order, strict=True)
        )
    assert found == expected


async def test_a_table_without_a_key_gives_no_place_to_go_on_from(trade: Database) -> None:
    """Its pages go by offset."""
    result = await trade.read("notes", order="a", page=Page(limit=1))
    assert (result.count, result.more, result.last_key) == (1, True, None)


LOOSE = {
    "loose": table(
        columns={"a": "int4", "b": "text", "c": "numeric", "d": "json"},
        rows=[
            {"a": n % 3, "b": None if n % 4 == 0 else f"x{n % 4}", "c": n % 5, "d": {"n": n % 60}} for n in range(60)
        ],
    )
}


@pytest.mark.parametrize(
    "order",
    [
        pytest.param("a", id="ties"),
        pytest.param("-b", id="ties, backwards"),
        pytest.param([{"column": "b", "nulls": "first"}, "-a"], id="two keys"),
    ],
)
async def test_pages_by_offset_give_every_row_once(make_adapter: MakeAdapter, order: Any) -> None:
    """Rows that are equal in what they are ordered by don't change places from page to page."""
    async with make_adapter(LOOSE) as database:
        whole = await database.rows("loose", order=order)
        paged: list[str] = []
        for offset in range(0, 60, 4):
            page = Page(limit=4, offset=offset)
            paged += wire(await database.read("loose", order=order, page=page))
    assert paged == whole


async def test_no_row_of_a_key_is_given_where_none_is_wanted(trade: Database) -> None:
    """A limit of 0 holds for one row as for many."""
    result = await trade.read("orders", {"id": 1}, page=Page(limit=0))
    assert (result.count, wire(result), result.more, result.truncated) == (0, [], True, None)
    result = await trade.read("orders", {"id": 99}, page=Page(limit=0))
    assert (result.count, wire(result), result.more, result.truncated) == (0, [], False, None)


@pytest.mark.parametrize(
    "filters, code, path",
    [
        pytest.param({"name": {"match": "(a"}}, "bad_value", "filters.name.match", id="bad regular expression"),
        pytest.param({"name": {"imatch": "a{2,1}"}}, "bad_value", "filters.name.imatch", id="bad repetition"),
    ],
)
async def test_what_only_the_server_can_tell_has_its_place(
    trade: Database, filters: dict[str, Any], code: str, path: str
) -> None:
    """A mistake that planning can't see."""
    with pytest.raises(PgmcpError) as caught:
        await trade.read("customers", filters)
    assert (caught.value.type, caught.value.code.name, caught.value.path) == ("query_error", code, path)


async def test_a_call_whose_time_is_over_is_not_begun(trade: Database) -> None:
    """Reads and writes alike."""
    plan = await trade.plan("orders")
    with pytest.raises(DatabaseError) as caught:
        await trade.tables.select(plan, a_call(seconds=-1))
    assert (caught.value.code.name, caught.value.details) == ("call_timeout", {"retry_after_ms": 1000})


async def test_every_statement_is_observed(trade: Database) -> None:
    """With its kind, its rows and, where it failed, PostgreSQL's code."""
    plan = await trade.plan("customers")
    bad = await trade.plan("customers", {"name": {"match": "(a"}})
    trade.heard.statements()
    await trade.tables.select(plan, a_call())
    with pytest.raises(PgmcpError):
        await trade.tables.select(bad, a_call())
    assert trade.heard.statements()[:2] == [("select", 3, None), ("select", 0, "2201B")]


# By pattern: which of the texts (and NULL) it is an error for.
_MATCHED = ["", "a", "A", "ab", "abc", "aab", "ba", "\\", "\\a", "é", "aéb", "bbc", "cab", "%", "_x", None]
_UNFINISHED = {
    "\\": ".!!!!!!!!!!!!!!.",
    "a\\": "...!!!....!.....",
    "%\\": ".!!!!!!!!!!!!!!.",
    "_\\": "...!!!!.!.!!!.!.",
    "%_\\": ".!!!!!!!!!!!!!!.",
    "%%a\\": "...!!!....!.!...",
    "a%b\\": "....!...........",
    "ab_\\": "................",
    "\\\\\\": "........!.......",
    "%b%\\": "....!.!....!....",
    "é%\\": "................",
    "a\\b\\": "....!...........",
}


@pytest.mark.parametrize("operator", ["like", "ilike"])
async def test_a_pattern_that_ends_in_its_escape_character(make_adapter: MakeAdapter, operator: str) -> None:
    """Is an error for the texts on which matching comes to it, and matches no others."""
    rows = [{"id": number, "s": text} for number, text in enumerate(_MATCHED)]
    spec = table(columns={"id": "int4", "s": "text"}, primary_key="id", rows=rows)
    async with make_adapter({"t": spec}) as database:

        async def mark(number: int, pattern: str) -> str:
            try:
                rows = await database.rows("t", {"id": number, "s": {operator: pattern}})
            except PgmcpError as error:
                return "!" if (error.code, error.path) == (codes.BAD_VALUE, f"filters.s.{operator}") else str(error)
            return "." if rows == [] else str(rows)

        found = {
            pattern: "".join([await mark(number, pattern) for number in range(len(rows))]) for pattern in _UNFINISHED
        }
    assert found == _UNFINISHED


@pytest.mark.parametrize(
    "wanted, ids",
    [
        pytest.param({"eq": "SÃO"}, [0], id="eq"),
        pytest.param({"ne": "SÃO"}, [1, 2, 3], id="ne"),
        pytest.param({"in": ["SÃO", "sao"]}, [0, 3], id="in"),
        pytest.param({"nin": ["são"]}, [0, 3], id="nin"),
        pytest.param({"like": "sÃ%"}, [0], id="like"),
        pytest.param({"match": "^sã"}, [1, 2], id="match"),
        pytest.param({"match": "[â-ä]o"}, [1, 2], id="match, a range"),
        pytest.param({"starts_with": "SÃ"}, [0], id="starts_with"),
        pytest.param({"ends_with": "ãO"}, [1, 2], id="ends_with"),
    ],
)
async def test_names_have_cases_in_ascii_alone(
    make_adapter: MakeAdapter, wanted: dict[str, Any], ids: list[int]
) -> None:
    """The type `name` is in the collation "C", so a filter's text is so too, and equals itself."""
    rows = [{"id": number, "n": text} for number, text in enumerate(["SÃO", "São", "são", "SAO"])]
    spec = table(columns={"id": "int4", "n": "name"}, primary_key="id", rows=rows)
    async with make_adapter({"t": spec}) as database:
        found = await database.rows("t", {"n": wanted | {"case_sensitive": False}}, columns=["id"])
    assert found == [f"[{number}]" for number in ids]
