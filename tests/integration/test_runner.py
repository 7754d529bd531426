from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pgmcp.adapters.postgres.session_settings import SessionSettings
from pgmcp.domain.errors import DatabaseError, PgmcpError
from pgmcp.ports.driver import Description, DriverError, Need, Statement
from pgmcp.ports.transactions import TransactionOptions
from tests.fixtures.drivers import ASYNCPG, client_to
from tests.fixtures.pool import Way, a_call, way_to
from tests.fixtures.postgres import MakeDatabase, make_folder, private_server
from tests.fixtures.proxy import counting_proxy

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric CHECK (price >= 0));
INSERT INTO item VALUES (1, 'pen', 1.50), (2, 'ink', 7);
CREATE PROCEDURE double(a int, OUT b numeric, OUT c int[]) LANGUAGE sql AS 'SELECT a * 1.50, ARRAY[a, NULL]';
"""
BY_KEY = Statement("SELECT id::text, name FROM item WHERE id = $1::text::int4", ("1",))
ADD = "INSERT INTO item VALUES ($1::text::int4, $2, $3::text::numeric)"


OPTIONS = TransactionOptions()


def rows_of(rows: Any) -> list[tuple[str | None, ...]]:
    """Rows as tuples, whatever the driver makes them of."""
    return [tuple(row) for row in rows]


async def backends(way: Way, state: str) -> int:
    """How many other sessions of the database are in that state."""
    text = """
        SELECT count(*)::text FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND state = $1
            AND pid <> pg_backend_pid()
    """
    answer = await way.runner.run(Statement(text, (state,)), a_call(), need=Need.READ, kind="count")
    return int(answer.rows[0][0] or "")


async def pids(way: Way) -> list[str | None]:
    """The database's sessions."""
    text = """
        SELECT pid::text FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' ORDER BY pid
    """
    answer = await way.runner.run(Statement(text), a_call(), need=Need.READ, kind="pids")
    return [row[0] for row in answer.rows]


async def until_running(way: Way) -> None:
    """Wait until the server runs a statement of another session."""
    async with asyncio.timeout(20):
        while not await backends(way, "active"):  # noqa: ASYNC110 -- another process is what is waited for
            await asyncio.sleep(0.01)


async def test_a_known_statement_is_one_round_trip(make_database: MakeDatabase, driver: str) -> None:
    """Warm, with rows and command tag; cold it is one more to prepare, where the driver can't send both at once."""
    async with counting_proxy(await make_database(SCHEMA)) as proxy, way_to(proxy.dsn) as way:
        counts = []
        for _ in range(3):
            await way.runner.run(BY_KEY, a_call(), need=Need.READ, kind="select")
            counts.append(proxy.round_trips)
            proxy.reset()
        assert counts == [2 if driver == ASYNCPG else 1, 1, 1]


@pytest.mark.parametrize(
    "work, trips",
    [
        pytest.param("write", 1, id="write"),
        pytest.param("limited", 3, id="with its own statement timeout"),
        pytest.param("describe", {"asyncpg": 2, "psycopg": 1}, id="describe, which asyncpg ends by another"),
        pytest.param("bad value", 1, id="failing"),
        pytest.param("constraint", 2, id="failing by a constraint, whose columns are looked up"),
        pytest.param("transaction", 4, id="begin, statement, its id to ask for later, commit"),
    ],
)
async def test_round_trips_once_warm(
    make_database: MakeDatabase, driver: str, work: str, trips: int | dict[str, int]
) -> None:
    """What each way of running costs on a session that knows the statement."""

    async def once(way: Way) -> None:
        match work:
            case "write":
                update = Statement("UPDATE item SET name = $1 WHERE id = 1", ("pen",))
                await way.runner.run(update, a_call(), need=Need.WRITE, kind="update")
            case "limited":
                await way.runner.run(BY_KEY, a_call(statement_timeout_ms=25_000), need=Need.READ, kind="select")
            case "describe":
                await way.runner.describe("SELECT * FROM item", a_call())
            case "bad value" | "constraint":
                key = "1" if work == "constraint" else "one"
                with pytest.raises(PgmcpError):
                    await way.runner.run(Statement(ADD, (key, "pen", "1")), a_call(), need=Need.WRITE, kind="insert")
            case _:
                transaction = await way.work.begin(OPTIONS, a_call())
                await way.runner.run(BY_KEY, a_call(), need=Need.WRITE, kind="select", within=transaction)
                await transaction.commit(a_call())

    async with counting_proxy(await make_database(SCHEMA)) as proxy, way_to(proxy.dsn) as way:
        await once(way)
        proxy.reset()
        await once(way)
        expected = trips if isinstance(trips, int) else trips[driver]
        assert (proxy.round_trips, proxy.sessions) == (expected, 0)


