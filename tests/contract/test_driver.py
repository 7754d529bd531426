"""The driver port, over each driver: statements, what they give, how they fail, and what they cost."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pgmcp.ports.driver import Connection, Description, Fault, Statement
from tests.fixtures.driving import ITEMS, ONE, counted, fault_of, plain, session
from tests.fixtures.postgres import MakeDatabase, TestServer


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
    async with session(await make_database(ITEMS)) as connection:
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
    async with session(await make_database(ITEMS)) as connection:
        for _ in range(2):
            assert await fault_of(connection.run(statement)) == expected
        assert plain(await connection.run(ONE)) == ([("1",)], 1)


DEFERRED = """
CREATE TABLE part (id int PRIMARY KEY, item int REFERENCES item DEFERRABLE INITIALLY DEFERRED)
"""


@pytest.mark.parametrize("returning", ["", " RETURNING id::text"], ids=["a tag", "rows"])
async def test_run_fails_where_it_can_not_be_committed(make_database: MakeDatabase, returning: str) -> None:
    """Each time: what the statement had said before counts for nothing."""
    async with session(await make_database(ITEMS + DEFERRED)) as connection:
        add = Statement(f"INSERT INTO part VALUES ($1::text::int4, $2::text::int4){returning}", ("1", "3"))
        for _ in range(3):
            fault = await fault_of(connection.run(add))
            assert (fault.sqlstate, fault.constraint) == ("23503", "part_item_fkey")
        assert (await connection.run(Statement(add.text, ("1", "2")))).affected == 1


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
    async with session(await make_database(ITEMS)) as connection:
        description, rows = await connection.run_foreign(Statement(text, ("4",)))
        assert description == Description(parameters=(23,), columns=(("né", 23), ("b", 1700), ("c", 1009), ("d", 16)))
        assert plain(rows) == ([("4", "1.50", '{"a b",NULL}', "t")], 1)
        assert (await fault_of(connection.run_foreign(Statement("SHOW nothing_such")))).sqlstate == "42704"
        assert connection.usable


async def test_describe_runs_nothing_and_leaves_nothing_open(make_database: MakeDatabase) -> None:
    """Types and names; no lock and no transaction outlive it."""
    async with session(dsn := await make_database(ITEMS)) as connection, session(dsn) as other:
        text = "UPDATE item SET id = $1 WHERE name = $2 RETURNING id, name"
        assert await connection.describe(text) == Description(parameters=(23, 25), columns=(("id", 23), ("name", 1043)))
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
async def test_round_trips(
    make_database: MakeDatabase,
    driver: str,
    use: Callable[[Connection], Awaitable[Any]],
    cold: dict[str, int],
    warm: int,
) -> None:
    """What is known costs one, a rollback in between changes nothing, and nothing else is sent."""
    async with counted(await make_database()) as (connection, proxy):
        trips = []
        for _ in range(3):
            await use(connection)
            trips.append(proxy.round_trips)
            await connection.control("BEGIN; ROLLBACK")
            proxy.reset()
        assert trips == [cold[driver], warm, warm]


async def test_kept_statements_are_bounded_on_the_server(make_database: MakeDatabase) -> None:
    """Failing ones too; with none kept, none has a name."""
    text = Statement("SELECT count(*)::text FROM pg_prepared_statements WHERE name <> ''")
    counts = []
    for kept in (3, 0):
        async with session(await make_database(), statements_kept=kept) as connection:
            for number in range(20):
                await connection.run(Statement(f"SELECT {number}::text"))
                await fault_of(connection.run(Statement(f"SELECT ({number} / $1::text::int4)::text", ("0",))))
            # asyncpg closes one once nobody refers to it, which a failure's traceback does for a while.
            gc.collect()
            counts.append(int((await connection.run(text)).rows[0][0] or ""))
    assert counts[0] <= 4
    assert counts[1] == 0


async def test_a_statement_whose_table_changed_is_prepared_anew(make_database: MakeDatabase) -> None:
    """Unseen outside a transaction; inside one, which has failed by it, it is an error."""
    star = Statement("SELECT * FROM (SELECT name FROM item WHERE id = 2) i")
    async with session(await make_database(ITEMS)) as connection:
        await connection.run(star)
        await connection.control("ALTER TABLE item ALTER name TYPE text")
        assert plain(await connection.run(star)) == ([("pen",)], 1)
        await connection.control("ALTER TABLE item ALTER name TYPE varchar(9); BEGIN")
        assert (await fault_of(connection.run(star))).sqlstate == "0A000"
        await connection.control("ROLLBACK")
        assert plain(await connection.run(star)) == ([("pen",)], 1)


async def test_columns_that_hold_arrays_of_any_type(make_database: MakeDatabase) -> None:
    """Those of the statistics' views: described and read as text."""
    query = "SELECT most_common_vals, most_common_vals::text FROM pg_stats WHERE attname = 'size'"
    async with session(await make_database(ITEMS)) as connection:
        await connection.control("INSERT INTO item SELECT g * 2, 'x', 7 FROM generate_series(10, 60) AS g")
        await connection.control("ANALYZE item")
        described = await connection.describe(query)
        (found,) = (await connection.run(Statement(query))).rows
    assert described.columns == (("most_common_vals", 2277), ("most_common_vals", 25))
    assert found[0] == found[1]
    assert "7" in str(found[0])


