"""read_table."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.memory.declare import column, table
from pgmcp.domain.results import Form
from pgmcp.domain.settings import Settings
from tests.unit.house import House, by

NUMBERS = {
    "numbers": table(
        columns={"id": column("int4", nullable=False), "group": "int4", "text": "text"},
        primary_key="id",
        rows=[{"id": at, "group": at % 3 if at % 4 else None, "text": "x" * 50} for at in range(20)],
    )
}


async def ids(house: House, **arguments: Any) -> list[int]:
    """The keys of a page of orders."""
    found = await house.document("read_table", {"table": "orders", "columns": ["id"], **arguments})
    return [int(row[0]) for row in found["rows"]]


async def pages(house: House, arguments: dict[str, Any], between: Any = None) -> list[list[int]]:
    """The keys of all pages, by their cursors; `between` is called after each page."""
    found: list[list[int]] = []
    cursor = None
    while True:
        page = await house.document("read_table", arguments | ({"cursor": cursor} if cursor else {}))
        found.append([int(row[0]) for row in page["rows"]])
        cursor = page.get("next_cursor")
        if cursor is None:
            return found
        if between is not None:
            await between(len(found))


async def test_all_of_a_table() -> None:
    """Columns once, rows as arrays, digits as they are stored, NULL as null; in the order of the key."""
    assert await House().answer("read_table", {"table": "orders"}) == (
        '{"columns":["id","customer_id","status","total","doc"],'
        '"types":["int4","int4","order_status","numeric","jsonb"],'
        '"rows":[[10,1,"paid",1.50,{"n":1}],[11,1,"new",20.00,null],[12,2,"shipped",300.25,null]],"count":3}'
    )


async def test_a_view() -> None:
    """Views are read as tables are."""
    assert await House().answer("read_table", {"table": "paid_orders"}) == (
        '{"columns":["id","total"],"types":["int4","numeric"],"rows":[[10,1.50]],"count":1}'
    )


async def test_python_values() -> None:
    """A program gets dictionaries of values."""
    found: Any = await House().dispatch(
        "read_table", {"table": "orders", "columns": ["id", "total"], "limit": 1}, by("x", form=Form.NATIVE)
    )
    assert found.rows == [{"id": 10, "total": Decimal("1.50")}]


async def test_an_empty_result_keeps_its_columns() -> None:
    """So that a reader knows what is not there."""
    assert await House().answer("read_table", {"table": "orders", "columns": ["id"], "filters": {"id": 1}}) == (
        '{"columns":["id"],"types":["int4"],"rows":[],"count":0}'
    )


@pytest.mark.parametrize(
    "arguments, found",
    [
        pytest.param({"filters": {"status": "paid"}}, [10], id="a filter"),
        pytest.param({"filters": {"total": {"gte": "20.00"}}}, [11, 12], id="an operator"),
        pytest.param({"filters": {}}, [10, 11, 12], id="an empty filter"),
        pytest.param({"filters": None}, [10, 11, 12], id="null for none"),
        pytest.param({"order_by": "-total"}, [12, 11, 10], id="an order"),
        pytest.param({"order_by": ["customer_id", "-id"]}, [11, 10, 12], id="several keys"),
        pytest.param({"ascending": False}, [12, 11, 10], id="turned round"),
        pytest.param({"order_by": "-total", "ascending": False}, [10, 11, 12], id="an order turned round"),
        pytest.param({"limit": 2}, [10, 11], id="a limit"),
        pytest.param({"limit": 1, "offset": 1}, [11], id="an offset"),
        pytest.param({"limit": 0}, [], id="no rows at all"),
        pytest.param({"offset": 99}, [], id="behind the end"),
        pytest.param({"schema": "public"}, [10, 11, 12], id="of a schema"),
        pytest.param({"columns": ["*"]}, [10, 11, 12], id="a star"),
        pytest.param({"columns": []}, [10, 11, 12], id="no columns are all"),
    ],
)
async def test_which_rows(arguments: dict[str, Any], found: list[int]) -> None:
    """What the arguments ask for, in which order."""
    assert await ids(House(), **arguments) == found


async def test_columns_in_the_caller_s_order() -> None:
    """Each once."""
    found = await House().document("read_table", {"table": "orders", "columns": ["total", "id", "total"], "limit": 1})
    assert (found["columns"], found["rows"]) == (["total", "id"], [["1.50", "10"]])


@pytest.mark.parametrize(
    "relative, found",
    [
        pytest.param({"relative": "today"}, [1], id="today"),
        pytest.param({"gte": {"relative": "yesterday"}}, [1, 2], id="since yesterday"),
        pytest.param({"relative": "last 4 hours"}, [1], id="rolling"),
    ],
)
async def test_relative_times(relative: dict[str, Any], found: list[int]) -> None:
    """By the clock of the port."""
    rows = (await House().document("read_table", {"table": "customers", "filters": {"since": relative}}))["rows"]
    assert [int(row[0]) for row in rows] == found


async def test_a_hundred_rows_unless_more_are_asked_for() -> None:
    """The setting `read_default_limit`; a cursor leads on, and nothing was cut."""
    house = House(NUMBERS, settings=Settings(read_default_limit=7))
    found = await house.document("read_table", {"table": "numbers", "columns": ["id"]})
    assert [list(found), found["count"]] == [["columns", "types", "rows", "count", "next_cursor"], "7"]


async def test_more_rows_than_one_answer_holds() -> None:
    """The cap is said, with what to do."""
    house = House(NUMBERS, settings=Settings(max_rows=5))
    found = await house.document("read_table", {"table": "numbers", "columns": ["id"], "limit": 6})
    assert len(found.pop("next_cursor")) > 20
    assert found == {
        "columns": ["id"],
        "types": ["int4"],
        "rows": [["0"], ["1"], ["2"], ["3"], ["4"]],
        "count": "5",
        "truncated": "rows",
        "hint": "One answer has at most 5 rows; go on with next_cursor.",
    }


@pytest.mark.parametrize(
    "limit", [pytest.param(5, id="as many as an answer holds"), pytest.param(None, id="none said")]
)
async def test_a_page_is_not_a_cut(limit: int | None) -> None:
    """A full page that was asked for, or the default, is no truncation."""
    house = House(NUMBERS, settings=Settings(max_rows=5))
    found = await house.document("read_table", {"table": "numbers", "columns": ["id"], "limit": limit})
    assert ("truncated" in found, "hint" in found, "next_cursor" in found) == (False, False, True)


async def test_a_limit_above_the_cap_that_fits() -> None:
    """Nothing is cut where nothing more is there."""
    house = House(NUMBERS, settings=Settings(max_rows=20))
    found = await house.document("read_table", {"table": "numbers", "columns": ["id"], "limit": 1000})
    assert (found["count"], list(found)) == ("20", ["columns", "types", "rows", "count"])


async def test_more_bytes_than_one_answer_holds() -> None:
    """Whole rows only, and a cursor behind the last."""
    house = House(NUMBERS, settings=Settings(max_bytes=1024))
    found = await house.document("read_table", {"table": "numbers"})
    assert (found["truncated"], found["hint"]) == ("bytes", "Ask for fewer columns or rows; go on with next_cursor.")
    assert found["count"] == str(len(found["rows"]))
    behind = await house.document("read_table", {"table": "numbers", "cursor": found["next_cursor"]})
    assert behind["rows"][0][0] == found["count"]


async def test_one_row_above_the_cap() -> None:
    """An error that names the column."""
    tables = {"big": table(columns={"id": "int4", "body": "text"}, rows=[{"id": 1, "body": "x" * 2000}])}
    error = await House(tables, settings=Settings(max_bytes=1024)).refusal("read_table", {"table": "big"})
    assert (error["type"], error["code"], error["details"]["column"]) == ("database_error", "row_too_large", "body")


async def test_pages_without_a_key_go_by_offset() -> None:
    """And the answer says so, until the end."""
    house = House()
    first = await house.answer("read_table", {"table": "lines", "limit": 3})
    assert first == (
        '{"columns":["at","text"],"types":["int4","text"],"rows":[[0,"line 0"],[1,"line 1"],[2,"line 2"]],"count":3,'
        '"hint":"More rows follow; without a unique key pages go by offset: call again with offset=3."}'
    )
    second = await house.answer("read_table", {"table": "lines", "limit": 1, "offset": 3})
    assert second == (
        '{"columns":["at","text"],"types":["int4","text"],"rows":[[3,"line 3"]],"count":1,'
        '"hint":"More rows follow; without a unique key pages go by offset: call again with offset=4."}'
    )
    last = await house.document("read_table", {"table": "lines", "limit": 3, "offset": 4})
    assert list(last) == ["columns", "types", "rows", "count"]


async def test_a_page_of_nothing_leads_nowhere() -> None:
    """From the same offset the same page would follow for ever."""
    nothing = await House().answer("read_table", {"table": "lines", "limit": 0})
    assert nothing == '{"columns":["at","text"],"types":["int4","text"],"rows":[],"count":0}'


async def test_the_cap_without_a_key() -> None:
    """It is a cut, and the way on is by offset."""
    house = House(settings=Settings(max_rows=2))
    found = await house.document("read_table", {"table": "lines", "limit": 3})
    assert (found["truncated"], found["hint"]) == (
        "rows",
        "More rows follow; without a unique key pages go by offset: call again with offset=2.",
    )


@pytest.mark.parametrize(
    "order",
    [
        pytest.param({}, id="by key"),
        pytest.param({"ascending": False}, id="by key, turned round"),
        pytest.param({"order_by": "group"}, id="NULLs last"),
        pytest.param({"order_by": "-group"}, id="NULLs first"),
        pytest.param({"order_by": {"column": "group", "nulls": "first"}}, id="NULLs first, ascending"),
        pytest.param({"order_by": ["text", "-id"]}, id="all alike, then by key"),
    ],
)
@pytest.mark.parametrize("limit", [pytest.param(1, id="1"), pytest.param(7, id="7")])
async def test_pages_hold_everything_once(order: dict[str, Any], limit: int) -> None:
    """By cursor, whatever the order, as in one page."""
    house = House(NUMBERS)
    arguments: dict[str, Any] = {"table": "numbers", "columns": ["id"]}
    arguments |= {"order_by": [order["order_by"]]} if isinstance(order.get("order_by"), dict) else order
    whole = await house.document("read_table", arguments | {"limit": 1000})
    found = await pages(house, arguments | {"limit": limit})
    assert [key for page in found for key in page] == [int(row[0]) for row in whole["rows"]]
    assert {len(page) for page in found[:-1]} == {limit}


async def test_pages_stay_where_they_are_while_rows_come_and_go() -> None:
    """What stands before the place is not seen again, what goes is not missed, what comes behind is seen."""
    house = House(NUMBERS, settings=evolve(House().settings, read_default_limit=5))

    async def change(page: int) -> None:
        if page == 1:
            await house.document("delete_records", {"table": "numbers", "filters": {"id": {"in": [0, 4, 6]}}})
            await house.document("create_record", {"table": "numbers", "data": {"id": -1}})
            await house.document("create_record", {"table": "numbers", "data": {"id": 99}})

    assert await pages(house, {"table": "numbers", "columns": ["id"], "limit": 5}, change) == [
        [0, 1, 2, 3, 4],
        [5, 7, 8, 9, 10],
        [11, 12, 13, 14, 15],
        [16, 17, 18, 19, 99],
    ]


async def test_all_pages_see_one_window_of_time() -> None:
    """A relative time is taken once, on the first page."""
    start = datetime(2024, 3, 13, 12, 29, tzinfo=UTC)
    tables = {
        "seen": table(
            columns={"id": column("int4", nullable=False), "at": "timestamptz"},
            primary_key="id",
            rows=[{"id": at, "at": start + timedelta(seconds=at)} for at in range(4)],
        )
    }
    house = House(tables)
    arguments = {"table": "seen", "columns": ["id"], "limit": 2, "filters": {"at": {"relative": "last 1 minutes"}}}

    async def wait(page: int) -> None:
        house.clock.advance(62)

    assert await pages(house, arguments, wait) == [[0, 1], [2, 3]]
    assert await pages(house, arguments) == [[]]


async def test_the_next_page_may_be_written_otherwise() -> None:
    """The order of keys, the page's length and the deadline are no part of what a cursor belongs to."""
    house = House()
    first = {"table": "orders", "columns": ["id"], "filters": {"id": {"gt": 1}, "total": {"gt": 0}}, "limit": 1}
    page = await house.document("read_table", first)
    again = {
        "limit": 2,
        "filters": {"total": {"gt": 0}, "id": {"gt": 1}},
        "columns": ["id"],
        "table": "orders",
        "timeout_ms": 500,
        "cursor": page["next_cursor"],
    }
    assert (await house.document("read_table", again))["rows"] == [["11"], ["12"]]


