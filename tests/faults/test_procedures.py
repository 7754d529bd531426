"""What is said of a CALL that fails, is stopped or is done again: a procedure may have committed a part of its work."""

from __future__ import annotations

import asyncio

import pytest
from attrs import evolve

import pgmcp
from pgmcp.domain.stopping import outcome_told
from pgmcp.ports.transactions import Outcome
from tests.fixtures.answers import outcome_of
from tests.fixtures.killing import killer
from tests.fixtures.postgres import MakeDatabase

# Each writes, fails where it is told to, and waits for a long time where it is told to.
SCHEMA = """
CREATE TABLE item (tag text NOT NULL);
CREATE FUNCTION finish(how text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF how = 'fails' THEN RAISE EXCEPTION 'no'; END IF;
    IF how = 'misses' THEN EXECUTE 'SELECT 1 FROM nothing_there'; END IF;
    IF how = 'waits' THEN PERFORM pg_sleep(60); END IF;
END $$;
CREATE PROCEDURE whole(how text) LANGUAGE plpgsql AS $$
BEGIN INSERT INTO item VALUES ('w') ON CONFLICT DO NOTHING; PERFORM finish(how); END $$;
CREATE PROCEDURE in_sql(how text) LANGUAGE sql AS $$ INSERT INTO item VALUES ('s'); SELECT finish(how) $$;
CREATE PROCEDURE defined(how text) SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item VALUES ('d');
    IF how = 'commits' THEN COMMIT; END IF;
    PERFORM finish(how);
END $$;
CREATE PROCEDURE parts(how text) LANGUAGE plpgsql AS $$
BEGIN INSERT INTO item VALUES ('p'); COMMIT; INSERT INTO item VALUES ('q'); PERFORM finish(how); END $$;
CREATE PROCEDURE nested(how text) LANGUAGE plpgsql AS $$ BEGIN CALL parts(how); END $$;
"""

# `whole` as one that commits a part, and as one that can't.
COMMITTING = """
CREATE OR REPLACE PROCEDURE whole(how text) LANGUAGE plpgsql AS $$
BEGIN INSERT INTO item VALUES ('w'); COMMIT; PERFORM finish(how); END $$
"""
WHOLE = """
CREATE OR REPLACE PROCEDURE whole(how text) LANGUAGE plpgsql AS $$
BEGIN INSERT INTO item VALUES ('w'); PERFORM finish(how); END $$
"""


def call(name: str, how: str) -> pgmcp.ExecuteQueryRequest:
    """A call of a procedure."""
    return pgmcp.ExecuteQueryRequest(query=f"CALL {name}($1)", params=[how], read_only=False)


@pytest.mark.parametrize("how", ["fails", "misses", "commits", "goes well"])
@pytest.mark.parametrize(
    "name, left, said",
    [
        pytest.param("whole", 0, "rolled_back", id="PL/pgSQL"),
        pytest.param("in_sql", 0, "rolled_back", id="SQL"),
        pytest.param("defined", 0, "rolled_back", id="SECURITY DEFINER"),
        pytest.param("parts", 1, "unknown", id="commits in between"),
        pytest.param("nested", 1, "unknown", id="calls one that does"),
    ],
)
async def test_a_call_that_fails(
    make_database: MakeDatabase, driver: str, name: str, left: int, said: str, how: str
) -> None:
    """Known or not, it is never said to be rolled back where a part of it is there, and never run twice."""
    dsn = await make_database(SCHEMA)
    well = how == "goes well" or (how == "commits" and name != "defined")
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, access="admin") as db:
        for time in range(2):
            before = await watch.count("item")
            assert await outcome_of(db.call(call(name, how))) == ("committed" if well else said)
            whole = 2 if name in {"parts", "nested"} else 1
            assert await watch.count("item") - before == (whole if well else left), time


@pytest.mark.parametrize(
    "name, said",
    [
        pytest.param("whole", Outcome.ROLLED_BACK, id="PL/pgSQL"),
        pytest.param("in_sql", Outcome.ROLLED_BACK, id="SQL"),
        pytest.param("parts", Outcome.UNKNOWN, id="commits in between"),
    ],
)
async def test_a_call_that_is_stopped(make_database: MakeDatabase, driver: str, name: str, said: Outcome) -> None:
    """By its deadline: nothing is there where nothing can have been committed."""
    dsn = await make_database(SCHEMA)
    code, told = "", None
    async with killer(dsn) as watch:
        for seconds in (1.0, 4.0, 16.0):
            async with pgmcp.connect(dsn, driver=driver, access="admin", call_timeout_s=seconds) as db:
                before = await watch.count("item")
                with pytest.raises(pgmcp.PgmcpError) as stopped:
                    await db.call(call(name, "waits"))
                code, told = stopped.value.code.name, outcome_told(stopped.value)
                if said is Outcome.ROLLED_BACK:
                    assert await watch.count("item") == before
            # On a busy machine time may be up before it has begun.
            if told is said:
                break
        assert (code, told) == ("call_timeout", said)


@pytest.mark.parametrize("name", ["whole", "parts"])
async def test_a_call_that_its_caller_gives_up(make_database: MakeDatabase, driver: str, name: str) -> None:
    """Nobody waits to hear what is left of it, so nothing is said for certain."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, access="admin") as db:
        task = asyncio.create_task(db.call(call(name, "waits")))
        await watch.until_sleeping()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as stopped:
            await task
        assert outcome_told(stopped.value) is Outcome.UNKNOWN


async def test_a_procedure_that_is_another_one_by_now(make_database: MakeDatabase, driver: str) -> None:
    """One that could not commit when it was looked at first, and can when it fails."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, access="admin") as db:
        assert await outcome_of(db.call(call("whole", "fails"))) == "rolled_back"
        await watch.ask(COMMITTING)
        assert await outcome_of(db.call(call("whole", "fails"))) == "unknown"
        assert await watch.count("item") == 1
        # What may have changed anything is no longer known, so it is looked at before the next call too.
        await watch.ask(WHOLE)
        assert await outcome_of(db.call(call("whole", "fails"))) == "rolled_back"
        assert await watch.count("item") == 1


async def test_a_procedure_that_was_another_one_in_between(make_database: MakeDatabase, driver: str) -> None:
    """It is as it was, but not the same one: what ran may have been the one in between."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, access="admin") as db:
        assert await outcome_of(db.call(call("whole", "fails"))) == "rolled_back"
        await watch.ask(COMMITTING)
        await watch.ask(WHOLE)
        assert await outcome_of(db.call(call("whole", "fails"))) == "unknown"


async def test_a_call_with_a_limit_can_commit_nothing(make_database: MakeDatabase, driver: str) -> None:
    """A transaction stands around it, so whatever it fails with, nothing is left."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, access="admin") as db:
        for name in ("whole", "parts"):
            assert await outcome_of(db.call(evolve(call(name, "fails"), timeout_ms=60_000))) == "rolled_back"
        assert await watch.count("item") == 0


async def test_a_call_of_nothing(make_database: MakeDatabase, driver: str) -> None:
    """Has not begun."""
    dsn = await make_database(SCHEMA)
    async with pgmcp.connect(dsn, driver=driver, access="admin") as db:
        with pytest.raises(pgmcp.PgmcpError) as error:
            await db.call(call("nothing_there", "fails"))
        assert outcome_told(error.value) in {None, Outcome.ROLLED_BACK}