async def test_what_the_server_says_while_it_prepares(make_database: MakeDatabase) -> None:
    """All of it in order, of the statement that was asked about; nothing was run, and the session goes on."""
    async with session(await make_database(ITEMS)) as connection:
        await connection.control("BEGIN; SET LOCAL debug_print_parse = on; SET LOCAL client_min_messages = log")
        heard = await connection.listen_to("DELETE FROM item WHERE size = 1")
        nothing = await connection.run(ONE)
        await connection.control("ROLLBACK")
        quiet = await connection.listen_to("DELETE FROM item")
        left = await connection.run(Statement("SELECT count(*)::text FROM item"))
    assert [notice.message for notice in heard] == ["parse tree:"]
    assert "DELETE" not in repr(heard)
    assert (plain(nothing), list(quiet), plain(left)) == (([("1",)], 1), [], ([("2",)], 1))


async def test_what_can_not_be_prepared_fails_as_ever(make_database: MakeDatabase) -> None:
    """The error is the server's, and the session goes on."""
    async with session(await make_database(ITEMS)) as connection:
        fault = await fault_of(connection.listen_to("SELECT * FROM nothing"))
        assert (fault.sqlstate, connection.usable) == ("42P01", True)


async def test_what_was_taken_as_text_is_described_as_ever(make_database: MakeDatabase) -> None:
    """A statement of another kind leaves nothing behind: rows of its types are described afterwards."""
    async with session(await make_database(ITEMS)) as connection:
        await connection.run_foreign(Statement("SELECT id, size, name FROM item WHERE id = $1", ("2",)))
        described = await connection.describe("SELECT item FROM item")
    assert [name for name, _ in described.columns] == ["item"]


SAID = {
    "rows": lambda session: session.run(Statement("SELECT repeat('x', 1000000) FROM generate_series(1, 40)")),
    "one value": lambda session: session.run(Statement("SELECT repeat('x', 40000000)")),
    "an error": lambda session: session.run(Statement("SELECT (repeat('x', 40000000))::int::text")),
    "a plan": lambda session: session.run_foreign(Statement("EXPLAIN VERBOSE SELECT repeat('x', 40000000)")),
}
ALOUD = {
    "a tree": lambda session: session.listen_to(_with_a_long_tree()),
    "what is said aloud": lambda session: session.control(
        "DO $$ BEGIN RAISE NOTICE '%', repeat('x', 40000000); END $$"
    ),
}


def _with_a_long_tree() -> str:
    columns = ", ".join(f"a.id AS c{number}" for number in range(1600))
    copies = ", ".join(f"b{number} AS (SELECT * FROM w)" for number in range(80))
    return f"WITH w AS (SELECT {columns} FROM item AS a), {copies} SELECT 1 FROM b1"


@pytest.mark.parametrize("work", SAID.values(), ids=SAID)
async def test_a_server_that_says_too_much(
    make_database: MakeDatabase, work: Callable[[Connection], Awaitable[object]]
) -> None:
    """Where taking it all would fill the memory or hold up everything else, it is not taken, and the session ends."""
    async with session(await make_database(ITEMS)) as connection:
        fault = await fault_of(work(connection))
        assert (fault.sqlstate, connection.usable) == ("54PM1", False)
        assert "xxx" not in fault.message


@pytest.mark.parametrize("work", ALOUD.values(), ids=ALOUD)
async def test_a_server_that_says_too_much_beside_its_answer(
    postgres: TestServer, work: Callable[[Connection], Awaitable[object]]
) -> None:
    """Asyncpg takes no more of that either; how much libpq has had before it can be stopped hangs on the machine."""
    dsn = await postgres.new_database(ITEMS)
    async with session(dsn, driver="asyncpg") as connection:
        await connection.control("BEGIN; SET LOCAL debug_print_parse = on; SET LOCAL client_min_messages = log")
        fault = await fault_of(work(connection))
        assert (fault.sqlstate, connection.usable) == ("54PM1", False)
    await postgres.drop_database(dsn)


async def test_what_a_server_says_is_counted_for_each_statement(make_database: MakeDatabase) -> None:
    """Any number of long answers may come one after the other, each within the bound."""
    long = Statement("SELECT repeat('x', 1000000)")
    async with session(await make_database(ITEMS), most_bytes=2_000_000) as connection:
        for _ in range(5):
            assert len((await connection.run(long)).rows[0][0] or "") == 1_000_000
            assert len((await connection.run_foreign(long))[1].rows[0][0] or "") == 1_000_000
        assert connection.usable


async def test_what_a_session_hears_is_counted_each_time_that_it_listens(make_database: MakeDatabase) -> None:
    """It may hear any number of announcements, as long as somebody takes them."""
    dsn = await make_database(ITEMS)
    said = Statement("SELECT pg_notify('news', repeat('x', 7000))::text")
    async with session(dsn, most_bytes=20_000) as hearing, session(dsn) as saying:
        await hearing.listen("news")
        for _ in range(5):
            await saying.run(said)
            heard = list(await hearing.announced(10))
            while not heard:
                heard += await hearing.announced(10)
        assert hearing.usable
