"""Writes with an idempotency key, over each adapter: done once, answered the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

import pgmcp
from tests.fixtures.databases import fresh_database
from tests.fixtures.declared import sql_of
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.trade import TRADE

READ = pgmcp.ReadRequest(table="vouchers", columns=["code"])


@pytest.fixture(params=["memory", *CLIENTS])
async def db(request: pytest.FixtureRequest) -> AsyncIterator[pgmcp.Client]:
    """The small trade, called through each adapter."""
    if request.param == "memory":
        async with pgmcp.memory(tables=TRADE) as opened:
            yield opened
        return
    async with (
        fresh_database(request.getfixturevalue("postgres"), sql_of(TRADE)) as dsn,
        pgmcp.connect(dsn, driver=request.param) as opened,
    ):
        yield opened


async def ask(db: pgmcp.Client, tool: str, **arguments: Any) -> Any:
    """The answer of a tool, read."""
    found = {each.name: each for each in db.tools()}[tool]
    return json.loads(await found.call(json.dumps(arguments)))


async def codes(db: pgmcp.Client) -> list[str]:
    """The vouchers that there are."""
    return [row["code"] for row in (await db.call(READ)).rows]


ADD: dict[str, Any] = {"table": "vouchers", "data": {"code": "B2"}, "returning": ["code"], "idempotency_key": "k1"}
WRITES = [
    pytest.param("create_record", ADD, id="create_record"),
    pytest.param(
        "create_records",
        {"table": "vouchers", "records": [{"code": "B2"}, {"code": "C3"}], "batch_size": 1, "idempotency_key": "k1"},
        id="create_records",
    ),
    pytest.param(
        "update_records",
        {
            "table": "vouchers",
            "filters": {"code": "A1"},
            "data": {"code": "B2"},
            "returning": ["code"],
            "idempotency_key": "k1",
        },
        id="update_records",
    ),
    pytest.param(
        "delete_records", {"table": "vouchers", "filters": {"code": "A1"}, "idempotency_key": "k1"}, id="delete_records"
    ),
]


@pytest.mark.parametrize("tool, arguments", WRITES)
async def test_a_repeated_write_is_answered_as_at_first(db: pgmcp.Client, tool: str, arguments: dict[str, Any]) -> None:
    """And done once; the time that it may take doesn't make it another."""
    first = await ask(db, tool, **arguments)
    assert "error" not in first
    after = await codes(db)
    assert await ask(db, tool, **arguments) == first
    assert await ask(db, tool, **arguments, timeout_ms=9000) == first
    assert await codes(db) == after


@pytest.mark.parametrize("tool, arguments", WRITES)
async def test_another_request_of_the_same_key_is_refused(
    db: pgmcp.Client, tool: str, arguments: dict[str, Any]
) -> None:
    """Nothing of it is done."""
    await ask(db, tool, **arguments)
    after = await codes(db)
    other = {"table": "vouchers", "data": {"code": "Z9"}, "idempotency_key": "k1"}
    error = (await ask(db, "create_record", **other))["error"]
    assert (error["type"], error["code"], error["retry"], error["details"]) == (
        "transaction_error",
        "idempotency_conflict",
        "fix_input",
        {"path": "idempotency_key"},
    )
    assert await codes(db) == after


async def test_the_answer_is_the_same_in_both_forms(db: pgmcp.Client) -> None:
    """Whichever of them was asked for first."""
    request = pgmcp.CreateRequest(table="vouchers", data={"code": "B2"}, returning=["code"], idempotency_key="n")
    native = await db.call(request)
    assert isinstance(native, pgmcp.DataResponse)
    wire = await ask(db, "create_record", **ADD | {"idempotency_key": "n"})
    assert (wire["columns"], wire["rows"]) == (list(native.columns), [["B2"]])
    first = await ask(db, "create_record", **ADD | {"data": {"code": "C3"}})
    again = await db.call(
        pgmcp.CreateRequest(table="vouchers", data={"code": "C3"}, returning=["code"], idempotency_key="k1")
    )
    assert isinstance(again, pgmcp.DataResponse)
    assert (first["rows"], again.rows) == ([["C3"]], [{"code": "C3"}])


async def test_what_fails_leaves_the_key_free(db: pgmcp.Client) -> None:
    """The outcome says that nothing was done, so the same key may do it."""
    taken = {"table": "vouchers", "data": {"code": "A1"}, "idempotency_key": "k1"}
    error = (await ask(db, "create_record", **taken))["error"]
    assert (error["code"], error["details"]["outcome"]) == ("unique_violation", "rolled_back")
    assert await ask(db, "create_record", **ADD) == {
        "columns": ["code"],
        "types": ["text"],
        "rows": [["B2"]],
        "count": 1,
    }


async def test_two_at_once_do_it_once(db: pgmcp.Client) -> None:
    """The second waits for the first, and has its answer."""
    answers = await asyncio.gather(*(ask(db, "create_record", **ADD) for _ in range(6)))
    assert answers == [answers[0]] * 6
    assert await codes(db) == ["A1", "B2"]


async def test_keys_belong_to_a_transaction_too(db: pgmcp.Client) -> None:
    """What is rolled back leaves no receipt; inside, a repeated write is answered as at first."""
    for ending, left in (("rollback_transaction", ["A1"]), ("commit_transaction", ["A1", "B2"])):
        within = {"transaction_id": (await ask(db, "begin_transaction"))["transaction_id"]}
        first = await ask(db, "create_record", **ADD, **within)
        assert first["rows"] == [["B2"]]
        assert await ask(db, "create_record", **ADD, **within) == first
        await ask(db, ending, **within)
        assert await codes(db) == left
    assert (await ask(db, "create_record", **ADD))["rows"] == [["B2"]]


async def test_a_trial_takes_no_key(db: pgmcp.Client) -> None:
    """It leaves nothing that could be done twice."""
    tried = {"table": "vouchers", "filters": {"code": "A1"}, "data": {"code": "B2"}, "idempotency_key": "k1"}
    assert (await ask(db, "update_records", **tried, dry_run=True))["dry_run"] is True
    assert (await ask(db, "update_records", **tried))["count"] == 1
    assert await codes(db) == ["B2"]


@pytest.mark.parametrize("key", [pytest.param("", id="none"), pytest.param("k" * 201, id="too long")])
async def test_a_key_has_a_length(db: pgmcp.Client, key: str) -> None:
    """Nothing else is asked of it."""
    error = (await ask(db, "create_record", **ADD | {"idempotency_key": key}))["error"]
    assert (error["code"], error["details"]["path"]) == ("out_of_range", "idempotency_key")


async def test_records_that_come_only_once_take_no_key(db: pgmcp.Client) -> None:
    """They can't be compared with another asking."""
    records = iter([{"code": "B2"}])
    with pytest.raises(pgmcp.ValidationError) as refused:
        await db.call(pgmcp.CreateBatchRequest(table="vouchers", records=records, idempotency_key="k1"))
    assert refused.value.path == "records"
