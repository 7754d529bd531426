"""Single writes that are stopped, by their deadline or by their caller: what is said of them is what is there."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from attrs import evolve

import pgmcp
from pgmcp.domain.stopping import outcome_told
from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import Outcome
from tests.fixtures.answers import rows_after
from tests.fixtures.disturbing import COMMIT, RECEIPT, DisturbingProxy, Intervention, Moment, disturbing_proxy
from tests.fixtures.killing import Killer, killer
from tests.fixtures.pool import Way, a_call, way_to
from tests.fixtures.postgres import MakeDatabase

SCHEMA = """
CREATE TABLE item (tag text PRIMARY KEY);
CREATE TABLE slow (tag text NOT NULL);
CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION take_time();
"""
Make = Callable[[str], Any]
RAW = "WITH a AS (INSERT INTO {} VALUES ('new') RETURNING tag) SELECT tag FROM a"
NEW = {"tag": "new"}
WRITES: list[Any] = [
    pytest.param(lambda table: pgmcp.CreateRequest(table=table, data=NEW), id="structured"),
    pytest.param(lambda table: pgmcp.CreateRequest(table=table, data=NEW, idempotency_key="one"), id="keyed"),
    pytest.param(
        lambda table: pgmcp.CreateBatchRequest(table=table, records=[NEW], idempotency_key="one"), id="keyed batch"
    ),
    pytest.param(
        lambda table: pgmcp.ExecuteQueryRequest(query=f"INSERT INTO {table} VALUES ('new')", read_only=False), id="raw"
    ),
    pytest.param(
        lambda table: pgmcp.ExecuteQueryRequest(query=RAW.format(table), read_only=False), id="raw, not wrapped"
    ),
]
# Somebody has written the same to `item` and not committed it; whoever writes to `slow` takes its time to commit.
TABLES = pytest.mark.parametrize("table", ["item", "slow"], ids=["waiting for a lock", "while it commits"])


@asynccontextmanager
async def surroundings(dsn: str, driver: str, **settings: Any) -> AsyncIterator[tuple[Killer, Any]]:
    """Somebody who is in the way of a write to `item`, and a client whose place for receipts is there."""
    said = {"access": "write", "lock_timeout_ms": 60_000, "statement_timeout_ms": 60_000} | settings
    async with killer(dsn) as watch, killer(dsn) as holder:
        async with pgmcp.connect(dsn, driver=driver, access="write") as db:
            await db.call(pgmcp.DeleteRequest(table="item", filters={"tag": "none"}, idempotency_key="warm"))
        await holder.ask("BEGIN")
        await holder.ask("INSERT INTO item VALUES ('new')")
        async with pgmcp.connect(dsn, driver=driver, **said) as db:
            yield watch, db
        await holder.ask("ROLLBACK")
        for table in ("item", "slow"):
            assert await watch.count(table) == 0


@TABLES
@pytest.mark.parametrize("how", ["call_timeout_s", "timeout_ms"])
@pytest.mark.parametrize("make", WRITES)
async def test_a_write_stopped_at_its_deadline_is_rolled_back(
    make_database: MakeDatabase, driver: str, make: Make, how: str, table: str
) -> None:
    """The server has said so, and nothing of it is there."""
    dsn = await make_database(SCHEMA)
    # With a limit of its own the server may stop it a moment sooner.
    codes = {"call_timeout"} if how == "call_timeout_s" else {"call_timeout", "statement_timeout"}
    told: Outcome | None = None
    for seconds in (0.5, 2.0, 8.0):
        limit = {"call_timeout_s": seconds} if how == "call_timeout_s" else {}
        async with surroundings(dsn, driver, **limit) as (_, db):
            request = make(table)
            if how == "timeout_ms":
                request = evolve(request, timeout_ms=int(seconds * 1000))
            with pytest.raises(pgmcp.PgmcpError) as stopped:
                await db.call(request)
        assert stopped.value.code.name in codes
        # On a busy machine time may be up before the write has begun, so that nothing is said of its outcome.
        told = outcome_told(stopped.value)
        if told is not None:
            break
    assert told is Outcome.ROLLED_BACK


@TABLES
@pytest.mark.parametrize("make", WRITES)
async def test_a_write_that_its_caller_gives_up_is_rolled_back(
    make_database: MakeDatabase, driver: str, make: Make, table: str
) -> None:
    """The caller hears of its cancellation alone; behind it stands what the audit is told."""
    async with surroundings(await make_database(SCHEMA), driver) as (watch, db):
        task = asyncio.create_task(db.call(make(table)))
        await watch.until(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
            " AND (wait_event = 'PgSleep' OR wait_event_type = 'Lock')"
        )
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as stopped:
            await task
        assert outcome_told(stopped.value) is Outcome.ROLLED_BACK


DEFINING = [
    pytest.param("ALTER TABLE item ADD COLUMN n int", Outcome.ROLLED_BACK, id="ALTER TABLE"),
    pytest.param("CREATE INDEX by_tag ON item (tag)", Outcome.ROLLED_BACK, id="CREATE INDEX"),
    pytest.param("DROP TABLE item", Outcome.ROLLED_BACK, id="DROP TABLE"),
    pytest.param("TRUNCATE item", Outcome.ROLLED_BACK, id="TRUNCATE"),
    # The index is there, and not valid.
    pytest.param("CREATE INDEX CONCURRENTLY by_tag ON item (tag)", Outcome.UNKNOWN, id="CREATE INDEX CONCURRENTLY"),
]


@pytest.mark.parametrize("how", ["its deadline", "its caller"])
@pytest.mark.parametrize("text, outcome", DEFINING)
async def test_a_definition_that_is_stopped(
    make_database: MakeDatabase, driver: str, text: str, outcome: Outcome, how: str
) -> None:
    """Most are carried out whole or not at all, and the server has said that it was stopped."""
    request = pgmcp.ExecuteQueryRequest(query=text, read_only=False)
    told: Outcome | None = None
    dsn = await make_database(SCHEMA)
    for seconds in (1.0, 4.0, 16.0):
        limit = {"call_timeout_s": seconds} if how == "its deadline" else {}
        async with surroundings(dsn, driver, access="admin", **limit) as (watch, db):
            before = await watch.ask("SELECT count(*) FROM pg_attribute")
            task = asyncio.create_task(db.call(request))
            if how == "its caller":
                await watch.until(
                    "SELECT count(*) > 0 FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                task.cancel()
            with pytest.raises((pgmcp.PgmcpError, asyncio.CancelledError)) as stopped:
                await task
            told = outcome_told(stopped.value)
            if outcome is Outcome.ROLLED_BACK:
                assert await watch.ask("SELECT count(*) FROM pg_attribute") == before
        # On a busy machine time may be up before it has begun, so that nothing is said of its outcome.
        if told is not None:
            break
    assert told is outcome


async def test_a_definition_in_parts_that_fails(make_database: MakeDatabase, driver: str) -> None:
    """The index is there, and not valid, so nobody may say that all is as it was."""
    dsn = await make_database("CREATE TABLE item (tag text); INSERT INTO item VALUES ('a'), ('a')")
    text = "CREATE UNIQUE INDEX CONCURRENTLY by_tag ON {} (tag)"
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, access="admin") as db:
        for table, outcome, left in (("nothing", Outcome.ROLLED_BACK, 0), ("item", Outcome.UNKNOWN, 1)):
            with pytest.raises(pgmcp.PgmcpError) as failed:
                await db.call(pgmcp.ExecuteQueryRequest(query=text.format(table), read_only=False))
            assert outcome_told(failed.value) is outcome
            assert await watch.ask("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == left


LATE: list[Any] = [
    pytest.param(pgmcp.CreateRequest(table="item", data=NEW), b"new", "call_timeout_committed", id="structured"),
    pytest.param(
        pgmcp.CreateRequest(table="item", data=NEW, timeout_ms=1), COMMIT, "call_timeout_committed", id="a limit"
    ),
    pytest.param(pgmcp.CreateRequest(table="item", data=NEW, idempotency_key="one"), RECEIPT, "committed", id="keyed"),
]


@pytest.mark.parametrize("request_, sent, said", LATE)
async def test_a_write_that_was_done_by_then_says_so(
    make_database: MakeDatabase, driver: str, request_: Any, sent: bytes, said: str
) -> None:
    """The answer was on its way when time was up: it is committed, and with a key it is answered."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, disturbing_proxy(dsn) as proxy:
        for seconds in (0.3, 1.0, 3.0, 10.0, 30.0):
            if await late(proxy, driver, request_, sent, seconds) == said:
                break
        else:
            pytest.fail("it was never so far when its time was up")
        assert await watch.count("item") == 1


