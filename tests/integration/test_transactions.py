from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import pgmcp
from pgmcp.adapters.postgres.beginning import begin_text
from pgmcp.adapters.postgres.settling import Proof, Settling
from pgmcp.domain.errors import DatabaseError, PgmcpError, TransactionError
from pgmcp.domain.transactions import Limits
from pgmcp.ports.driver import DriverError, Need, Statement
from pgmcp.ports.transactions import Condition, Isolation, Outcome, Transaction, TransactionOptions
from tests.fixtures.databases import fresh_database
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.pool import Way, a_call, way_to
from tests.fixtures.postgres import MakeDatabase, TestServer
from tests.fixtures.proxy import counting_proxy

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, parent int REFERENCES item DEFERRABLE INITIALLY DEFERRED);
INSERT INTO item VALUES (1, NULL);
"""
WRITE = TransactionOptions()


async def add(way: Way, within: Transaction, id_: int, parent: int | None = None) -> None:
    """Add an item inside a transaction."""
    values = (str(id_), None if parent is None else str(parent))
    statement = Statement("INSERT INTO item VALUES ($1::text::int4, $2::text::int4)", values)
    await way.runner.run(statement, a_call(), need=Need.WRITE, kind="insert", within=within)


async def items(way: Way) -> list[str | None]:
    """The items' keys as another session sees them."""
    answer = await way.runner.run(
        Statement("SELECT id::text FROM item ORDER BY item.id"), a_call(), need=Need.READ, kind="select"
    )
    return [row[0] for row in answer.rows]


async def held(way: Way) -> int:
    """How many sessions of the database wait inside a transaction."""
    text = """
        SELECT count(*)::text FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'
    """
    answer = await way.runner.run(Statement(text), a_call(), need=Need.READ, kind="count")
    return int(answer.rows[0][0] or "")


async def test_a_commit_keeps_and_a_rollback_undoes(make_database: MakeDatabase) -> None:
    """Nobody sees the work before its end; the session goes back."""
    async with way_to(await make_database(SCHEMA)) as way:
        for id_, ending in ((2, "commit"), (3, "rollback")):
            transaction = await way.work.begin(WRITE, a_call())
            await add(way, transaction, id_)
            if ending == "commit":
                assert await items(way) == ["1"]
                assert await transaction.commit(a_call()) is Outcome.COMMITTED
            else:
                assert await transaction.rollback() is Outcome.ROLLED_BACK
        assert await items(way) == ["1", "2"]
        state = way.sessions.state
        assert (state.idle, state.leased) == (2, 0)


@pytest.mark.parametrize("isolation", list(Isolation))
@pytest.mark.parametrize("read_only", [pytest.param(True, id="read only"), pytest.param(False, id="read write")])
async def test_a_transaction_begins_as_it_is_told(
    make_database: MakeDatabase, isolation: Isolation, read_only: bool
) -> None:
    """Isolation, mode and deferrability hold at the server, after one round trip."""
    options = TransactionOptions(isolation=isolation, read_only=read_only, deferrable=True)
    text = """
        SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only'),
            current_setting('transaction_deferrable')
    """
    async with counting_proxy(await make_database()) as proxy, way_to(proxy.dsn) as way:
        transaction = await way.work.begin(options, a_call())
        assert proxy.round_trips == 1
        answer = await way.runner.run(Statement(text), a_call(), need=Need.READ, kind="show", within=transaction)
        await transaction.rollback()
        assert list(answer.rows[0]) == [isolation.value, "on" if read_only else "off", "on"]


