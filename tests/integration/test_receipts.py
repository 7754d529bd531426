"""Receipts in a real database: their place, who may read it, other processes, lost connections, `pgmcp init`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from attrs import evolve

import pgmcp
from pgmcp.adapters.clock import FixedClock, SystemClock
from pgmcp.adapters.postgres.keeping import PostgresKeeping
from pgmcp.adapters.postgres.receipts import PostgresReceiptBook
from pgmcp.domain.receipts import Receipt
from pgmcp.ports.transactions import TransactionOptions
from tests.fixtures.disturbing import COMMIT, RECEIPT
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.proxy import counting_proxy
from tests.fixtures.served import environment, finished

SCHEMA = "CREATE TABLE item (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), price numeric(10,2))"


@pytest.fixture
async def dsn(make_database: MakeDatabase) -> str:
    """A database with a table."""
    return await make_database(SCHEMA)


async def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    """What a query gives, asked beside pgmcp."""
    session = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await session.fetch(query)]
    finally:
        await session.close()


def add(id_: int, key: str | None = "k1") -> pgmcp.CreateRequest:
    """A request that adds an item."""
    return pgmcp.CreateRequest(table="item", data={"id": id_, "price": "1.50"}, returning=True, idempotency_key=key)


async def test_the_place_is_made_on_first_use(dsn: str, driver: str) -> None:
    """Nobody but its owner may use it, and no caller sees it."""
    async with pgmcp.connect(dsn, driver=driver) as db:
        await db.call(add(1))
        listed = await db.call(pgmcp.ListTablesRequest())
        assert [row["name"] for row in listed.rows] == ["item"]
        with pytest.raises(pgmcp.NotFoundError):
            await db.call(pgmcp.ReadRequest(table="receipts", schema="pgmcp"))
        schemas = await db.call(pgmcp.ListSchemasRequest())
        assert [row["name"] for row in schemas.rows] == ["public"]
    held = await rows(dsn, "SELECT principal, key, answer IS NOT NULL FROM pgmcp.receipts")
    assert held == [("local", "k1", True)]
    rights = (
        "SELECT has_schema_privilege('pg_monitor', 'pgmcp', 'USAGE'),"
        " has_table_privilege('pg_monitor', 'pgmcp.receipts', 'SELECT')"
    )
    assert await rows(dsn, rights) == [(False, False)]


async def test_other_processes_know_it(dsn: str, driver: str) -> None:
    """After a restart and on another replica, exactly and in Python values."""
    async with pgmcp.connect(dsn, driver=driver) as db:
        first = await db.call(add(1))
    async with pgmcp.connect(dsn, driver=driver) as one, pgmcp.connect(dsn, driver=driver) as other:
        again = await asyncio.gather(one.call(add(1)), other.call(add(1)))
    assert isinstance(first, pgmcp.DataResponse)
    assert list(again) == [first, first]
    assert len(await rows(dsn, "SELECT id FROM item")) == 1


async def test_a_key_is_its_principals(dsn: str, driver: str) -> None:
    """Another's is another key."""
    async with (
        pgmcp.connect(dsn, driver=driver, principal="ana") as ana,
        pgmcp.connect(dsn, driver=driver, principal="bo") as bo,
    ):
        await ana.call(add(1))
        await bo.call(add(2))
    assert await rows(dsn, "SELECT id FROM item ORDER BY id") == [(1,), (2,)]


async def test_a_receipt_is_its_principals(dsn: str, driver: str) -> None:
    """Whoever knows key and request of another's write is not told its answer: it is a write of one's own."""
    async with (
        pgmcp.connect(dsn, driver=driver, principal="ana") as ana,
        pgmcp.connect(dsn, driver=driver, principal="bo") as bo,
    ):
        await ana.call(add(1))
        with pytest.raises(pgmcp.DatabaseError) as refused:
            await bo.call(add(1))
        assert refused.value.code.name == "unique_violation"
        for query in ("SELECT answer FROM pgmcp.receipts", "DELETE FROM pgmcp.receipts", "TABLE pgmcp.receipts"):
            with pytest.raises(pgmcp.PgmcpError):
                await bo.call(pgmcp.ExecuteQueryRequest(query=query, read_only=not query.startswith("DELETE")))
        for request in (
            pgmcp.ReadRequest(table="pgmcp.receipts"),
            pgmcp.DeleteRequest(table="receipts", schema="pgmcp", filters={"key": "k1"}),
            pgmcp.DescribeTableRequest(table="pgmcp.receipts"),
        ):
            with pytest.raises(pgmcp.NotFoundError):
                await bo.call(request)
    assert await rows(dsn, "SELECT principal, key FROM pgmcp.receipts") == [("ana", "k1")]