FOREIGN = {
    "type": "validation_error",
    "code": "cursor_invalid",
    "message": "the cursor is not one that this server gave for this request",
    "hint": "Repeat the arguments of the first page beside next_cursor, or start again without a cursor.",
    "retry": "fix_input",
    "details": {"path": "cursor"},
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"filters": {"id": {"gt": 2}}}, id="another filter"),
        pytest.param({"filters": {"id": {"gt": 1, "lt": 99}}}, id="a longer filter"),
        pytest.param({"filters": {"id": {"gt": "1"}}}, id="a text for a number"),
        pytest.param({"order_by": "-id"}, id="another order"),
        pytest.param({"ascending": False}, id="turned round"),
        pytest.param({"columns": ["total"]}, id="other columns"),
        pytest.param({"table": "customers", "filters": {"id": {"gt": 1}}}, id="another table"),
        pytest.param({"schema": "public"}, id="another schema"),
    ],
)
async def test_a_cursor_of_another_request(change: dict[str, Any]) -> None:
    """It belongs to what it was made for."""
    house = House()
    first = {"table": "orders", "columns": ["id"], "filters": {"id": {"gt": 1}}, "limit": 1}
    page = await house.document("read_table", first)
    assert await house.refusal("read_table", first | change | {"cursor": page["next_cursor"]}) == FOREIGN


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param("", id="empty"),
        pytest.param("forged", id="no base64"),
        pytest.param("QUJD" * 30, id="no seal"),
        pytest.param("äöü", id="not ASCII"),
    ],
)
async def test_a_forged_cursor(cursor: str) -> None:
    """Only what was sealed here opens."""
    assert await House().refusal("read_table", {"table": "orders", "cursor": cursor}) == FOREIGN