async def test_savepoints(make_database: MakeDatabase) -> None:
    """Back to one, released ones, names that need quotes, and a failed transaction made whole by one."""
    async with way_to(await make_database(SCHEMA)) as way:
        transaction = await way.work.begin(WRITE, a_call())
        await transaction.savepoint('a "b"', a_call())
        await add(way, transaction, 2)
        with pytest.raises(DatabaseError, match="same unique key"):
            await add(way, transaction, 1)
        with pytest.raises(TransactionError) as failed:
            await add(way, transaction, 4)
        assert failed.value.code.name == "transaction_failed"
        await transaction.rollback_to('a "b"', a_call())
        await add(way, transaction, 3)
        await transaction.release('a "b"', a_call())
        assert await transaction.commit(a_call()) is Outcome.COMMITTED
        assert await items(way) == ["1", "3"]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda transaction: transaction.rollback_to("no", a_call()), id="roll back to"),
        pytest.param(lambda transaction: transaction.release("no", a_call()), id="release"),
    ],
)
async def test_a_savepoint_that_is_not_there(
    make_database: MakeDatabase, use: Callable[[Transaction], Awaitable[None]]
) -> None:
    """Said by its own code."""
    async with way_to(await make_database()) as way:
        transaction = await way.work.begin(WRITE, a_call())
        with pytest.raises(TransactionError) as unknown:
            await use(transaction)
        await transaction.rollback()
        assert (unknown.value.code.name, unknown.value.sqlstate) == ("savepoint_unknown", "3B001")


async def test_a_commit_that_the_server_turns_into_a_rollback_says_so(make_database: MakeDatabase) -> None:
    """PostgreSQL answers COMMIT of a failed transaction without an error."""
    async with way_to(await make_database(SCHEMA)) as way:
        transaction = await way.work.begin(WRITE, a_call())
        with pytest.raises(DatabaseError):
            await add(way, transaction, 1)
        assert await transaction.commit(a_call()) is Outcome.ROLLED_BACK


async def test_a_constraint_that_fails_at_the_end(make_database: MakeDatabase) -> None:
    """The error of COMMIT says how the transaction ended, and the session is clean."""
    async with way_to(await make_database(SCHEMA)) as way:
        transaction = await way.work.begin(WRITE, a_call())
        await add(way, transaction, 2, parent=99)
        with pytest.raises(DatabaseError) as failed:
            await transaction.commit(a_call())
        assert failed.value.document() == {
            "type": "database_error",
            "code": "foreign_key_violation",
            "message": "A foreign key is violated: a row would refer to one that is not there "
            "(constraint item_parent_fkey of item).",
            "hint": "Create the row that is referred to first, or remove those that refer to it first.",
            "retry": "fix_input",
            "sqlstate": "23503",
            "details": {
                "constraint": "item_parent_fkey",
                "schema": "public",
                "table": "item",
                "outcome": "rolled_back",
            },
        }
        assert (await transaction.rollback(), way.sessions.state.idle) == (Outcome.ROLLED_BACK, 1)


async def test_what_has_ended_takes_nothing_more(make_database: MakeDatabase) -> None:
    """Statements and a second commit are refused; a rollback tells how it ended."""
    async with way_to(await make_database(SCHEMA)) as way:
        transaction = await way.work.begin(WRITE, a_call())
        await transaction.commit(a_call())
        for late in (add(way, transaction, 2), transaction.commit(a_call()), transaction.savepoint("s", a_call())):
            with pytest.raises(TransactionError) as ended:
                await late
            assert ended.value.document() == {
                "type": "transaction_error",
                "code": "transaction_ended",
                "message": "The transaction has ended: committed.",
                "hint": "Begin another one.",
                "retry": "never",
                "details": {"outcome": "committed"},
            }
        assert await transaction.rollback() is Outcome.COMMITTED


async def test_a_line_cut_during_commit_is_settled_by_asking(make_database: MakeDatabase) -> None:
    """The answer is lost, not the work: the server says so on another session."""
    async with counting_proxy(await make_database(SCHEMA)) as proxy, way_to(proxy.dsn) as way:
        transaction = await way.work.begin(WRITE, a_call())
        await add(way, transaction, 2)
        # A server that is slow to read it would be asked before it has, and then it is a rollback.
        proxy.cut_after, proxy.cut_late = b"COMMIT", True
        assert await transaction.commit(a_call()) is Outcome.COMMITTED
        assert proxy.cuts == 1
        assert await transaction.rollback() is Outcome.COMMITTED
        assert await items(way) == ["1", "2"]


async def test_a_commit_lost_with_nothing_written_is_a_rollback(make_database: MakeDatabase) -> None:
    """There was nothing to keep, so nobody needs to ask."""
    async with counting_proxy(await make_database(SCHEMA)) as proxy, way_to(proxy.dsn) as way:
        transaction = await way.work.begin(WRITE, a_call())
        proxy.cut_after = b"COMMIT"
        with pytest.raises(DatabaseError) as lost:
            await transaction.commit(a_call())
        assert (lost.value.code.name, lost.value.details["outcome"]) == ("connection_lost", "rolled_back")


