"""The driver port, over each driver: what repositories build on, down to the round trip."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from pgmcp.adapters.postgres.session_settings import SessionSettings
from pgmcp.ports.driver import Connection, Description, DriverError, Fault, Need, Rows, Statement
from tests.fixtures.drivers import ASYNCPG, client_to
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.proxy import CountingProxy, counting_proxy

SCHEMA = """
CREATE DOMAIN small AS int CHECK (VALUE < 10);
CREATE TABLE item (id int PRIMARY KEY, name varchar(5) NOT NULL, size small, CONSTRAINT even CHECK (id % 2 = 0));
INSERT INTO item VALUES (2, 'pen', 1), (4, 'ink', 2);
"""
SLEEP = Statement("SELECT pg_sleep(20)::text")
ONE = Statement("SELECT 1::text")
Use = Callable[[Connection], Awaitable[Any]]


@asynccontextmanager
async def session(dsn: str, need: Need = Need.WRITE, **facts: Any) -> AsyncIterator[Connection]:
    """A session of the driver under test."""
    connection = await client_to(dsn, **facts).connect(need)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def counted(dsn: str, **facts: Any) -> AsyncIterator[tuple[Connection, CountingProxy]]:
    """A session through a proxy that has counted nothing yet."""
    async with counting_proxy(dsn) as proxy, session(proxy.dsn, **facts) as connection:
        proxy.reset()
        yield connection, proxy


async def fault_of(work: Awaitable[object]) -> Fault:
    """What a driver says of something that must fail."""
    with pytest.raises(DriverError) as failed:
        await work
    return failed.value.fault


def plain(rows: Rows) -> tuple[list[tuple[str | None, ...]], int]:
    """Rows as tuples, and the count."""
    return [tuple(row) for row in rows.rows], rows.affected


async def running(dsn: str, count: int) -> None:
    """Wait until so many statements of others sleep on the server."""
    text = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    watcher = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(5):
            while await watcher.fetchval(text) != count:
                await asyncio.sleep(0.01)
    finally:
        await watcher.close()


@pytest.mark.parametrize(
    "statement, expected",
    [
        pytest.param(Statement("SELECT id::text, name FROM item"), ([("2", "pen"), ("4", "ink")], 2), id="rows"),
        pytest.param(Statement("SELECT NULL::text, ''"), ([(None, "")], 1), id="null and empty"),
        pytest.param(Statement("SELECT WHERE false"), ([], 0), id="no columns, no rows"),
        pytest.param(Statement(""), ([], 0), id="nothing"),
        pytest.param(Statement("UPDATE item SET size = 3"), ([], 2), id="update"),
        pytest.param(Statement("INSERT INTO item VALUES (6, 'x') RETURNING name"), ([("x",)], 1), id="returning"),
        pytest.param(Statement("DELETE FROM item WHERE id = $1::text::int4", ("2",)), ([], 1), id="delete"),
        pytest.param(Statement("CREATE TABLE other ()"), ([], 0), id="definition"),
        pytest.param(
            Statement("SELECT $1::text, $2::text", ('ä€😀\n\t"\\', None)), ([('ä€😀\n\t"\\', None)], 1), id="texts"
        ),
        pytest.param(
            Statement("SELECT x FROM unnest($1::text[]) AS x", (("a,b", None, 'q"\\', "", "NULL", " {} "),)),
            ([("a,b",), (None,), ('q"\\',), ("",), ("NULL",), (" {} ",)], 6),
            id="an array",
        ),
        pytest.param(Statement("SELECT cardinality($1::text[])::text", ((),)), ([("0",)], 1), id="an empty array"),
        pytest.param(Statement("SELECT length($1)::text", ("x" * 3_000_000,)), ([("3000000",)], 1), id="3 MB"),
    ],
)
async def test_run_gives_text_and_the_tags_count(
    make_database: MakeDatabase, statement: Statement, expected: tuple[list[Any], int]
) -> None:
    """The same from the first run and, of what can be run twice, from the one that knows the statement."""
    async with session(await make_database(SCHEMA)) as connection:
        assert plain(await connection.run(statement)) == expected
        if statement.text.startswith("SELECT"):
            assert plain(await connection.run(statement)) == expected
        assert connection.usable


@pytest.mark.parametrize(
    "statement, expected",
    [
        pytest.param(
            Statement("INSERT INTO item VALUES (2, 'x')"),
            Fault(
                sqlstate="23505",
                message='duplicate key value violates unique constraint "item_pkey"',
                detail="Key (id)=(2) already exists.",
                schema="public",
                table="item",
                constraint="item_pkey",
            ),
            id="unique",
        ),
        pytest.param(
            Statement("INSERT INTO item VALUES (8, NULL)"),
            Fault(
                sqlstate="23502",
                message='null value in column "name" of relation "item" violates not-null constraint',
                detail="Failing row contains (8, null, null).",
                schema="public",
                table="item",
                column="name",
            ),
            id="not null",
        ),
        pytest.param(
            Statement("SELECT 12::small"),
            Fault(
                sqlstate="23514",
                message='value for domain small violates check constraint "small_check"',
                schema="public",
                constraint="small_check",
                datatype="small",
            ),
            id="domain",
        ),
        pytest.param(
            Statement("SELECT idd FROM item"),
            Fault(
                sqlstate="42703",
                message='column "idd" does not exist',
                hint='Perhaps you meant to reference the column "item.id".',
                position=8,
            ),
            id="name",
        ),
        pytest.param(
            Statement("SELECT $1::text::int4", ("x",)),
            Fault(sqlstate="22P02", message='invalid input syntax for type integer: "x"'),
            id="value",
        ),
        pytest.param(
            Statement("SELECT 1; SELECT 2"),
            Fault(sqlstate="42601", message="cannot insert multiple commands into a prepared statement"),
            id="two statements",
        ),
    ],
)
async def test_run_fails_with_all_that_the_server_says(
    make_database: MakeDatabase, statement: Statement, expected: Fault
) -> None:
    """Each time, and the session goes on."""
    async with session(await make_database(SCHEMA)) as connection:
        for _ in range(2):
            assert await fault_of(connection.run(statement)) == expected
        assert plain(await connection.run(ONE)) == ([("1",)], 1)


@pytest.mark.parametrize(
    "statement, sqlstate",
    [
        pytest.param(Statement("SELECT $1::text", ("\ud800",)), "22021", id="half a surrogate pair"),
        pytest.param(Statement("SELECT $1::text", ("a\0b",)), "22021", id="nul"),
        pytest.param(Statement("SELECT $1::text[]::text", (("a\0b",),)), "22021", id="nul in an array"),
        pytest.param(Statement("SELECT $1::text", ("a", "b")), "08P01", id="too many parameters"),
        pytest.param(Statement("SELECT $1::text"), "08P01", id="too few"),
    ],
)
async def test_what_can_not_be_sent(make_database: MakeDatabase, statement: Statement, sqlstate: str) -> None:
    """Nothing is cut off or left out without a word, and the session goes on."""
    async with session(await make_database()) as connection:
        for _ in range(2):
            assert (await fault_of(connection.run(statement))).sqlstate == sqlstate
        assert plain(await connection.run(ONE)) == ([("1",)], 1)


async def test_run_foreign_describes_and_gives_text(make_database: MakeDatabase) -> None:
    """Columns as the server calls and types them, values as it writes them, parameters of any type."""
    text = "SELECT id AS \"né\", 1.50::numeric AS b, ARRAY['a b', NULL] AS c, true AS d FROM item WHERE id = $1"
    async with session(await make_database(SCHEMA)) as connection:
        description, rows = await connection.run_foreign(Statement(text, ("4",)))
        assert description == Description(parameters=(23,), columns=(("né", 23), ("b", 1700), ("c", 1009), ("d", 16)))
        assert plain(rows) == ([("4", "1.50", '{"a b",NULL}', "t")], 1)
        assert (await fault_of(connection.run_foreign(Statement("SHOW nothing_such")))).sqlstate == "42704"
        assert connection.usable


async def test_describe_runs_nothing_and_leaves_nothing_open(make_database: MakeDatabase) -> None:
    """Types and names; no lock and no transaction outlive it."""
    async with session(dsn := await make_database(SCHEMA)) as connection, session(dsn) as other:
        text = "UPDATE item SET size = $1 WHERE name = $2 RETURNING id, name"
        assert await connection.describe(text) == Description(
            parameters=(23, 1043), columns=(("id", 23), ("name", 1043))
        )
        assert await connection.describe("CREATE TABLE other ()") == Description(parameters=(), columns=())
        assert (await fault_of(connection.describe("SELECT 1 +"))).sqlstate == "42601"
        await other.control("BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE NOWAIT; ROLLBACK")
        assert plain(await connection.run(Statement("SELECT size::text FROM item WHERE id = 2"))) == ([("1",)], 1)


async def test_control_gives_the_last_tag(make_database: MakeDatabase) -> None:
    """Several statements at once; a failed transaction makes the session unusable until it ends."""
    async with session(await make_database()) as connection:
        seen = [(await connection.control("BEGIN; SET LOCAL work_mem = '1MB'"), connection.usable)]
        seen.append((await connection.control("SAVEPOINT a"), connection.usable))
        assert await fault_of(connection.control("ROLLBACK TO nowhere")) == Fault(
            sqlstate="3B001", message='savepoint "nowhere" does not exist'
        )
        seen.append((await connection.control("COMMIT"), connection.usable))
        assert seen == [("SET", False), ("SAVEPOINT", False), ("ROLLBACK", True)]


async def test_a_session_starts_as_it_shall_be(make_database: MakeDatabase) -> None:
    """Values with blanks, backslashes and quotes arrive as they are; only sessions for reading are read-only."""
    settings = SessionSettings(application_name="a b\\'c", search_path='"x y", "a\\b"', time_zone="Asia/Kathmandu")
    names = "application_name", "search_path", "TimeZone", "statement_timeout", "default_transaction_read_only"
    text = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    found = {}
    for need in Need:
        async with session(await make_database(), need, settings=settings) as connection:
            found[need] = plain(await connection.run(Statement(text)))[0][0]
            assert connection.parameters["TimeZone"] == "Asia/Kathmandu"
            assert connection.parameters["server_version"].split(".")[0].isdigit()
    common = ("a b\\'c", '"x y", "a\\b"', "Asia/Kathmandu", "30s")
    assert found == {Need.READ: (*common, "on"), Need.WRITE: (*common, "off")}


@pytest.mark.parametrize(
    "change, expected",
    [
        pytest.param(
            lambda _: "postgresql://postgres@127.0.0.1:1/x",
            Fault(sqlstate=None, message="nothing listens there"),
            id="port",
        ),
        pytest.param(
            lambda _: "postgresql://postgres@/x?host=/nowhere",
            Fault(sqlstate=None, message="nothing listens there"),
            id="socket",
        ),
        pytest.param(
            lambda _: "postgresql://postgres@nowhere.invalid/x",
            Fault(sqlstate=None, message="the host's name is not known"),
            id="host",
        ),
        pytest.param(
            lambda dsn: dsn.replace("@/test", "@/no"), Fault(sqlstate="3D000", message="database"), id="database"
        ),
        pytest.param(
            lambda dsn: dsn.replace("postgres@", "nobody@"), Fault(sqlstate="28000", message="role"), id="user"
        ),
        pytest.param(
            lambda dsn: f"{dsn}&nonsense=1", Fault(sqlstate="42704", message="unrecognized"), id="unknown setting"
        ),
        pytest.param(
            lambda dsn: f"{dsn}&sslmode=nonsense",
            Fault(sqlstate=None, message="the address or its TLS settings are not usable"),
            id="TLS mode",
        ),
    ],
)
async def test_connecting_fails_with_its_reason(make_database: MakeDatabase, change: Any, expected: Fault) -> None:
    """By the server's code where it has spoken, and by kind where it has not."""
    fault = await fault_of(client_to(change(await make_database())).connect(Need.READ))
    assert fault.sqlstate == expected.sqlstate
    assert fault.message.startswith(expected.message)