async def test_rows_affected_and_events(make_database: MakeDatabase) -> None:
    """Rows of text, the command tag's count, and one event for each statement."""
    async with way_to(await make_database(SCHEMA)) as way:
        read = await way.runner.run(BY_KEY, a_call(), need=Need.READ, kind="select")
        wrote = await way.runner.run(
            Statement("UPDATE item SET price = NULL"), a_call(), need=Need.WRITE, kind="update"
        )
        assert (rows_of(read.rows), read.affected) == ([("1", "pen")], 1)
        assert (rows_of(wrote.rows), wrote.affected) == ([], 2)
        assert way.heard.statements() == [("select", 1, None), ("update", 2, None)]


@pytest.mark.parametrize(
    "statement, columns, rows",
    [
        pytest.param(Statement("SHOW statement_timeout"), (("statement_timeout", 25),), [("30s",)], id="show"),
        pytest.param(
            Statement("CALL double($1, NULL, NULL)", ("7",)),
            (("b", 1700), ("c", 1007)),
            [("10.50", "{7,NULL}")],
            id="call",
        ),
        pytest.param(
            Statement(
                r"""SELECT '\xff'::bytea AS a, true AS b, '1 day'::interval AS c, ARRAY['a b', '"', 'null', ''] AS d"""
            ),
            (("a", 17), ("b", 16), ("c", 1186), ("d", 1009)),
            [("\\xff", "t", "1 day", '{"a b","\\"","null",""}')],
            id="types",
        ),
        pytest.param(Statement("CREATE TEMPORARY TABLE t ()"), (), [], id="definition"),
    ],
)
async def test_foreign_statements_answer_as_text(
    make_database: MakeDatabase, statement: Statement, columns: Any, rows: Any
) -> None:
    """Columns of any type come in PostgreSQL's own text form."""
    async with way_to(await make_database(SCHEMA)) as way:
        description, answer = await way.runner.run_foreign(statement, a_call(), need=Need.WRITE, kind="raw")
        assert (description.columns, rows_of(answer.rows)) == (columns, rows)


async def test_a_description_tells_types_and_leaves_nothing_open(make_database: MakeDatabase) -> None:
    """No lock outlives it."""
    async with way_to(await make_database(SCHEMA)) as way:
        described = await way.runner.describe("SELECT id, price FROM item WHERE name = $1", a_call())
        assert described == Description(parameters=(25,), columns=(("id", 23), ("price", 1700)))
        await way.runner.run(
            Statement("LOCK TABLE item IN ACCESS EXCLUSIVE MODE NOWAIT"),
            a_call(),
            need=Need.WRITE,
            kind="lock",
            within=await way.work.begin(OPTIONS, a_call()),
        )


@pytest.mark.parametrize(
    "dsn_options",
    [
        pytest.param("", id="plain"),
        pytest.param("&default_transaction_read_only=off", id="as a setting in the address"),
        pytest.param("&options=-c%20default_transaction_read_only%3Doff", id="as an option in the address"),
    ],
)
async def test_a_read_session_writes_nothing(make_database: MakeDatabase, dsn_options: str) -> None:
    """Whatever the address says."""
    async with way_to(await make_database(SCHEMA) + dsn_options) as way:
        with pytest.raises(PgmcpError) as refused:
            await way.runner.run(Statement(ADD, ("9", "nib", "1")), a_call(), need=Need.READ, kind="insert")
        assert (refused.value.code.name, refused.value.sqlstate) == ("read_only_server", "25006")