async def test_a_transaction_whose_commit_never_arrived_is_ended(make_database: MakeDatabase) -> None:
    """Its session hasn't noticed that its client is gone; then it has rolled back for certain."""
    async with way_to(await make_database(SCHEMA)) as way:
        session = await way.sessions.acquire(Need.WRITE)
        await session.control("BEGIN")
        await session.run(Statement("INSERT INTO item VALUES (2, NULL)"))
        settling = Settling(way.sessions, 5.0)
        proof = await settling.proof_from(session)
        assert proof is not None
        assert await settling.outcome_of(proof) is Outcome.ROLLED_BACK
        with pytest.raises(DriverError):
            await session.run(Statement("SELECT '1'"))
        way.sessions.release(session)
        assert await items(way) == ["1"]


async def test_an_id_that_a_crash_has_swallowed_is_a_rollback(make_database: MakeDatabase) -> None:
    """After recovery the ids that had not reached the disk are given out again, to others."""
    async with way_to(await make_database(SCHEMA)) as way:
        future = Proof(id=str(2**40), process="1", checkpoint="0/0")
        assert await Settling(way.sessions, 5.0).outcome_of(future) is Outcome.ROLLED_BACK


@pytest.mark.parametrize("version", [pytest.param("16.9", id="idle limit"), pytest.param("17.2", id="both limits")])
def test_what_begins_a_transaction_with_limits(version: str) -> None:
    """The server keeps them too, a second later than we do; the total one from PostgreSQL 17 on."""
    options = TransactionOptions(limits=Limits(total_s=600, idle_s=0.5))
    total = "" if version == "16.9" else "; SET LOCAL transaction_timeout = 601000"
    assert begin_text(options, version) == (
        f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL idle_in_transaction_session_timeout = 1500{total}"
    )


async def test_the_server_ends_what_we_left(make_database: MakeDatabase) -> None:
    """When nobody here ends it, its own timer does, and the transaction says so."""
    # A second later at the server, which is time enough for the statement until then on a busy machine too.
    options = TransactionOptions(limits=Limits(total_s=600, idle_s=4))
    async with way_to(await make_database(SCHEMA)) as way:
        transaction = await way.work.begin(options, a_call())
        await add(way, transaction, 2)
        async with asyncio.timeout(20):  # the server's own timer, which nobody here hears of
            while await held(way):  # noqa: ASYNC110 -- another process is what is waited for
                await asyncio.sleep(0.05)
        with pytest.raises(PgmcpError):
            await add(way, transaction, 3)
        assert await transaction.condition() in {Condition.EXPIRED, Condition.LOST}
        assert await transaction.rollback() is Outcome.ROLLED_BACK
        assert await items(way) == ["1"]


async def test_a_read_only_part_of_a_transaction_that_may_write(make_database: MakeDatabase) -> None:
    """Writes are refused in it by the server, and go on after it."""
    async with way_to(await make_database(SCHEMA)) as way:
        transaction = await way.work.begin(WRITE, a_call())
        mode = Statement("SELECT current_setting('transaction_read_only')")

        async def look() -> str | None:
            found = await way.runner.run(mode, a_call(), need=Need.READ, kind="show", within=transaction)
            return found.rows[0][0]

        assert await transaction.reading_only(look, a_call()) == "on"
        assert await look() == "off"
        await add(way, transaction, 2)
        with pytest.raises(DatabaseError) as refused:
            await transaction.reading_only(lambda: add(way, transaction, 3), a_call())
        assert refused.value.sqlstate == "25006"
        assert await transaction.condition() is Condition.FAILED
        await transaction.rollback()


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(pgmcp.ExecuteQueryRequest(query="SELECT sum(n) FROM duty"), id="raw"),
        pytest.param(pgmcp.ExecuteQueryRequest(query="SELECT sum(n) FROM duty", read_only=False), id="raw, as a write"),
        pytest.param(pgmcp.ReadRequest(table="duty"), id="structured"),
        pytest.param(pgmcp.ExplainQueryRequest(query="SELECT sum(n) FROM duty", analyze=True), id="explained"),
    ],
)
async def test_reads_of_a_serializable_transaction_count(
    make_database: MakeDatabase, driver: str, reading: Any
) -> None:
    """Two that read what the other changes can't both be committed, however they read, a first time and later ones."""
    dsn = await make_database("CREATE TABLE duty (id int PRIMARY KEY, n int); INSERT INTO duty VALUES (1, 1), (2, 1)")
    async with pgmcp.connect(dsn, driver=driver, access="write") as db:
        for _ in range(2):
            with pytest.raises(pgmcp.DatabaseError) as refused:
                await both_at_once(db, reading)
            assert refused.value.code.name == "serialization_failure"


