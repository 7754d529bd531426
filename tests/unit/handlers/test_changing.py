"""update_records and delete_records."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain.results import Form
from pgmcp.domain.settings import Access, Settings
from tests.unit.house import House, by

BEFORE = [
    ["10", "1", "paid", "1.50", {"n": "1"}],
    ["11", "1", "new", "20.00", None],
    ["12", "2", "shipped", "300.25", None],
]
BOTH = [
    pytest.param("update_records", {"data": {"total": 1}}, id="update_records"),
    pytest.param("delete_records", {}, id="delete_records"),
]


async def test_update() -> None:
    """Only the rows that match, only the columns that are named; NULL too."""
    house = House()
    arguments = {"table": "orders", "filters": {"customer_id": 1}, "data": {"status": "shipped", "doc": None}}
    assert await house.answer("update_records", arguments) == '{"ok":true,"count":2}'
    assert await house.stored("orders") == [
        ["10", "1", "shipped", "1.50", None],
        ["11", "1", "shipped", "20.00", None],
        ["12", "2", "shipped", "300.25", None],
    ]


async def test_delete() -> None:
    """Only the rows that match."""
    house = House()
    assert await house.answer("delete_records", {"table": "orders", "filters": {"customer_id": 1}}) == (
        '{"ok":true,"count":2}'
    )
    assert await house.stored("orders", "id") == [["12"]]


@pytest.mark.parametrize("tool, more", BOTH)
async def test_no_row_matches(tool: str, more: dict[str, Any]) -> None:
    """Which is no error."""
    house = House()
    assert await house.answer(tool, {"table": "orders", "filters": {"id": 99}, **more}) == '{"ok":true,"count":0}'
    assert await house.stored("orders") == BEFORE


@pytest.mark.parametrize(
    "tool, more, rows",
    [
        pytest.param("update_records", {"data": {"total": "9.00"}}, "[10,9.00],[11,9.00]", id="as they are now"),
        pytest.param("delete_records", {}, "[10,1.50],[11,20.00]", id="as they were"),
    ],
)
@pytest.mark.parametrize("dry_run", [pytest.param(False, id="done"), pytest.param(True, id="tried")])
async def test_what_is_given_back(tool: str, more: dict[str, Any], rows: str, dry_run: bool) -> None:
    """The rows that were, or would be, changed; a trial says that it was one and changes nothing."""
    house = House()
    arguments = {"table": "orders", "filters": {"customer_id": 1}, "returning": ["id", "total"], "dry_run": dry_run}
    tail = ',"dry_run":true}' if dry_run else "}"
    assert await house.answer(tool, arguments | more) == (
        f'{{"columns":["id","total"],"types":["int4","numeric"],"rows":[{rows}],"count":2{tail}'
    )
    assert (await house.stored("orders") == BEFORE) is dry_run


@pytest.mark.parametrize("tool, more", BOTH)
async def test_a_trial(tool: str, more: dict[str, Any]) -> None:
    """It counts, and leaves no trace: the next write does not wait for it either."""
    house = House()
    arguments = {"table": "orders", "filters": {"customer_id": 1}, "dry_run": True}
    assert await house.answer(tool, arguments | more) == '{"ok":true,"count":2,"dry_run":true}'
    assert await house.stored("orders") == BEFORE
    assert await house.answer(tool, arguments | more | {"dry_run": False}) == '{"ok":true,"count":2}'


@pytest.mark.parametrize(
    "tool, more, code",
    [
        pytest.param("update_records", {"data": {"total": -1}}, "check_violation", id="a check"),
        pytest.param("update_records", {"data": {"customer_id": 99}}, "foreign_key_violation", id="a foreign key"),
        pytest.param("update_records", {"data": {"customer_id": None}}, "not_null_violation", id="not null"),
        pytest.param("update_records", {"data": {"id": 12}}, "unique_violation", id="a key"),
        pytest.param("update_records", {"data": {"total": 1}, "max_rows": 1}, "too_many_rows", id="a cap"),
        pytest.param("delete_records", {"max_rows": 1}, "too_many_rows", id="a cap on removing"),
    ],
)
@pytest.mark.parametrize("dry_run", [pytest.param(False, id="done"), pytest.param(True, id="tried")])
async def test_what_fails_changes_nothing(tool: str, more: dict[str, Any], code: str, dry_run: bool) -> None:
    """A trial finds the same mistakes; afterwards writing goes on."""
    house = House()
    arguments = {"table": "orders", "filters": {"customer_id": 1}, "dry_run": dry_run}
    assert (await house.refusal(tool, arguments | more))["code"] == code
    assert await house.stored("orders") == BEFORE
    assert await house.answer("delete_records", {"table": "lines", "filters": {"at": 1}}) == '{"ok":true,"count":1}'


async def test_removing_what_is_referred_to() -> None:
    """The row stays, and the error names the constraint."""
    house = House()
    error = await house.refusal("delete_records", {"table": "customers", "filters": {"id": 1}})
    assert (error["code"], error["details"]["constraint"]) == ("foreign_key_violation", "orders_customer_id_fkey")
    assert len(await house.stored("customers")) == 3


@pytest.mark.parametrize("tool, more", BOTH)
@pytest.mark.parametrize(
    "settings, max_rows, allowed",
    [
        pytest.param(Settings(access=Access.WRITE), None, 1000, id="the default"),
        pytest.param(Settings(access=Access.WRITE, max_write_rows=2), None, 2, id="the setting"),
        pytest.param(Settings(access=Access.WRITE, max_write_rows=2), 99, 2, id="never above the setting"),
        pytest.param(Settings(access=Access.WRITE, max_write_rows=9), 1, 1, id="below it as asked"),
    ],
)
async def test_the_cap(tool: str, more: dict[str, Any], settings: Settings, max_rows: int | None, allowed: int) -> None:
    """More rows than that: an error and no change."""
    house = House(settings=settings)
    arguments = {"table": "orders", "filters": {"id": {"gt": 0}}, "max_rows": max_rows} | more
    found = await house.document(tool, arguments)
    if allowed >= 3:
        assert found == {"ok": True, "count": "3"}
        return
    assert found == {
        "error": {
            "type": "database_error",
            "code": "too_many_rows",
            "message": f"The {tool.partition('_')[0]} would change more than {allowed} rows; none was changed.",
            "hint": "Narrow the filter, or raise max_rows.",
            "retry": "fix_input",
            "details": {"max_rows": str(allowed), "outcome": "rolled_back"},
        }
    }
    assert await house.stored("orders") == BEFORE


@pytest.mark.parametrize("tool, more", BOTH)
async def test_a_write_needs_a_filter(tool: str, more: dict[str, Any]) -> None:
    """An empty one says nothing."""
    house = House()
    assert await house.refusal(tool, {"table": "orders", "filters": {}, **more}) == {
        "type": "validation_error",
        "code": "filter_empty",
        "message": "a write needs a filter",
        "hint": 'Say which rows, such as {"id":1}; for all rows a condition that holds for all.',
        "retry": "fix_input",
        "details": {"path": "filters"},
    }
    error = await house.refusal(tool, {"table": "orders", **more})
    assert (error["code"], error["details"]) == ("missing_argument", {"path": "filters"})
    assert await house.stored("orders") == BEFORE


@pytest.mark.parametrize("tool, more", BOTH)
async def test_relative_times_in_a_write(tool: str, more: dict[str, Any]) -> None:
    """By the clock of the port, as in a read."""
    house = House()
    more = {"data": {"vip": False}} if more else {}
    arguments = {"table": "customers", "filters": {"since": {"relative": "yesterday"}}, "dry_run": True} | more
    arguments |= {"returning": ["id"]} if tool == "update_records" else {}
    found = await house.document(tool, arguments)
    # Bo has orders, so his row can't go.
    assert found.get("rows", found.get("error", {}).get("code")) in ([["2"]], "foreign_key_violation")


async def test_nothing_to_set() -> None:
    """An update has to say what."""
    assert await House().refusal("update_records", {"table": "orders", "filters": {"id": 10}, "data": {}}) == {
        "type": "validation_error",
        "code": "data_empty",
        "message": "there is nothing to set",
        "hint": "Name a column in data.",
        "retry": "fix_input",
        "details": {"path": "data"},
    }


@pytest.mark.parametrize("tool, more", BOTH)
async def test_what_is_given_back_is_capped(tool: str, more: dict[str, Any]) -> None:
    """All rows are changed and counted, as many given back as fit."""
    house = House(settings=Settings(access=Access.WRITE, max_rows=1))
    arguments = {"table": "orders", "filters": {"customer_id": 1}, "returning": ["id"]}
    assert await house.answer(tool, arguments | more) == (
        '{"columns":["id"],"types":["int4"],"rows":[[10]],"count":2,"truncated":"rows",'
        '"hint":"All rows were written; only these are given back."}'
    )


async def test_python_values() -> None:
    """A program gets dictionaries of values."""
    arguments = {"table": "orders", "filters": {"id": 10}, "returning": ["id", "doc"]}
    found: Any = await House().dispatch("delete_records", arguments, by("x", form=Form.NATIVE))
    assert found.rows == [{"id": 10, "doc": {"n": 1}}]
