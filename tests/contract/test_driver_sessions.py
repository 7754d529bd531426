"""The driver port, over each driver: how sessions start, how they are cancelled, lost and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pgmcp.adapters.postgres.session_settings import SessionSettings
from pgmcp.ports.driver import STOP_S, Connection, Fate, Fault, Need, Statement
from tests.fixtures.disturbing import Intervention, Moment, disturbing_proxy
from tests.fixtures.drivers import client_to
from tests.fixtures.driving import ITEMS, ONE, counted, fault_of, plain, running, session
from tests.fixtures.postgres import MakeDatabase

SLEEP = Statement("SELECT pg_sleep(20)::text")


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
    "work",
    [
        pytest.param(lambda session: session.run(SLEEP), id="run"),
        pytest.param(lambda session: session.run_foreign(SLEEP), id="run_foreign"),
        pytest.param(lambda session: session.control(SLEEP.text), id="control"),
    ],
)
async def test_cancelling_stops_the_server_and_keeps_the_session(
    make_database: MakeDatabase, work: Callable[[Connection], Awaitable[Any]]
) -> None:
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


@pytest.mark.parametrize("turns", [0, 1, 5])
async def test_whoever_is_cancelled_twice_keeps_the_session(make_database: MakeDatabase, turns: int) -> None:
    """As where its client gives it up and then hangs up: what the first one began comes to its end."""
    dsn = await make_database(ITEMS)
    async with session(dsn) as connection:
        text = "WITH a AS (INSERT INTO item VALUES (6, 'cap', 1) RETURNING 1) SELECT pg_sleep(25)::text FROM a"
        task = asyncio.ensure_future(connection.run(Statement(text)))
        await running(dsn, 1)
        task.cancel()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert (task.cancelled(), connection.fate, connection.usable) == (True, Fate.UNDONE, True)
        await running(dsn, 0)
        assert plain(await connection.run(COUNT)) == ([("0",)], 1)


STOPPABLE = [
    pytest.param(lambda session, text: session.run(Statement(text)), id="run"),
    pytest.param(lambda session, text: session.run_foreign(Statement(text)), id="run_foreign"),
    pytest.param(lambda session, text: session.control(text), id="control"),
]
COUNT = Statement("SELECT count(*)::text FROM item WHERE id = 6")


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
@pytest.mark.parametrize("work", STOPPABLE)
async def test_what_was_stopped_is_undone(
    make_database: MakeDatabase, work: Callable[[Connection, str], Awaitable[Any]], known: bool
) -> None:
    """By the server's own word, and nothing of it is there."""
    dsn = await make_database(ITEMS)
    text = "WITH a AS (INSERT INTO item VALUES (6, 'cap', 1) RETURNING 1) SELECT pg_sleep({})::text FROM a"
    async with session(dsn) as connection:
        if known:
            # The same text, where the first run takes no time.
            await connection.control("CREATE SEQUENCE turn")
            text = text.format("CASE nextval('turn') WHEN 1 THEN 0 ELSE 25 END")
            await work(connection, text)
            await connection.control("DELETE FROM item WHERE id = 6")
        task = asyncio.ensure_future(work(connection, text.format(25)))
        await running(dsn, 1)
        task.cancel()
        await asyncio.wait({task})
        assert (task.cancelled(), connection.fate) == (True, Fate.UNDONE)
        assert plain(await connection.run(COUNT)) == ([("0",)], 1)


ADD = Statement("INSERT INTO item VALUES (6, $1::text, 1)", ("cap",))


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda session: session.run(ADD), id="run"),
        pytest.param(lambda session: session.run_foreign(ADD), id="run_foreign"),
        pytest.param(lambda session: session.control("INSERT INTO item VALUES (6, 'cap', 1)"), id="control"),
    ],
)
async def test_what_could_not_be_stopped_any_more_is_done(
    make_database: MakeDatabase, work: Callable[[Connection], Awaitable[Any]]
) -> None:
    """Its caller is cancelled in the very moment in which the server's answer is on its way."""
    tasks: list[asyncio.Future[Any]] = []

    async def cancel() -> None:
        tasks[0].cancel()

    async with disturbing_proxy(await make_database(ITEMS)) as proxy, session(proxy.dsn) as connection:
        proxy.intervention = Intervention(sent=b"cap", moment=Moment.AFTER, act=cancel)
        tasks.append(asyncio.ensure_future(work(connection)))
        await asyncio.wait(tasks)
        assert (tasks[0].cancelled(), connection.fate) == (True, Fate.DONE)
        assert plain(await connection.run(COUNT)) == ([("1",)], 1)


async def test_nobody_hears_of_what_a_silent_server_does(make_database: MakeDatabase) -> None:
    """The session is ended, and what became of the statement is not known."""
    async with disturbing_proxy(await make_database(ITEMS)) as proxy, session(proxy.dsn) as connection:
        proxy.frozen = True
        task = asyncio.ensure_future(connection.control("DELETE FROM item"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert (task.cancelled(), connection.fate) == (True, Fate.UNHEARD)
        assert (connection.usable, connection.silent) == (False, True)


async def test_a_statement_has_as_long_to_stop_as_is_set(make_database: MakeDatabase) -> None:
    """A server that doesn't answer is waited for longer than it is without that, and no longer than its line holds."""
    async with (
        disturbing_proxy(await make_database(ITEMS)) as proxy,
        session(proxy.dsn, stop_s=60) as connection,
    ):
        proxy.frozen = True
        task = asyncio.ensure_future(connection.control("DELETE FROM item"))
        await asyncio.sleep(0)
        task.cancel()
        assert await asyncio.wait({task}, timeout=STOP_S + 0.5) == (set(), {task})
        proxy.cut()
        await asyncio.wait({task})
        assert (connection.fate, connection.usable, connection.silent) == (Fate.UNHEARD, False, False)


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
    async with counted(await make_database(ITEMS)) as (connection, proxy):
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
        assert (idle.lost, busy.lost) == (False, False)
        await killer.run(Statement(f"{kill} {others}"))
        assert (await task).sqlstate == "57P01"
        async with asyncio.timeout(20):
            while not idle.lost:  # noqa: ASYNC110 -- nothing tells when the line's end has arrived
                await asyncio.sleep(0)
        assert (idle.usable, busy.usable, busy.lost) == (False, False, True)
        assert (await fault_of(idle.run(ONE))).sqlstate == "08003"


async def test_a_session_is_not_lost_by_being_looked_at(make_database: MakeDatabase) -> None:
    """Inside a transaction, while a statement runs whose answer is on its way, and after it."""
    dsn = await make_database()
    async with session(dsn) as connection:
        await connection.control("BEGIN")
        assert not connection.lost
        task = asyncio.ensure_future(connection.run(Statement("SELECT pg_sleep(0.1)::text, 1::text")))
        while not task.done():
            assert not connection.lost
            await asyncio.sleep(0)
        assert plain(await task) == ([("", "1")], 1)
        await connection.close()
        assert connection.lost


async def test_close_ends_the_session(make_database: MakeDatabase) -> None:
    """At once, whatever is left open on it, and again without harm."""
    async with session(await make_database()) as connection:
        await connection.control("BEGIN")
        await connection.close()
        await connection.close()
        assert not connection.usable
        assert (await fault_of(connection.run(ONE))).sqlstate == "08003"


async def test_a_session_that_is_gone_may_be_asked_for_its_process(make_database: MakeDatabase) -> None:
    """As whoever looks at a held transaction does, not knowing that its connection is gone."""
    async with session(await make_database()) as connection:
        process = connection.process
        await connection.close()
        assert process is not None
        assert connection.process in {None, process}