async def test_processes_that_write_at_once(dsn: str, driver: str) -> None:
    """Replicas of their own, one of which does it, and then another after all of them have ended."""
    data = ["--table", "item", "--data", '{"id": 1, "price": "1.50"}', "--returning", "id", "--idempotency_key", "k1"]
    env = environment(dsn, driver=driver, access="write")
    answers = list(await asyncio.gather(*(finished("call", "create_record", *data, env=env) for _ in range(2))))
    answers.append(await finished("call", "create_record", *data, env=env))
    assert answers == [(0, answers[0][1], "")] * 3
    assert len(await rows(dsn, "SELECT id FROM item")) == 1


async def test_receipts_are_kept_for_a_while(make_database: MakeDatabase, driver: str) -> None:
    """Old ones go when somebody writes with a key, once a minute at the most; then their keys are free."""
    dsn = await make_database(SCHEMA)
    clock = FixedClock(datetime(2026, 5, 6, 12, tzinfo=UTC))
    async with way_to(dsn) as way:
        book = PostgresReceiptBook(runner=way.runner, keeping=PostgresKeeping(way.work), clock=clock, keep_s=3600)
        await book.ready(a_call())
        made = "INSERT INTO pgmcp.receipts VALUES ('ana', $1, 'x', '1', now() - $2::interval)"
        session = await asyncpg.connect(dsn)
        for key, age in (("old", timedelta(hours=2)), ("new", timedelta(minutes=50))):
            await session.execute(made, key, age)
        left = "SELECT key FROM pgmcp.receipts ORDER BY key"
        await book.tidy(a_call())
        assert await session.fetchval("SELECT count(*) FROM pgmcp.receipts") == 2
        clock.advance(60)
        # What somebody looks at just now is left for the next time.
        holder = await asyncpg.connect(dsn)
        await holder.execute("BEGIN; SELECT FROM pgmcp.receipts WHERE key = 'old' FOR SHARE")
        await book.tidy(a_call())
        await holder.close()
        assert [row["key"] for row in await session.fetch(left)] == ["new", "old"]
        clock.advance(60)
        await book.tidy(a_call())
        assert [row["key"] for row in await session.fetch(left)] == ["new"]
        transaction = await way.work.begin(TransactionOptions(), a_call())
        assert await book.claim(Receipt(principal="ana", key="old", digest="y"), a_call(), transaction) is None
        await transaction.commit(a_call())
        await session.close()


RULE = "CREATE RULE also AS ON INSERT TO item DO ALSO INSERT INTO log VALUES (NEW.id)"
KEY_HELD = "SELECT pg_advisory_xact_lock(7039815, hashtext('local/k1'))"


async def test_whoever_is_at_it_is_waited_for(dsn: str, driver: str) -> None:
    """A write that has not kept its receipt yet: nothing is written before it has ended, and if it has, no more."""
    async with pgmcp.connect(dsn, driver=driver, lock_timeout_ms=50) as db:
        await db.call(add(0, "warm"))
        session = await asyncpg.connect(dsn)
        try:
            await session.execute(f"BEGIN; {KEY_HELD}")
            with pytest.raises(pgmcp.DatabaseError) as busy:
                await db.call(pgmcp.CreateRequest(table="item", data={"id": 1}, idempotency_key="k1", timeout_ms=2000))
            assert busy.value.code.name == "idempotency_running"
            first = await rows(dsn, "SELECT digest, answer FROM pgmcp.receipts")
            waiting = asyncio.create_task(db.call(add(1)))
            await asyncio.sleep(0.2)  # as above
            await session.execute("INSERT INTO pgmcp.receipts SELECT principal, 'k1', 'x', answer FROM pgmcp.receipts")
            await session.execute("COMMIT")
            with pytest.raises(pgmcp.TransactionError) as conflict:
                await waiting
            assert conflict.value.code.name == "idempotency_conflict"
            assert len(first) == 1
        finally:
            await session.close()
    assert await rows(dsn, "SELECT id FROM item") == [(0,)]