@pytest.mark.parametrize(
    "request_, sent, said",
    [
        pytest.param(pgmcp.CreateRequest(table="item", data=NEW), b"new", Outcome.COMMITTED, id="structured"),
        pytest.param(
            pgmcp.CreateRequest(table="item", data=NEW, timeout_ms=60_000), COMMIT, Outcome.COMMITTED, id="a limit"
        ),
        # That it came to its end says nothing of whether it found its key taken; the key does, to whoever asks.
        pytest.param(
            pgmcp.CreateRequest(table="item", data=NEW, idempotency_key="one"), RECEIPT, Outcome.UNKNOWN, id="keyed"
        ),
    ],
)
async def test_a_write_that_was_given_up_too_late_says_so(
    make_database: MakeDatabase, driver: str, request_: Any, sent: bytes, said: Outcome
) -> None:
    """Its caller is cancelled as the answer is on its way."""
    dsn = await make_database(SCHEMA)
    tasks: list[asyncio.Task[Any]] = []

    async def give_up() -> None:
        tasks[0].cancel()

    async with (
        killer(dsn) as watch,
        disturbing_proxy(dsn) as proxy,
        pgmcp.connect(proxy.dsn, driver=driver, access="write") as db,
    ):
        await db.call(pgmcp.DeleteRequest(table="item", filters={"tag": "none"}, idempotency_key="warm"))
        proxy.intervention = Intervention(sent=sent, moment=Moment.AFTER, act=give_up)
        tasks.append(asyncio.create_task(db.call(request_)))
        with pytest.raises(asyncio.CancelledError) as stopped:
            await tasks[0]
        assert (outcome_told(stopped.value), await watch.count("item")) == (said, 1)
        if request_.idempotency_key is not None:
            await db.call(request_)
            assert await watch.count("item") == 1