async def test_a_table_that_changed_is_no_error(make_database: MakeDatabase) -> None:
    """A kept statement whose result has another type now is prepared anew, outside a transaction."""
    async with way_to(await make_database(SCHEMA), pool_max=1) as way:
        star = Statement("SELECT * FROM (SELECT name FROM item WHERE id = 1) i")
        await way.runner.run(star, a_call(), need=Need.WRITE, kind="select")
        await way.runner.run(
            Statement("ALTER TABLE item ALTER name TYPE varchar(9)"), a_call(), need=Need.WRITE, kind="ddl"
        )
        again = await way.runner.run(star, a_call(), need=Need.WRITE, kind="select")
        assert rows_of(again.rows) == [("pen",)]


@pytest.mark.parametrize(
    "statement, expected",
    [
        pytest.param(
            Statement(ADD, ("1", "pen", "1")),
            {
                "type": "database_error",
                "code": "unique_violation",
                "message": "A row with the same unique key exists already (constraint item_pkey of item).",
                "hint": "Change the key, or say with on_conflict what shall happen.",
                "retry": "fix_input",
                "sqlstate": "23505",
                "details": {
                    "constraint": "item_pkey",
                    "schema": "public",
                    "table": "item",
                    "columns": ["id"],
                    "outcome": "rolled_back",
                },
            },
            id="constraint",
        ),
        pytest.param(
            Statement(ADD, ("secret", "pen", "1")),
            {
                "type": "query_error",
                "code": "bad_value",
                "message": "A text can't be read as a value of the type that it is wanted in.",
                "hint": "Compare the values with the columns' types.",
                "retry": "fix_input",
                "sqlstate": "22P02",
                "details": {"outcome": "rolled_back"},
            },
            id="value",
        ),
        pytest.param(
            Statement("UPDATE itm SET name = ''"),
            {
                "type": "query_error",
                "code": "undefined_object",
                "message": 'Relation "itm" does not exist.',
                "hint": "Compare the names with `list_tables` and `describe_table`.",
                "retry": "fix_input",
                "sqlstate": "42P01",
                "position": 8,
                "details": {"outcome": "rolled_back"},
            },
            id="name",
        ),
    ],
)
async def test_a_write_that_fails_says_so_whole(
    make_database: MakeDatabase, statement: Statement, expected: dict[str, Any]
) -> None:
    """The error as a caller gets it, with how the write ended."""
    async with way_to(await make_database(SCHEMA)) as way:
        with pytest.raises(PgmcpError) as failed:
            await way.runner.run(statement, a_call(), need=Need.WRITE, kind="write")
        assert failed.value.document() == expected
        assert way.heard.statements() == [("write", 0, expected["sqlstate"])]


async def test_a_statement_stops_after_the_calls_own_limit(make_database: MakeDatabase) -> None:
    """The server keeps it, and the session goes on with its own limit."""
    async with way_to(await make_database(SCHEMA), pool_max=1) as way:
        with pytest.raises(PgmcpError) as stopped:
            await way.runner.run(
                Statement("SELECT pg_sleep(9)::text"), a_call(statement_timeout_ms=30), need=Need.READ, kind="select"
            )
        assert (stopped.value.code.name, stopped.value.retry) == ("statement_timeout", "fix_input")
        _, after = await way.runner.run_foreign(
            Statement("SHOW statement_timeout"), a_call(), need=Need.READ, kind="show"
        )
        assert (rows_of(after.rows), way.sessions.state.idle) == ([("30s",)], 1)