@pytest.mark.parametrize(
    "use, cold, warm",
    [
        pytest.param(lambda session: session.run(ONE), {"asyncpg": 2, "psycopg": 1}, 1, id="run"),
        pytest.param(
            lambda session: fault_of(session.run(Statement("SELECT $1::text::int4::text", ("x",)))),
            {"asyncpg": 2, "psycopg": 1},
            1,
            id="run, failing",
        ),
        pytest.param(lambda session: session.control("BEGIN; ROLLBACK"), {"asyncpg": 1, "psycopg": 1}, 1, id="control"),
    ],
)
async def test_round_trips(make_database: MakeDatabase, driver: str, use: Use, cold: dict[str, int], warm: int) -> None:
    """What is known costs one, a rollback in between changes nothing, and nothing else is sent."""
    async with counted(await make_database()) as (connection, proxy):
        trips = []
        for _ in range(3):
            await use(connection)
            trips.append(proxy.round_trips)
            await connection.control("BEGIN; ROLLBACK")
            proxy.reset()
        assert trips == [cold[driver], warm, warm]


async def test_kept_statements_are_bounded_on_the_server(make_database: MakeDatabase, driver: str) -> None:
    """Failing ones too; with none kept, none has a name."""
    text = Statement("SELECT count(*)::text FROM pg_prepared_statements WHERE name <> ''")
    counts = []
    for kept in (3, 0):
        async with session(await make_database(), statements_kept=kept) as connection:
            for number in range(20):
                await connection.run(Statement(f"SELECT {number}::text"))
                await fault_of(connection.run(Statement(f"SELECT ({number} / $1::text::int4)::text", ("0",))))
            counts.append(int((await connection.run(text)).rows[0][0] or ""))
    # asyncpg names all that it prepares, if only for the time that somebody refers to it.
    assert counts[0] <= 4
    assert counts[1] == (1 if driver == ASYNCPG else 0)