async def test_a_write_that_found_its_key_taken_says_so(make_database: MakeDatabase, driver: str) -> None:
    """Its statement came to its end and did nothing, which its end doesn't say; the key is good again."""
    dsn = await make_database(SCHEMA)
    request = pgmcp.CreateRequest(table="item", data=NEW, idempotency_key="one")
    async with (
        killer(dsn) as watch,
        disturbing_proxy(dsn) as proxy,
        pgmcp.connect(dsn, driver=driver, access="write") as db,
    ):
        await db.call(pgmcp.DeleteRequest(table="item", filters={"tag": "none"}, idempotency_key="warm"))
        # As one leaves it that settled an attempt whose connection was lost.
        await watch.ask("INSERT INTO pgmcp.receipts (principal, key, digest) VALUES ('local', 'one', '') RETURNING key")
        assert await late(proxy, driver, request, RECEIPT, 1.0) == "call_timeout"
        assert await watch.count("item") == 0
        await db.call(request)
        assert await watch.count("item") == 1


async def late(proxy: DisturbingProxy, driver: str, request: Any, sent: bytes, seconds: float) -> str:
    """What is said of a write whose answer comes when its time of so many seconds is up.

    On a machine that is too busy the time is up sooner, and the write rolled back.
    """
    warm = pgmcp.DeleteRequest(table="item", filters={"tag": "none"}, idempotency_key="warm")
    limit = None if request.timeout_ms is None else int(seconds * 1000)

    async def be_late() -> None:
        await asyncio.sleep(seconds)

    async with pgmcp.connect(proxy.dsn, driver=driver, access="write", call_timeout_s=seconds) as db:
        try:
            # What is known of the table, and the place of receipts, is asked for before.
            await db.call(warm)
            proxy.intervention = Intervention(sent=sent, moment=Moment.AFTER, act=be_late)
            await db.call(evolve(request, timeout_ms=limit))
        except pgmcp.PgmcpError as error:
            proxy.intervention = None
            return error.code.name
    return "committed"


MOMENTS = 500
KINDS = ("deadline", "deadline of a limited one", "cancelled", "cancelled twice", "a limited one cancelled twice")


async def stopped(way: Way, tag: str, kind: str, after_s: float) -> str:
    """What is said of a write that is stopped after so long, if it isn't done by then."""
    add = Statement("INSERT INTO item VALUES ($1::text)", (tag,))
    limit = 60_000 if "limited" in kind else None
    call = a_call(seconds=60 if "cancelled" in kind else after_s, statement_timeout_ms=limit)
    task = asyncio.create_task(way.runner.run(add, call, need=Need.WRITE, kind="insert"))
    if "cancelled" in kind:
        await asyncio.wait({task}, timeout=after_s)
        task.cancel()
    if "twice" in kind:
        await asyncio.wait({task}, timeout=after_s)
        task.cancel()
    try:
        await task
    except (pgmcp.PgmcpError, asyncio.CancelledError) as error:
        return str(outcome_told(error))
    return "committed"


@pytest.mark.slow
async def test_what_is_said_at_any_moment_is_what_is_there(make_database: MakeDatabase, driver: str) -> None:
    """Of hundreds that are stopped about when they end, and nothing is ever unknown: the server could be asked."""
    luck = random.Random(51)
    dsn = await make_database("CREATE TABLE item (tag text NOT NULL)")
    said: dict[str, str] = {}
    # How long it takes on this machine by now: about half of each kind come to their end.
    pace = dict.fromkeys(KINDS, 0.005)
    async with way_to(dsn, pool_max=2) as way:
        for number in range(MOMENTS):
            kind = KINDS[number % len(KINDS)]
            tag = f"{number} {kind}"
            said[tag] = await stopped(way, tag, kind, luck.uniform(0, 2 * pace[kind]))
            pace[kind] *= 0.93 if said[tag] == "committed" else 1.07
    watcher = await asyncpg.connect(dsn)
    there = Counter(row["tag"] for row in await watcher.fetch("SELECT tag FROM item"))
    await watcher.close()
    assert {tag: (what, there[tag]) for tag, what in said.items() if there[tag] not in rows_after(what, 1)} == {}
    assert set(said.values()) == {"committed", "rolled_back"}