async def both_at_once(db: pgmcp.Client, reading: Any) -> None:
    """Two transactions, each of which reads everything and changes a row of its own."""
    one, other = db.transaction(isolation="serializable"), db.transaction(isolation="serializable")
    async with one as first, other as second:
        for number, each in enumerate((first, second), start=1):
            await each.call(reading)
            await each.call(pgmcp.UpdateRequest(table="duty", filters={"id": number}, data={"n": 0}))


async def test_a_line_cut_before_commit_is_a_rollback(make_database: MakeDatabase) -> None:
    """COMMIT was never sent, so there is nothing to wonder about."""
    async with counting_proxy(await make_database(SCHEMA)) as proxy, way_to(proxy.dsn) as way:
        transaction = await way.work.begin(WRITE, a_call())
        await add(way, transaction, 2)
        proxy.cut()
        with pytest.raises(PgmcpError):
            await add(way, transaction, 3)
        with pytest.raises(DatabaseError) as lost:
            await transaction.commit(a_call())
        assert (lost.value.code.name, lost.value.details["outcome"]) == ("connection_lost", "rolled_back")
        assert await items(way) == ["1"]


async def test_a_rollback_over_a_broken_line_is_one(make_database: MakeDatabase) -> None:
    """Safe to call whatever has happened."""
    async with counting_proxy(await make_database(SCHEMA)) as proxy, way_to(proxy.dsn) as way:
        transaction = await way.work.begin(WRITE, a_call())
        await add(way, transaction, 2)
        proxy.cut()
        assert await transaction.rollback() is Outcome.ROLLED_BACK
        assert await items(way) == ["1"]


async def test_cancelled_statements_leave_a_transaction_that_can_be_rolled_back(make_database: MakeDatabase) -> None:
    """The session survives and goes back clean."""
    async with way_to(await make_database(SCHEMA)) as way:
        transaction = await way.work.begin(WRITE, a_call())
        await add(way, transaction, 2)
        with pytest.raises(DatabaseError, match="ran out of its time"):
            await way.runner.run(
                Statement("SELECT pg_sleep(20)::text"),
                a_call(seconds=0.1),
                need=Need.WRITE,
                kind="sleep",
                within=transaction,
            )
        assert await transaction.rollback() is Outcome.ROLLED_BACK
        assert (await items(way), way.sessions.state.leased) == (["1"], 0)


async def test_cancelling_at_any_moment_settles_the_transaction(make_database: MakeDatabase) -> None:
    """What is there afterwards is what the outcomes said, and no session is left in a transaction."""
    async with way_to(await make_database(SCHEMA), pool_max=2) as way:
        kept = ["1"]
        for number in range(2, 80):
            transaction = await way.work.begin(WRITE, a_call())

            async def work(within: Transaction, id_: int) -> None:
                await add(way, within, id_)
                await within.commit(a_call())

            task = asyncio.create_task(work(transaction, number))
            await asyncio.sleep(number % 26 / 10_000)
            task.cancel()
            await asyncio.wait({task})
            outcome = await transaction.rollback()
            assert outcome is not Outcome.UNKNOWN
            if outcome is Outcome.COMMITTED:
                kept.append(str(number))
        assert await items(way) == kept
        assert way.sessions.state.leased == 0