@pytest.mark.parametrize("held", [pytest.param(True, id="by a transaction"), pytest.param(False, id="by a statement")])
async def test_the_wait_ends_with_the_call(dsn: str, driver: str, held: bool) -> None:
    """However patient the server is: who waits hears at its deadline that the first one is still at it."""
    async with pgmcp.connect(dsn, driver=driver, lock_timeout_ms=60_000, settle_s=60) as db:
        await db.call(add(0, "warm"))
        async with db.transaction() as tx:
            if held:
                await tx.call(add(1))
            session = await asyncpg.connect(dsn)
            if not held:
                await session.execute(f"BEGIN; {KEY_HELD}")
            said = []
            for timeout_ms in (1500, 5000, 20_000):
                late = evolve(add(1), timeout_ms=timeout_ms)
                async with asyncio.timeout(30):
                    with pytest.raises(pgmcp.DatabaseError) as busy:
                        await db.call(late)
                said = [busy.value.code.name, busy.value.retry]
                # On a busy machine its time may be up before it has asked who is at it.
                if said[0] != "call_timeout":
                    break
            assert said == ["idempotency_running", "later"]
            await session.close()
        assert (await db.call(add(1))).count == 1
    assert await rows(dsn, "SELECT id FROM item ORDER BY id") == [(0,), (1,)]


async def test_many_at_once_write_once(dsn: str, driver: str) -> None:
    """By several processes' sessions, over and over, writes of which each would add one more."""
    async with pgmcp.connect(dsn, driver=driver) as one, pgmcp.connect(dsn, driver=driver) as other:
        await one.call(add(0, "warm"))
        for number in range(1, 9):
            request = pgmcp.CreateRequest(
                table="item", data={"id": number, "price": number}, returning=["id"], idempotency_key=f"n{number}"
            )
            change = pgmcp.UpdateRequest(
                table="item", filters={"id": number - 1}, data={"price": number}, idempotency_key=f"u{number}"
            )
            asked = [db.call(each) for each in (request, change) for db in (one, other) for _ in range(4)]
            answers = await asyncio.gather(*asked)
            assert answers[:8] == [answers[0]] * 8
            assert [answer.count for answer in answers] == [1] * 16
    assert await rows(dsn, "SELECT count(*) FROM item") == [(9,)]
    assert await rows(dsn, "SELECT count(*), count(answer) FROM pgmcp.receipts") == [(17, 17)]


async def test_a_settled_key_is_void_until_it_is_taken(dsn: str, driver: str) -> None:
    """Nothing was done under it, so it may be: by itself, in a transaction that is held; what was done stays."""
    voided = "SELECT key, digest = '', answer IS NULL FROM pgmcp.receipts ORDER BY key"
    async with way_to(dsn, driver=driver) as way, pgmcp.connect(dsn, driver=driver) as db:
        book = PostgresReceiptBook(
            runner=way.runner, keeping=PostgresKeeping(way.work), clock=SystemClock(), keep_s=3600
        )
        await book.ready(a_call())
        for key in ("k1", "k2"):
            assert await book.settle(Receipt(principal="local", key=key, digest="y"), a_call()) is None
        assert await rows(dsn, voided) == [("k1", True, True), ("k2", True, True)]
        first = await db.call(add(1))
        async with db.transaction() as tx:
            second = await tx.call(add(2, "k2"))
            assert await tx.call(add(2, "k2")) == second
        assert await rows(dsn, voided) == [("k1", False, False), ("k2", False, False)]
        kept = await book.settle(Receipt(principal="local", key="k1", digest="y"), a_call())
        assert kept is not None
        assert kept.answer is not None
        assert (await db.call(add(1)), (await db.call(add(2, "k2"))).count) == (first, 1)
    assert await rows(dsn, "SELECT id FROM item ORDER BY id") == [(1,), (2,)]


async def test_a_table_with_a_rule(make_database: MakeDatabase, driver: str) -> None:
    """PostgreSQL takes no such write as a part of a statement, so it is one of its own."""
    dsn = await make_database(f"{SCHEMA}; CREATE TABLE log (id int); {RULE}")
    async with pgmcp.connect(dsn, driver=driver) as db:
        request = pgmcp.CreateRequest(table="item", data={"id": 1}, idempotency_key="k1")
        first = await db.call(request)
        assert await db.call(request) == first
    assert await rows(dsn, "SELECT id FROM log") == [(1,)]


async def test_a_statement_with_a_key(dsn: str, driver: str) -> None:
    """Raw writes too, with their rows or their count."""
    query = "INSERT INTO item (id) SELECT coalesce(max(id), 0) + 1 FROM item"
    async with pgmcp.connect(dsn, driver=driver) as db:
        for text, key in ((query, "a"), (f"{query} RETURNING id", "b")):
            request = pgmcp.ExecuteQueryRequest(query=text, read_only=False, idempotency_key=key)
            first = await db.call(request)
            assert await db.call(request) == first
    assert await rows(dsn, "SELECT id FROM item ORDER BY id") == [(1,), (2,)]


