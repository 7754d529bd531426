"""Through Debian's PgBouncer in transaction mode, over each driver."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import pgmcp
from pgmcp.adapters.postgres.pooled import PooledDriver, PooledSettings
from pgmcp.adapters.postgres.session_settings import SessionSettings
from pgmcp.domain.errors import PgmcpError, SecurityError
from pgmcp.entrypoints.api.transaction import ClientTransaction
from pgmcp.ports.driver import Connection, Need, Statement
from tests.fixtures.drivers import client_to
from tests.fixtures.driving import fault_of, running, session
from tests.fixtures.pgbouncer import pooled, transaction_pooler
from tests.fixtures.postgres import MakeDatabase, TestServer
from tests.fixtures.proxy import counting_proxy
from tests.fixtures.served import environment, finished

SCHEMA = "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'pen')"
IGNORED = ",".join(["options", *SessionSettings(search_path="public", time_zone="UTC").start_up(Need.READ)])
SETTINGS = PooledSettings(statement_timeout_ms=4321, search_path='"a b", public', time_zone="Asia/Kathmandu")


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def pooler(postgres: TestServer) -> AsyncIterator[str]:
    """A pooler for the tests of this module."""
    async with transaction_pooler(postgres) as found:
        yield found


@pytest.fixture
async def dsn(make_database: MakeDatabase, pooler: str) -> str:
    """The address of a database, through the pooler."""
    return pooled(await make_database(SCHEMA), pooler)


def driver_to(dsn: str, settings: PooledSettings = SETTINGS) -> PooledDriver:
    """A pooled driver, as the program makes it."""
    return PooledDriver(client_to(dsn, settings=settings, statements_kept=0), settings)


@asynccontextmanager
async def opened(dsn: str, need: Need) -> AsyncIterator[Connection]:
    """A session through the pooler."""
    connection = await driver_to(dsn).connect(need)
    try:
        yield connection
    finally:
        await connection.close()


async def test_every_kind_of_call_works(dsn: str, driver: str) -> None:
    """Reads, writes, batches, dry runs, raw statements and explains, many at a time over two server sessions."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("create_record", {"table": "item", "data": {"id": 2, "name": "ink"}}),
        ("create_records", {"table": "item", "records": [{"id": 3}, {"id": 4}], "batch_size": 1}),
        ("update_records", {"table": "item", "filters": {"id": 3}, "data": {"name": "nib"}}),
        ("delete_records", {"table": "item", "filters": {"id": 4}}),
        ("delete_records", {"table": "item", "filters": {"id": 1}, "dry_run": True}),
        ("explain_query", {"query": "SELECT * FROM item WHERE id = $1", "params": [1], "analyze": True}),
        ("execute_query", {"query": "SHOW transaction_read_only"}),
        ("read_table", {"table": "item", "order_by": "id", "timeout_ms": 5000}),
    ]
    async with pgmcp.connect(dsn, driver=driver, pooler="transaction") as db:
        tools = {tool.name: tool for tool in db.tools()}
        answers = [json.loads(await tools[name].call(json.dumps(arguments))) for name, arguments in calls]
        crowd = [tools["execute_query"].call('{"query":"SELECT count(*) FROM item"}') for _ in range(60)]
        counts = {json.dumps(json.loads(each)["rows"]) for each in await asyncio.gather(*crowd)}
    assert [answer.get("error") for answer in answers] == [None] * len(calls)
    assert answers[-2]["rows"] == [["on"]]
    assert answers[-1]["rows"] == [[1, "pen"], [2, "ink"], [3, "nib"]]
    assert counts == {"[[3]]"}


@pytest.mark.parametrize(
    "text, sqlstate",
    [
        pytest.param("INSERT INTO item VALUES (9)", "25006", id="a write"),
        pytest.param("SET TRANSACTION READ WRITE", "25001", id="out of read-only"),
        pytest.param("SELECT set_config('transaction_read_only', 'off', true)", "25001", id="out of it by a function"),
    ],
)
async def test_a_read_writes_nothing(dsn: str, text: str, sqlstate: str) -> None:
    """Even where no guard stands before it, and the next call is served."""
    async with opened(dsn, Need.READ) as connection:
        assert (await fault_of(connection.run(Statement(text)))).sqlstate == sqlstate
        assert connection.usable
        found = await connection.run(Statement("SELECT count(*)::text FROM item"))
        assert list(found.rows[0]) == ["1"]


