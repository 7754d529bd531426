"""Transactions that callers hold, through the tools, over each adapter: use, savepoints, failures, ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import pgmcp
from pgmcp.adapters.memory import Answer
from tests.fixtures.databases import fresh_database
from tests.fixtures.declared import sql_of
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.trade import TRADE

STATEMENTS: dict[str, Any] = {
    "SELECT count(*) AS n FROM vouchers": Answer(rows=[{"n": 1}], columns={"n": "int8"}),
    "EXPLAIN SELECT 1": [{"Plan": {"Node Type": "Result", "Total Cost": 0.01, "Plan Rows": 1, "Startup Cost": 0.0}}],
}


@pytest.fixture(params=["memory", *CLIENTS])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[pgmcp.Client]:
    """The small trade, called through each adapter."""
    if request.param == "memory":
        async with pgmcp.memory(tables=TRADE, statements=STATEMENTS) as opened:
            yield opened
        return
    async with (
        fresh_database(request.getfixturevalue("postgres"), sql_of(TRADE)) as dsn,
        pgmcp.connect(dsn, driver=request.param) as opened,
    ):
        yield opened


async def ask(client: pgmcp.Client, tool: str, **arguments: Any) -> Any:
    """The answer of a tool, read."""
    found = {each.name: each for each in client.tools()}[tool]
    return json.loads(await found.call(json.dumps(arguments)))


async def begun(client: pgmcp.Client, **arguments: Any) -> str:
    """The handle of a new transaction."""
    answer = await ask(client, "begin_transaction", **arguments)
    handle: str = answer["transaction_id"]
    return handle


async def add(client: pgmcp.Client, code: str, within: str | None = None) -> Any:
    """Add a voucher."""
    more = {} if within is None else {"transaction_id": within}
    return await ask(client, "create_record", table="vouchers", data={"code": code}, **more)


async def codes(client: pgmcp.Client, within: str | None = None) -> Any:
    """The vouchers that are seen."""
    more = {} if within is None else {"transaction_id": within}
    answer = await ask(client, "read_table", table="vouchers", columns=["code"], **more)
    assert answer.get("transaction_id") == within
    return [row[0] for row in answer["rows"]]


async def refusal(client: pgmcp.Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The error that a tool answers with."""
    answer = await ask(client, tool, **arguments)
    error: dict[str, Any] = answer["error"]
    return error