async def test_another_principal_s_cursor() -> None:
    """It belongs to whom it was given."""
    house = House()
    page = await house.document("read_table", {"table": "orders", "limit": 1}, by("ana"))
    again = {"table": "orders", "limit": 1, "cursor": page["next_cursor"]}
    assert await house.refusal("read_table", again, by("bo")) == FOREIGN
    assert (await house.document("read_table", again, by("ana")))["rows"][0][0] == "11"


async def test_another_tool_s_cursor() -> None:
    """A listing's place is none in a table."""
    house = House()
    listing = await house.document("list_tables", {"limit": 1})
    assert await house.refusal("read_table", {"table": "orders", "cursor": listing["next_cursor"]}) == FOREIGN


async def test_a_cursor_says_nothing() -> None:
    """Values of rows are not to be read from it, nor from the bytes that it stands for."""
    name = "so long that no nonce has it by chance"
    columns: dict[str, Any] = {"id": column("int4", nullable=False), "name": "text"}
    rows = [{"id": 1, "name": name}, {"id": 2, "name": "z"}]
    house = House({"people": table(columns=columns, primary_key="id", rows=rows)})
    cursor = (await house.document("read_table", {"table": "people", "order_by": "name", "limit": 1}))["next_cursor"]
    whole = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert [text for text in (cursor.encode(), whole) if name.encode() in text] == []


async def test_an_offset_beside_a_cursor() -> None:
    """One of the two."""
    house = House()
    page = await house.document("read_table", {"table": "orders", "limit": 1, "offset": 1})
    again = {"table": "orders", "limit": 1, "offset": 1, "cursor": page["next_cursor"]}
    assert await house.refusal("read_table", again) == {
        "type": "validation_error",
        "code": "conflicting_arguments",
        "message": "a cursor already says where to go on",
        "hint": "Leave offset out beside a cursor.",
        "retry": "fix_input",
        "details": {"path": "offset"},
    }
    assert (await house.document("read_table", again | {"offset": 0}))["rows"][0][0] == "12"