@pytest.mark.parametrize("how", [pytest.param("deadline", id="deadline"), pytest.param("cancelled", id="cancelled")])
async def test_a_call_that_ends_stops_its_statement(make_database: MakeDatabase, how: str) -> None:
    """Nothing runs on at the server, and the session serves the next caller."""
    async with way_to(await make_database(SCHEMA)) as way:
        sleep = Statement("SELECT pg_sleep(20)::text")
        # The session is there already, so that the time is the statement's alone.
        await way.runner.run(BY_KEY, a_call(), need=Need.WRITE, kind="select")
        seconds = 2.5 if how == "deadline" else 20.0
        task = asyncio.create_task(way.runner.run(sleep, a_call(seconds=seconds), need=Need.WRITE, kind="sleep"))
        if how == "deadline":
            with pytest.raises(DatabaseError) as ended:
                await task
            assert ended.value.document() == {
                "type": "database_error",
                "code": "call_timeout",
                "message": "The call ran out of its time; its statement was stopped.",
                "hint": "Ask for less (a narrower filter, fewer rows) or give the call more time.",
                "retry": "later",
                "details": {"retry_after_ms": 1000, "outcome": "rolled_back"},
            }
        else:
            await until_running(way)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
        assert await backends(way, "active") == 0
        assert (way.sessions.state.idle, way.sessions.state.leased) == (2, 0)


async def test_a_call_past_its_deadline_reaches_nobody(make_database: MakeDatabase) -> None:
    """Not even a session is opened."""
    async with way_to(await make_database(SCHEMA)) as way:
        with pytest.raises(DatabaseError, match="ran out of its time"):
            await way.runner.run(BY_KEY, a_call(seconds=0), need=Need.READ, kind="select")
        assert way.sessions.state.idle == 0


async def test_cancelling_at_random_moments_leaves_a_whole_pool(make_database: MakeDatabase) -> None:
    """Whatever it was doing: opening, preparing, running."""
    async with way_to(await make_database(SCHEMA), pool_max=2) as way:
        for number in range(150):
            text = Statement(f"SELECT {number}::text, pg_sleep(0.002)::text")
            task = asyncio.create_task(way.runner.run(text, a_call(), need=Need.READ, kind="select"))
            await asyncio.sleep(number % 30 / 5000)
            task.cancel()
            await asyncio.wait({task})
        assert await backends(way, "active") == await backends(way, "idle in transaction") == 0
        state = way.sessions.state
        assert (state.leased, state.opening, state.waiting) == (0, 0, 0)


async def test_a_cancel_request_that_overtakes_its_statement_is_repeated(make_database: MakeDatabase) -> None:
    """The server drops such a request; still nothing runs on, and no session is lost to it."""
    async with way_to(await make_database(SCHEMA), pool_max=2) as way:
        sleep = "SELECT pg_sleep($1::text::float8)::text"
        await way.runner.run(Statement(sleep, ("0",)), a_call(), need=Need.WRITE, kind="sleep")
        before = await pids(way)
        for number in range(150):
            task = asyncio.create_task(
                way.runner.run(Statement(sleep, ("20",)), a_call(), need=Need.WRITE, kind="sleep")
            )
            await asyncio.sleep(number % 15 / 20_000)
            task.cancel()
            async with asyncio.timeout(10):  # half of what a statement takes that no request reached
                await asyncio.wait({task})
        assert await backends(way, "active") == 0
        assert await pids(way) == before


async def test_a_session_that_the_server_ends_is_an_error_once(make_database: MakeDatabase) -> None:
    """The write's outcome is not known; the next call gets a fresh session."""
    async with way_to(await make_database(SCHEMA)) as way:
        sleep = Statement("SELECT pg_sleep(20)::text")
        task = asyncio.create_task(way.runner.run(sleep, a_call(), need=Need.WRITE, kind="sleep"))
        await until_running(way)
        kill = """
            SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend'
                AND state = 'active' AND pid <> pg_backend_pid()
        """
        await way.runner.run(Statement(kill), a_call(), need=Need.READ, kind="kill")
        with pytest.raises(DatabaseError) as lost:
            await task
        assert lost.value.document() == {
            "type": "database_error",
            "code": "connection_lost",
            "message": "The connection to the database broke.",
            "hint": "Call again; for a write, look first whether it has taken effect.",
            "retry": "later",
            "sqlstate": "57P01",
            "details": {"retry_after_ms": 500, "outcome": "unknown"},
        }
        assert (await way.runner.run(BY_KEY, a_call(), need=Need.WRITE, kind="select")).affected == 1