async def test_a_statement_whose_table_changed_is_prepared_anew(make_database: MakeDatabase) -> None:
    """Unseen outside a transaction; inside one, which has failed by it, it is an error."""
    star = Statement("SELECT * FROM (SELECT name FROM item WHERE id = 2) i")
    async with session(await make_database(SCHEMA)) as connection:
        await connection.run(star)
        await connection.control("ALTER TABLE item ALTER name TYPE text")
        assert plain(await connection.run(star)) == ([("pen",)], 1)
        await connection.control("ALTER TABLE item ALTER name TYPE varchar(9); BEGIN")
        assert (await fault_of(connection.run(star))).sqlstate == "0A000"
        await connection.control("ROLLBACK")
        assert plain(await connection.run(star)) == ([("pen",)], 1)


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda session: session.run(SLEEP), id="run"),
        pytest.param(lambda session: session.run_foreign(SLEEP), id="run_foreign"),
        pytest.param(lambda session: session.control(SLEEP.text), id="control"),
    ],
)
async def test_cancelling_stops_the_server_and_keeps_the_session(make_database: MakeDatabase, work: Use) -> None:
    """Inside a transaction it is left to be rolled back."""
    dsn = await make_database()
    async with session(dsn) as connection:
        for transaction in (False, True):
            if transaction:
                await connection.control("BEGIN")
            task = asyncio.ensure_future(work(connection))
            await running(dsn, 1)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
            assert connection.usable is not transaction
            await running(dsn, 0)
        assert await connection.control("ROLLBACK") == "ROLLBACK"
        assert plain(await connection.run(ONE)) == ([("1",)], 1)