async def test_each_transaction_has_what_a_session_would_have(dsn: str) -> None:
    """Limits, path and zone in each of them, a statement's own limit for that alone, and nothing left for others."""
    names = ("statement_timeout", "search_path", "TimeZone", "lock_timeout")
    shown = Statement("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
    ours = ["4321ms", '"a b", public', "Asia/Kathmandu", "5s"]
    async with opened(dsn, Need.WRITE) as connection, session(dsn, settings=PooledSettings()) as other:
        seen = [list((await connection.run(shown)).rows[0])]
        await connection.control("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE")
        await connection.control("SET LOCAL statement_timeout = 7777")
        seen.append(list((await connection.run(shown)).rows[0]))
        await connection.control("SET LOCAL statement_timeout TO DEFAULT")
        seen.append(list((await connection.run(shown)).rows[0]))
        assert await connection.control("COMMIT") == "COMMIT"
        left = list((await other.run(shown)).rows[0])
    assert seen == [ours, ["7777ms", *ours[1:]], ours]
    assert left[0] == left[3] == "0"


async def test_round_trips(dsn: str, driver: str) -> None:
    """Two more than without a pooler, and asyncpg prepares each time."""
    async with counting_proxy(dsn) as proxy, opened(proxy.dsn, Need.READ) as connection:
        trips = []
        for _ in range(2):
            proxy.reset()
            await connection.run(Statement("SELECT 1::text"))
            trips.append(proxy.round_trips)
    expected = {"asyncpg": 4, "psycopg": 3}[driver]
    assert trips == [expected, expected]


async def test_cancelling_stops_the_server(dsn: str, postgres: TestServer) -> None:
    """PgBouncer passes it on, and the session serves the next call."""
    direct = f"{dsn.partition('?')[0]}?{postgres.admin_dsn.partition('?')[2]}"
    async with opened(dsn, Need.READ) as connection:
        task = asyncio.ensure_future(connection.run(Statement("SELECT pg_sleep(20)::text")))
        await running(direct, 1)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        await running(direct, 0)
        assert list((await connection.run(Statement("SELECT 'on'"))).rows[0]) == ["on"]


async def test_a_lease_with_savepoints(dsn: str, driver: str) -> None:
    """All of it runs on one server session, whichever others the pooler lends meanwhile; a part of it is undone."""
    async with pgmcp.connect(dsn, driver=driver, pooler="transaction", access="write") as db:
        seen: list[Any] = []

        async def fail(tx: ClientTransaction) -> None:
            async with tx.savepoint("part"):
                await tx.call(pgmcp.CreateRequest(table="item", data={"id": 2, "name": "undone"}))
                # Others use the pooler's other session in between.
                seen.extend(await asyncio.gather(*(db.call(pgmcp.ReadRequest(table="item")) for _ in range(4))))
                await tx.call(pgmcp.CreateRequest(table="item", data={"id": 1}))

        async with db.transaction(isolation="repeatable read") as tx:
            await tx.call(pgmcp.UpdateRequest(table="item", filters={"id": 1}, data={"name": "kept"}))
            with pytest.raises(pgmcp.DatabaseError):
                await fail(tx)
            async with tx.savepoint("whole"):
                await tx.call(pgmcp.CreateRequest(table="item", data={"id": 3, "name": "kept too"}))
        answer = await db.call(pgmcp.ReadRequest(table="item", order_by="id"))
    assert [each.count for each in seen] == [1] * 4
    assert [(row["id"], row["name"]) for row in answer.rows] == [(1, "kept"), (3, "kept too")]


async def test_no_statement_is_left_prepared(dsn: str) -> None:
    """A name would be looked for on another server process."""
    async with opened(dsn, Need.READ) as connection:
        for number in range(5):
            await connection.run(Statement(f"SELECT {number}::text"))
        found = await connection.run(Statement("SELECT count(*)::text FROM pg_prepared_statements WHERE name <> ''"))
    assert list(found.rows[0]) == ["0"]


async def test_a_failed_statement_leaves_no_transaction(dsn: str) -> None:
    """Its error is the server's, and what a constraint says at the end is too."""
    async with opened(dsn, Need.WRITE) as connection:
        assert (await fault_of(connection.run(Statement("INSERT INTO item VALUES (1)")))).sqlstate == "23505"
        assert connection.usable
        assert (await connection.run(Statement("UPDATE item SET name = 'x'"))).affected == 1


async def test_without_the_setting_the_pooler_refuses(dsn: str, driver: str) -> None:
    """Nobody reads through a pooler as if it were a server; the hint says what to set."""
    async with pgmcp.connect(dsn, driver=driver) as db:
        with pytest.raises(PgmcpError) as refused:
            await db.call(pgmcp.ListTablesRequest())
    assert (refused.value.code.name, refused.value.hint) == (
        "setting_refused",
        "Through PgBouncer use pooler=transaction.",
    )


async def test_a_pooler_that_drops_the_settings_is_refused(
    make_database: MakeDatabase, postgres: TestServer, driver: str
) -> None:
    """Where it takes them and says nothing, a read could write: it isn't made."""
    dsn = await make_database(SCHEMA)
    async with (
        transaction_pooler(postgres, ignored=IGNORED) as pooler,
        pgmcp.connect(pooled(dsn, pooler), driver=driver) as db,
    ):
        with pytest.raises(SecurityError) as refused:
            await db.call(pgmcp.ListTablesRequest())
    assert (refused.value.code.name, refused.value.path) == ("write_refused", "pooler")


GIVEN_UP = [
    "prepared statements",
    "two round trips",
    "VACUUM",
    "nobody listens",
    "held transaction",
    "no locks",
    "client",
]


async def test_serve_says_what_is_given_up(dsn: str) -> None:
    """On stderr, before anything is called; the page on drivers says it too."""
    code, _, said = await finished("serve", env=environment(dsn, pooler="transaction"))
    (line,) = [line for line in said.splitlines() if "pooler=transaction: reads stay read-only" in line]
    assert code == 0
    assert [word for word in GIVEN_UP if word not in line] == []
    page = (Path(__file__).parents[2] / "docs/how-to/choose-a-driver.md").read_text(encoding="utf-8")
    words = ("prepared statements", "Round trips", "VACUUM", "Listening", "held transactions", "`locks` and `blocking`")
    assert [word for word in (*words, "client_connection_check_interval") if word not in page] == []


async def test_a_held_transaction_keeps_its_limits_and_its_rows(dsn: str, driver: str) -> None:
    """The server ends it if nobody else does; what is given up is to see its locks."""
    async with pgmcp.connect(dsn, driver=driver, pooler="transaction", access="write") as db:
        tools = {tool.name: tool for tool in db.tools()}

        async def call(name: str, **arguments: Any) -> dict[str, Any]:
            answer: dict[str, Any] = json.loads(await tools[name].call(json.dumps(arguments)))
            assert "error" not in answer, answer
            return answer

        held = (await call("begin_transaction", idle_timeout_s=20, timeout_s=40))["transaction_id"]
        await call("update_records", table="item", filters={"id": 1}, data={"name": "nib"}, transaction_id=held)
        show = {"query": "SHOW idle_in_transaction_session_timeout", "transaction_id": held}
        (limit,) = (await call("execute_query", **show))["rows"][0]
        state = await call("get_transaction", transaction_id=held)
        outside = (await call("read_table", table="item", columns=["name"]))["rows"]
        inside = (await call("read_table", table="item", columns=["name"], transaction_id=held))["rows"]
        await call("rollback_transaction", transaction_id=held)
    assert (limit.endswith("s"), 20 <= int(limit.rstrip("ms")) <= 30) == (True, True)
    assert (state["state"], state.get("locks", []), state.get("blocking", [])) == ("idle", [], [])
    assert (outside, inside) == ([["pen"]], [["nib"]])


class Careless:
    """A driver whose sessions forget that they were to read only."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def control(self, text: str) -> str:
        return await self._connection.control(text.replace(" READ ONLY", ""))


class CarelessDriver:
    """Opens such sessions."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def connect(self, need: Need) -> Any:
        return Careless(await client_to(self._dsn, settings=SETTINGS, statements_kept=0).connect(need))


async def test_what_can_not_be_proven_is_refused(dsn: str) -> None:
    """A pooler that loses READ ONLY on the way serves no read."""
    with pytest.raises(SecurityError, match="can't be kept read-only"):
        await PooledDriver(CarelessDriver(dsn), SETTINGS).connect(Need.READ)