async def test_a_statement_limit_inside_a_transaction_is_the_statements_alone(make_database: MakeDatabase) -> None:
    """The next statement has the session's limit again, after a failure too."""
    async with way_to(await make_database(SCHEMA)) as way:
        transaction = await way.work.begin(WRITE, a_call())
        limits = []
        # A busy machine may take a while for the one that is not to be stopped.
        for seconds, limit_ms in (("0", 25_000), ("25", 300)):
            await transaction.savepoint("s", a_call())
            sleep = Statement("SELECT pg_sleep($1::text::float8)::text", (seconds,))
            call = a_call(statement_timeout_ms=limit_ms)
            try:
                await way.runner.run(sleep, call, need=Need.WRITE, kind="sleep", within=transaction)
            except PgmcpError as error:
                limits.append(error.code.name)
                await transaction.rollback_to("s", a_call())
            show = Statement("SELECT current_setting('statement_timeout')")
            answer = await way.runner.run(show, a_call(), need=Need.WRITE, kind="show", within=transaction)
            limits.append(str(answer.rows[0][0]))
        await transaction.rollback()
        assert limits == ["30s", "statement_timeout", "30s"]


async def test_statements_of_one_transaction_wait_for_each_other(make_database: MakeDatabase) -> None:
    """One session does one thing at a time; nobody's statement fails for that."""
    async with way_to(await make_database(SCHEMA)) as way:
        transaction = await way.work.begin(WRITE, a_call())
        await asyncio.gather(*(add(way, transaction, number) for number in range(2, 12)))
        assert await transaction.commit(a_call()) is Outcome.COMMITTED
        assert len(await items(way)) == 11


async def test_conflicting_serializable_transactions(make_database: MakeDatabase) -> None:
    """The one that loses hears so by its code, and that it was rolled back."""
    options = TransactionOptions(isolation=Isolation.SERIALIZABLE)
    async with way_to(await make_database(SCHEMA)) as way:
        pair = [await way.work.begin(options, a_call()) for _ in range(2)]
        count = Statement("SELECT count(*)::text FROM item")
        for transaction in pair:
            await way.runner.run(count, a_call(), need=Need.WRITE, kind="select", within=transaction)
        for id_, transaction in enumerate(pair, 2):
            await add(way, transaction, id_)
        assert await pair[0].commit(a_call()) is Outcome.COMMITTED
        with pytest.raises(DatabaseError) as lost:
            await pair[1].commit(a_call())
        assert (lost.value.code.name, lost.value.details) == (
            "serialization_failure",
            {"retry_after_ms": 50, "outcome": "rolled_back"},
        )


@pytest.mark.parametrize("driver", CLIENTS)
async def test_the_only_connection_held(postgres: TestServer, driver: str) -> None:
    """Whatever is called in the transaction that has it is answered: what has to be known is read in it too."""
    sql = (
        "CREATE TABLE item (id int PRIMARY KEY, at timestamptz DEFAULT now()); CREATE TABLE other (id int PRIMARY KEY)"
    )
    async with (
        fresh_database(postgres, sql) as dsn,
        pgmcp.connect(dsn, driver=driver, access="write", pool_max=1, pool_wait_s=0.1) as db,
        db.transaction() as tx,
    ):
        await tx.call(pgmcp.CreateRequest(table="item", data={"id": 1}))
        today = await tx.call(pgmcp.ReadRequest(table="item", filters={"at": {"relative": "last 1 days"}}))
        assert (today.count, today.columns) == (1, ("id", "at"))
        with pytest.raises(pgmcp.NotFoundError) as unknown:
            await tx.call(pgmcp.ReadRequest(table="items"))
        assert (unknown.value.code.name, "item" in (unknown.value.hint or "")) == ("unknown_table", True)
        with pytest.raises(pgmcp.NotFoundError) as nowhere:
            await tx.call(pgmcp.ReadRequest(table="item", schema="publik"))
        assert nowhere.value.code.name == "unknown_schema"
        raw = await tx.call(pgmcp.ExecuteQueryRequest(query="SELECT count(*) AS n FROM item"))
        assert isinstance(raw, pgmcp.DataResponse)
        assert raw.rows == [{"n": 1}]
        assert (await tx.call(pgmcp.ExplainQueryRequest(query="SELECT * FROM other"))).plan
        state = await tx.call(pgmcp.GetTransactionRequest(transaction_id=tx.id))
        assert (str(state.state), state.locks) == ("idle", None)
        await tx.call(pgmcp.DeleteRequest(table="item", filters={"id": 1}))