async def test_cancelling_at_any_moment_leaves_an_idle_session_or_none(make_database: MakeDatabase) -> None:
    """Before the request reaches the server, while it prepares, while it runs, after it has answered."""
    dsn = await make_database()
    connection = await client_to(dsn).connect(Need.WRITE)
    reopened = 0
    for number in range(120):
        task = asyncio.ensure_future(connection.run(Statement(f"SELECT {number % 40}::text, pg_sleep(0.001)::text")))
        await asyncio.sleep(number % 30 / 10_000)
        task.cancel()
        await asyncio.wait({task})
        if not connection.usable:
            connection, reopened = await client_to(dsn).connect(Need.WRITE), reopened + 1
        assert plain(await connection.run(ONE)) == ([("1",)], 1)
    await connection.close()
    assert reopened == 0


async def test_a_lost_line_is_said_once_and_then_before_sending(make_database: MakeDatabase) -> None:
    """Whoever was sending can't know; whoever comes later can: nothing was sent."""
    async with counted(await make_database(SCHEMA)) as (connection, proxy):
        await connection.run(ONE)
        proxy.cut_after = b"SELECT 2"
        assert (await fault_of(connection.control("SELECT 2"))).sqlstate == "08006"
        assert not connection.usable
        assert (await fault_of(connection.control("COMMIT"))).sqlstate == "08003"
        assert (await fault_of(connection.run(ONE))).sqlstate == "08003"


async def test_a_session_that_the_server_ended_is_not_usable(make_database: MakeDatabase) -> None:
    """An idle one is known to be gone before anybody uses it; a busy one says what the server said."""
    dsn = await make_database()
    async with session(dsn) as idle, session(dsn) as busy, session(dsn) as killer:
        task = asyncio.ensure_future(fault_of(busy.run(SLEEP)))
        await running(dsn, 1)
        kill = "SELECT pg_terminate_backend(pid, 5000)::text FROM pg_stat_activity"
        others = "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        await killer.run(Statement(f"{kill} {others}"))
        assert (await task).sqlstate == "57P01"
        async with asyncio.timeout(5):
            while idle.usable:
                await asyncio.sleep(0)
        assert not busy.usable
        assert (await fault_of(idle.run(ONE))).sqlstate == "08003"


async def test_close_ends_the_session(make_database: MakeDatabase) -> None:
    """At once, whatever is left open on it, and again without harm."""
    async with session(await make_database()) as connection:
        await connection.control("BEGIN")
        await connection.close()
        await connection.close()
        assert not connection.usable
        assert (await fault_of(connection.run(ONE))).sqlstate == "08003"