@pytest.mark.parametrize(
    "change, code, sqlstate",
    [
        pytest.param(lambda _: "postgresql://postgres@127.0.0.1:1/x", "connection_failed", None, id="nobody there"),
        pytest.param(lambda dsn: dsn.replace("@/test", "@/no"), "unknown_database", "3D000", id="no such database"),
        pytest.param(
            lambda dsn: dsn.replace("postgres@", "nobody@"), "authentication_failed", "28000", id="no such user"
        ),
    ],
)
async def test_a_database_that_can_not_be_had(
    make_database: MakeDatabase, change: Any, code: str, sqlstate: str | None
) -> None:
    """Each reason has its own code, and the pool keeps no place for it."""
    async with way_to(change(await make_database())) as way:
        with pytest.raises(DatabaseError) as failed:
            await way.runner.run(BY_KEY, a_call(), need=Need.READ, kind="select")
        assert (failed.value.code.name, failed.value.sqlstate, way.sessions.state.opening) == (code, sqlstate, 0)


async def test_a_wrong_password_is_refused_by_its_own_code(driver: str) -> None:
    """The whole answer; the password is in none of it."""
    rules = await asyncio.to_thread(make_folder) / "hba.conf"
    rules.write_text("local all guarded scram-sha-256\nlocal all all trust\n")
    async with private_server(settings={"hba_file": str(rules)}) as server:
        dsn = await server.new_database("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        outcomes: list[Any] = []
        for password in ("right", "wrong"):
            async with way_to(dsn.replace("postgres@", f"guarded:{password}@")) as way:
                work = way.runner.run(Statement("SELECT 'in'"), a_call(), need=Need.READ, kind="select")
                try:
                    outcomes.append(rows_of((await work).rows))
                except DatabaseError as refused:
                    outcomes.append(refused.document())
    assert outcomes == [
        [("in",)],
        {
            "type": "database_error",
            "code": "authentication_failed",
            "message": "The server refuses the user or the password.",
            "hint": "Check both in the address, and pg_hba.conf on the server.",
            "retry": "never",
            "sqlstate": "28P01",
        },
    ]


async def test_settings_of_a_session(make_database: MakeDatabase) -> None:
    """Given at the start, they cost nothing and hold for every statement."""
    settings = SessionSettings(
        application_name="shop", statement_timeout_ms=1234, search_path="pg_catalog", time_zone="Asia/Kathmandu"
    )
    connection = await client_to(await make_database(), settings=settings).connect(Need.READ)
    shown = {
        name: (await connection.run_foreign(Statement(f"SHOW {name}")))[1].rows[0][0]
        for name in ("application_name", "statement_timeout", "lock_timeout", "search_path", "timezone")
    }
    reported = dict(connection.parameters)
    await connection.close()
    assert shown == {
        "application_name": "shop",
        "statement_timeout": "1234ms",
        "lock_timeout": "5s",
        "search_path": "pg_catalog",
        "timezone": "Asia/Kathmandu",
    }
    assert (reported["TimeZone"], reported["server_encoding"]) == ("Asia/Kathmandu", "UTF8")


async def test_a_parameter_that_can_not_be_sent_is_a_bad_value(make_database: MakeDatabase) -> None:
    """Half of a surrogate pair, and NUL: no text of the error repeats them, and the session goes on."""
    connection = await client_to(await make_database()).connect(Need.READ)
    states = []
    for text in ("\ud800", "a\0"):
        with pytest.raises(DriverError) as refused:
            await connection.run(Statement("SELECT $1::text", (text,)))
        states.append((refused.value.fault.sqlstate, connection.usable))
    await connection.close()
    assert states == [("22021", True), ("22021", True)]


async def test_statements_kept_are_bounded(make_database: MakeDatabase) -> None:
    """The least used goes first, on the server too."""
    connection = await client_to(await make_database(), statements_kept=3).connect(Need.READ)
    for number in range(20):
        await connection.run(Statement(f"SELECT {number}::text"))
    kept = await connection.run(Statement("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time"))
    await connection.close()
    assert len(kept.rows) <= 4