async def until(client: pgmcp.Client, handle: str, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Ask about a transaction again and again, which is no use of it, until something holds of it."""
    while True:
        if holds(await ask(client, "get_transaction", transaction_id=handle)):
            return
        await asyncio.sleep(0.01)


async def test_a_transaction_is_begun(client: pgmcp.Client) -> None:
    """With its handle and its limits, which are never above the settings'."""
    answer = await ask(client, "begin_transaction", isolation_level="serializable", timeout_s=9999, idle_timeout_s=2.5)
    handle = answer.pop("transaction_id")
    assert len(handle) == 32
    assert answer == {
        "state": "idle",
        "isolation_level": "serializable",
        "read_only": False,
        "expires_in_s": 2.5,
        "timeout_s": 600.0,
        "idle_timeout_s": 2.5,
    }


async def test_work_is_its_own_until_the_commit(client: pgmcp.Client) -> None:
    """Inside it is seen, outside not; the answers say where they were given."""
    handle = await begun(client)
    assert await add(client, "B2", handle) == {"ok": True, "count": 1, "transaction_id": handle}
    assert (await codes(client, handle), await codes(client)) == (["A1", "B2"], ["A1"])
    assert await ask(client, "commit_transaction", transaction_id=handle) == {
        "ok": True,
        "outcome": "committed",
        "transaction_id": handle,
    }
    assert await codes(client) == ["A1", "B2"]


async def test_a_rollback_undoes_all(client: pgmcp.Client) -> None:
    """And says so."""
    handle = await begun(client)
    await add(client, "B2", handle)
    answer = await ask(client, "rollback_transaction", transaction_id=handle)
    assert answer == {"ok": True, "outcome": "rolled_back", "transaction_id": handle}
    assert await codes(client) == ["A1"]


async def test_every_data_and_query_tool_runs_inside(client: pgmcp.Client) -> None:
    """Batches, updates, deletes, queries and plans too."""
    handle = await begun(client)
    within = {"transaction_id": handle}
    records = [{"code": "B2"}, {"code": "C3"}, {"code": "D4"}]
    assert await ask(client, "create_records", table="vouchers", records=records, batch_size=1, **within) == {
        "ok": True,
        "count": 3,
        **within,
    }
    filters = {"code": "D4"}
    updated = await ask(client, "update_records", table="vouchers", filters=filters, data={"code": "E5"}, **within)
    assert updated == {"ok": True, "count": 1, **within}
    deleted = await ask(client, "delete_records", table="vouchers", filters={"code": "C3"}, **within)
    assert deleted == {"ok": True, "count": 1, **within}
    assert await codes(client, handle) == ["A1", "B2", "E5"]
    counted = await ask(client, "execute_query", query="SELECT count(*) AS n FROM vouchers", **within)
    assert (counted["columns"], counted["transaction_id"]) == (["n"], handle)
    explained = await ask(client, "explain_query", query="SELECT 1", **within)
    assert explained["transaction_id"] == handle
    await ask(client, "rollback_transaction", **within)
    assert await codes(client) == ["A1"]


async def test_savepoints_are_nested(client: pgmcp.Client) -> None:
    """Back to the outer one, which stays and can be released; the inner one is gone with it."""
    handle = await begun(client)
    within = {"transaction_id": handle}
    assert await ask(client, "create_savepoint", name="outer", **within) == {
        "ok": True,
        "savepoints": ["outer"],
        **within,
    }
    await add(client, "B2", handle)
    await ask(client, "create_savepoint", name="inner", **within)
    await add(client, "C3", handle)
    assert await ask(client, "rollback_transaction", savepoint="outer", **within) == {
        "ok": True,
        "savepoints": ["outer"],
        **within,
    }
    assert await codes(client, handle) == ["A1"]
    gone = await refusal(client, "rollback_transaction", savepoint="inner", **within)
    assert (gone["type"], gone["code"], gone["hint"], gone["details"]) == (
        "transaction_error",
        "savepoint_unknown",
        "There are outer.",
        {"path": "savepoint"},
    )
    await add(client, "D4", handle)
    assert await ask(client, "release_savepoint", name="outer", **within) == {"ok": True, "savepoints": [], **within}
    gone = await refusal(client, "release_savepoint", name="outer", **within)
    assert (gone["code"], gone["hint"], gone["details"]) == ("savepoint_unknown", "There is none.", {"path": "name"})
    await ask(client, "commit_transaction", **within)
    assert await codes(client) == ["A1", "D4"]


async def test_after_an_error_only_the_way_back_is_left(client: pgmcp.Client) -> None:
    """The state says so; a savepoint heals it."""
    handle = await begun(client)
    within = {"transaction_id": handle}
    await ask(client, "create_savepoint", name="before", **within)
    first = (await add(client, "A1", handle))["error"]
    assert (first["code"], first["details"]["transaction"]) == ("unique_violation", "failed")
    failed = (await add(client, "B2", handle))["error"]
    assert failed == {
        "type": "transaction_error",
        "code": "transaction_failed",
        "message": "An earlier statement of the transaction failed, so it takes no further one.",
        "hint": "Call rollback_transaction to a savepoint (before) or wholly.",
        "retry": "never",
        "sqlstate": "23505",
        "details": {"savepoints": ["before"]},
    }
    state = await ask(client, "get_transaction", **within)
    assert (state["state"], state["sqlstate"], state["savepoints"]) == ("failed", "23505", ["before"])
    assert state["hint"] == "Call rollback_transaction to a savepoint (before) or wholly."
    await ask(client, "rollback_transaction", savepoint="before", **within)
    await add(client, "B2", handle)
    await ask(client, "commit_transaction", **within)
    assert await codes(client) == ["A1", "B2"]


async def test_the_commit_of_a_failed_one_is_an_error(client: pgmcp.Client) -> None:
    """PostgreSQL makes it a rollback; the error says so, with what failed. A later call hears the same."""
    handle = await begun(client)
    within = {"transaction_id": handle}
    await add(client, "B2", handle)
    await add(client, "A1", handle)
    error = await refusal(client, "commit_transaction", **within)
    assert (error["type"], error["code"], error["sqlstate"], error["details"]) == (
        "transaction_error",
        "transaction_ended",
        "23505",
        {"outcome": "rolled_back", "reason": "rolled_back"},
    )
    assert await codes(client) == ["A1"]
    late = (await add(client, "C3", handle))["error"]
    assert (late["code"], late["details"]) == ("transaction_ended", {"outcome": "rolled_back", "reason": "rolled_back"})


async def test_a_trial_inside_leaves_nothing(client: pgmcp.Client) -> None:
    """Neither what it tried nor, when it fails, a failed transaction."""
    handle = await begun(client)
    within = {"transaction_id": handle, "table": "vouchers", "dry_run": True}
    await add(client, "B2", handle)
    tried = await ask(client, "update_records", filters={"code": "B2"}, data={"code": "C3"}, **within)
    assert (tried["count"], tried["dry_run"], tried["transaction_id"]) == (1, True, handle)
    refused = await refusal(client, "update_records", filters={"code": "B2"}, data={"code": "A1"}, **within)
    assert refused["code"] == "unique_violation"
    assert await codes(client, handle) == ["A1", "B2"]
    await ask(client, "commit_transaction", transaction_id=handle)
    assert await codes(client) == ["A1", "B2"]


async def test_a_batch_inside_is_all_or_none(client: pgmcp.Client) -> None:
    """A record that is wrong takes those before it back, and the transaction goes on."""
    handle = await begun(client)
    records = [{"code": "B2"}, {"code": "C3"}, {"cod": "D4"}]
    refused = await refusal(
        client, "create_records", table="vouchers", records=records, batch_size=1, transaction_id=handle
    )
    assert refused["code"] == "unknown_column"
    assert await codes(client, handle) == ["A1"]
    await ask(client, "rollback_transaction", transaction_id=handle)


async def test_a_handle_that_was_never_given(client: pgmcp.Client) -> None:
    """Is not found, whatever is asked of it."""
    for tool in ("commit_transaction", "rollback_transaction", "get_transaction"):
        error = await refusal(client, tool, transaction_id="x" * 32)
        assert (error["type"], error["code"], error["details"]["path"]) == (
            "not_found",
            "transaction_unknown",
            "transaction_id",
        )
    error = (await add(client, "B2", "x" * 32))["error"]
    assert (error["type"], error["code"]) == ("not_found", "transaction_unknown")


async def test_one_too_many_is_refused(client: pgmcp.Client) -> None:
    """With when to come back; one that ends makes room."""
    handles = [await begun(client, idle_timeout_s=30) for _ in range(4)]
    error = await refusal(client, "begin_transaction")
    assert (error["type"], error["code"], error["retry"]) == ("transaction_error", "transactions_exhausted", "later")
    assert 0 < error["details"]["retry_after_ms"] <= 30_000
    await ask(client, "rollback_transaction", transaction_id=handles[0])
    await begun(client)


async def test_what_a_transaction_is_doing(client: pgmcp.Client) -> None:
    """What it has done, holds, and how long it has left; then how it ended."""
    handle = await begun(client, isolation_level="repeatable read", timeout_s=100, idle_timeout_s=50)
    await add(client, "B2", handle)
    state = await ask(client, "get_transaction", transaction_id=handle)
    assert 0 <= state.pop("idle_s") <= state.pop("age_s") < 30
    assert 20 < state.pop("expires_in_s") <= 50
    locks = {each["relation"] for each in state.pop("locks")}
    assert locks == {"vouchers"}
    assert state == {
        "transaction_id": handle,
        "state": "idle",
        "isolation_level": "repeatable read",
        "read_only": False,
        "statements": 1,
        "savepoints": [],
        "blocking": [],
    }
    await ask(client, "commit_transaction", transaction_id=handle)
    ended = await ask(client, "get_transaction", transaction_id=handle)
    assert (ended["state"], ended["outcome"], ended["reason"]) == ("ended", "committed", "committed")
    assert "locks" not in ended


async def test_it_says_whom_it_blocks(client: pgmcp.Client) -> None:
    """A write of another that waits for it; asking waits for nobody."""
    handle = await begun(client)
    await ask(
        client,
        "update_records",
        table="vouchers",
        filters={"code": "A1"},
        data={"code": "Z9"},
        transaction_id=handle,
    )
    waiting = asyncio.create_task(
        ask(client, "update_records", table="vouchers", filters={"code": "A1"}, data={"code": "Y8"})
    )
    async with asyncio.timeout(20):
        await until(client, handle, lambda state: bool(state["blocking"]))
    await ask(client, "rollback_transaction", transaction_id=handle)
    assert await waiting == {"ok": True, "count": 1}


async def test_an_abandoned_one_ends_at_its_limit(client: pgmcp.Client) -> None:
    """By itself: its locks are gone, and its handle says how it ended."""
    handle = await begun(client, idle_timeout_s=0.2)
    await add(client, "A2", handle)
    async with asyncio.timeout(20):
        await until(client, handle, lambda state: state["state"] == "ended")
    assert await add(client, "A2") == {"ok": True, "count": 1}
    late = (await add(client, "B2", handle))["error"]
    assert (late["code"], late["details"]) == ("transaction_ended", {"outcome": "rolled_back", "reason": "expired"})


@pytest.mark.parametrize("name", ["timeout_s", "idle_timeout_s"])
async def test_one_that_may_not_last_is_not_begun(client: pgmcp.Client, name: str) -> None:
    """Nothing could be done in it."""
    answer = await ask(client, "begin_transaction", **{name: 0})
    assert answer["error"] == {
        "type": "validation_error",
        "code": "out_of_range",
        "message": f"argument '{name}' is too small",
        "hint": "It is more than 0.",
        "retry": "fix_input",
        "details": {"path": name},
    }


async def test_use_renews_the_idle_limit_but_not_the_total_one(client: pgmcp.Client) -> None:
    """Calls one after another, none of which waits long enough, until the total limit comes."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    handle = await begun(client, idle_timeout_s=3.5, timeout_s=4)
    async with asyncio.timeout(20):
        answer = {}
        while "error" not in answer:
            answer = await ask(client, "read_table", table="vouchers", transaction_id=handle)
    assert loop.time() - started > 3.9
    assert answer["error"]["details"] == {"outcome": "rolled_back", "reason": "expired"}


async def test_calls_on_one_wait_for_each_other(client: pgmcp.Client) -> None:
    """Several at once are all carried out."""
    handle = await begun(client)
    answers = await asyncio.gather(*(add(client, f"N{number}", handle) for number in range(8)))
    assert [answer["count"] for answer in answers] == [1] * 8
    await ask(client, "commit_transaction", transaction_id=handle)
    assert len(await codes(client)) == 9


async def test_a_read_only_one_takes_no_write(client: pgmcp.Client) -> None:
    """And has failed after one."""
    handle = await begun(client, read_only=True)
    error = (await add(client, "B2", handle))["error"]
    assert (error["code"], error["details"]["transaction"]) == ("read_only_server", "failed")
    await ask(client, "rollback_transaction", transaction_id=handle)


@pytest.mark.parametrize(
    "name", [pytest.param("", id="none"), pytest.param("ä" * 32, id="cut"), pytest.param("pgmcp part", id="ours")]
)
async def test_a_name_that_no_savepoint_can_have(client: pgmcp.Client, name: str) -> None:
    """It would be cut, or is kept for pgmcp."""
    handle = await begun(client)
    error = await refusal(client, "create_savepoint", transaction_id=handle, name=name)
    assert (error["type"], error["code"], error["details"]["path"]) == ("validation_error", "out_of_range", "name")


async def test_closing_rolls_back(make_database: MakeDatabase) -> None:
    """What was open is undone, and another client sees the table free."""
    dsn = await make_database(sql_of(TRADE))
    async with pgmcp.connect(dsn) as first:
        await add(first, "B2", await begun(first))
    async with pgmcp.connect(dsn) as second:
        assert await add(second, "B2") == {"ok": True, "count": 1}