async def test_the_second_waits_inside_its_deadline(dsn: str, driver: str) -> None:
    """Longer than the server waits for a lock; then it is told to come back."""
    async with pgmcp.connect(dsn, driver=driver, lock_timeout_ms=50) as db:
        await db.call(add(0, "warm"))
        session = await asyncpg.connect(dsn)
        try:
            await session.execute("BEGIN; INSERT INTO pgmcp.receipts VALUES ('local', 'k1', 'x')")
            with pytest.raises(pgmcp.DatabaseError) as busy:
                await db.call(pgmcp.CreateRequest(table="item", data={"id": 1}, idempotency_key="k1", timeout_ms=2000))
            assert (busy.value.code.name, busy.value.retry) == ("idempotency_running", "later")
            assert "retry_after_ms" in busy.value.details
            waiting = asyncio.create_task(db.call(add(1)))
            await asyncio.sleep(0.2)  # past the server's own patience, so that it has asked again
            await session.execute("ROLLBACK")
            assert (await waiting).count == 1
        finally:
            await session.close()


@pytest.mark.parametrize(
    "request_, step",
    [
        pytest.param(add(1), RECEIPT, id="one statement"),
        pytest.param(
            pgmcp.CreateBatchRequest(
                table="item", records=[{"id": 1, "price": "1.50"}], returning=True, idempotency_key="k1"
            ),
            COMMIT,
            id="a transaction",
        ),
    ],
)
async def test_a_lost_answer_is_had_again(dsn: str, driver: str, request_: pgmcp.RequestBase[Any], step: bytes) -> None:
    """The line is cut at the last step: the write is settled, and asked for again it is answered as at first."""
    async with counting_proxy(dsn) as proxy, pgmcp.connect(proxy.dsn, driver=driver) as db:
        await db.call(add(0, "warm"))
        # A server that is slow to read its last word may lose it, so that the write is done again.
        proxy.cut_after, proxy.cut_once = step, True
        first = await db.call(request_)
        assert proxy.cuts
        assert await db.call(request_) == first
    assert await rows(dsn, "SELECT id FROM item ORDER BY id") == [(0,), (1,)]


async def test_every_write_can_have_a_key_of_its_own(dsn: str, driver: str) -> None:
    """Then a single write whose answer is lost is settled too."""
    async with counting_proxy(dsn) as proxy, pgmcp.connect(proxy.dsn, driver=driver, receipt_every_write=True) as db:
        await db.call(add(0, None))
        proxy.cut_after, proxy.cut_once = RECEIPT, True
        assert (await db.call(add(1, None))).count == 1
        assert proxy.cuts
    assert await rows(dsn, "SELECT count(DISTINCT key) FROM pgmcp.receipts") == [(2,)]


async def test_where_no_place_can_be_made(dsn: str, driver: str) -> None:
    """A write with a key is refused, and says what to do; one without is done."""
    name = dsn.rpartition("/")[2].partition("?")[0]
    await rows(dsn, f'DROP ROLE IF EXISTS "{name}_w"')
    session = await asyncpg.connect(dsn)
    await session.execute(f'CREATE ROLE "{name}_w" LOGIN; GRANT ALL ON item TO "{name}_w"')
    try:
        async with pgmcp.connect(dsn.replace("postgres@", f"{name}_w@"), driver=driver) as db:
            with pytest.raises(pgmcp.DatabaseError) as refused:
                await db.call(add(1))
            assert (refused.value.code.name, refused.value.retry) == ("receipts_unavailable", "never")
            assert "pgmcp init" in (refused.value.hint or "")
            assert (await db.call(add(1, None))).count == 1
    finally:
        await session.execute(f'DROP OWNED BY "{name}_w"; DROP ROLE "{name}_w"')
        await session.close()


async def test_init_makes_and_removes(dsn: str) -> None:
    """Twice each does no harm; `--sql` prints and does nothing."""
    env = environment(dsn)
    there = "SELECT to_regclass('pgmcp.receipts')::text, to_regnamespace('pgmcp')::text"
    code, out, _ = await finished("init", "--sql", env=env)
    assert (code, "CREATE TABLE IF NOT EXISTS pgmcp.receipts" in out) == (0, True)
    assert await rows(dsn, there) == [(None, None)]
    for words, said, left in (
        (["init"], "receipts: there\n", ("pgmcp.receipts", "pgmcp")),
        (["init"], "receipts: there\n", ("pgmcp.receipts", "pgmcp")),
        (["init", "--remove"], "cache triggers: taken out\nreceipts: taken out\n", (None, None)),
        (["init", "--remove"], "cache triggers: taken out\nreceipts: taken out\n", (None, None)),
    ):
        assert (await finished(*words, env=env))[:2] == (0, said)
        assert await rows(dsn, there) == [left]
