"""The triggers that tell of writes, as `pgmcp init` makes them: made twice, and taken out without a trace."""

from __future__ import annotations

from tests.fixtures.cached import SCHEMA, session
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.served import environment, finished

TRIGGERS = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'pgmcp_tell_cache' ORDER BY 1"
WATCH = ("init", "--cache-triggers", "counter", "public.parted")


async def test_made_and_taken_out(make_database: MakeDatabase) -> None:
    """Partitions get their own; doing it again changes nothing."""
    dsn = await make_database(SCHEMA)
    env = environment(dsn)
    async with session(dsn) as connection:
        for _ in range(2):
            assert (await finished(*WATCH, env=env))[:2] == (0, "receipts: there\ncache triggers: there\n")
            assert [row[0] for row in await connection.fetch(TRIGGERS)] == ["counter", "parted", "parted_1"]
        assert (await finished("init", "--remove", env=env))[0] == 0
        assert await connection.fetch(TRIGGERS) == []
        assert await connection.fetchval("SELECT count(*) FROM pg_event_trigger WHERE evtname LIKE 'pgmcp%'") == 0
        assert await connection.fetchval("SELECT to_regnamespace('pgmcp')::text") is None


async def test_printed(make_database: MakeDatabase) -> None:
    """What is printed does the same through psql, and printing does nothing."""
    dsn = await make_database(SCHEMA)
    code, script, _ = await finished(*WATCH, "--sql", env=environment(dsn))
    async with session(dsn) as connection:
        assert (code, await connection.fetch(TRIGGERS)) == (0, [])
        await connection.execute(script)
        assert [row[0] for row in await connection.fetch(TRIGGERS)] == ["counter", "parted", "parted_1"]


async def test_a_table_that_is_not_there(make_database: MakeDatabase) -> None:
    """It is said, and no trigger is made."""
    dsn = await make_database(SCHEMA)
    code, done, said = await finished("init", "--cache-triggers", "countr", env=environment(dsn))
    assert done == "receipts: there\n"
    assert (code != 0, "countr" in said or "undefined_object" in said or "unknown_table" in said) == (True, True)
    async with session(dsn) as connection:
        assert await connection.fetch(TRIGGERS) == []
