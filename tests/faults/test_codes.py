"""Each way in which a server says no has its own code, hint and class of retry."""

from __future__ import annotations

import asyncio
import shutil
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import pgmcp
from pgmcp.adapters.embedded.places import account
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.errors.codes import Code
from tests.fixtures.killing import killer
from tests.fixtures.postgres import MakeDatabase, TestServer, make_folder, private_server
from tests.fixtures.servers import standby_of

ITEMS = (
    "CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL); INSERT INTO item SELECT g, 0 FROM generate_series(1, 9) g"
)


def connected(dsn: str, driver: str, **settings: Any) -> pgmcp.Client:
    """A client that hears of everything: it tries nothing again, and nothing but the statement itself is run."""
    return pgmcp.connect(dsn, driver=driver, **{"access": "write", "retry_attempts": 1, "guard": "names"} | settings)


def raw(text: str) -> pgmcp.ExecuteQueryRequest:
    """A raw statement that may write."""
    return pgmcp.ExecuteQueryRequest(query=text, read_only=False)


async def refusal(db: pgmcp.Client, request: Any) -> PgmcpError:
    """What a call that must fail says."""
    with pytest.raises(PgmcpError) as refused:
        await db.call(request)
    return refused.value


def means(error: PgmcpError, code: Code, sqlstate: str | None, outcome: str | None = "rolled_back") -> None:
    """The error has that code and state, a hint, a time to come back if it may, and says how the write ended."""
    assert (error.code, error.sqlstate, error.details.get("outcome")) == (code, sqlstate, outcome)
    assert error.hint
    assert ("retry_after_ms" in error.details) is (code.retry == "later")


# Whoever has locked the first row to change it waits for the key before the next one.
GATED = f"""{ITEMS};
CREATE FUNCTION wait_for_key() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END $$;
CREATE TRIGGER gate BEFORE UPDATE ON item FOR EACH ROW WHEN (NEW.n = 2) EXECUTE FUNCTION wait_for_key()
"""
WAITING = "SELECT count(*) = {} FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def test_a_deadlock(make_database: MakeDatabase, driver: str) -> None:
    """One of the two is ended and told so; the other goes on."""
    dsn = await make_database(GATED)
    rival = await asyncpg.connect(dsn)
    await rival.execute("SET deadlock_timeout = '60s'")
    async with (
        connected(f"{dsn}&options=-c%20deadlock_timeout%3D50ms", driver, lock_timeout_ms=60_000) as db,
        killer(dsn) as watch,
    ):
        await rival.execute("BEGIN; UPDATE item SET n = 1 WHERE id = 2")
        await watch.ask("SELECT pg_advisory_lock(7)")
        ours = asyncio.create_task(refusal(db, raw("UPDATE item SET n = 2 WHERE id IN (1, 2)")))
        await watch.until(WAITING.format(1))
        theirs = asyncio.create_task(rival.execute("UPDATE item SET n = 1 WHERE id = 1"))
        await watch.until(WAITING.format(2))
        # A session looks for a deadlock once, a while after it has begun to wait: ours has to begin last.
        await watch.ask("SELECT pg_advisory_unlock(7)")
        means(await ours, codes.DEADLOCK_DETECTED, "40P01")
        await theirs
    await rival.close()


async def test_a_lock_that_is_not_to_be_had(make_database: MakeDatabase, driver: str) -> None:
    """The wait is bounded by a setting."""
    dsn = await make_database(ITEMS)
    holder = await asyncpg.connect(dsn)
    await holder.execute("BEGIN; UPDATE item SET n = 1 WHERE id = 1")
    async with connected(dsn, driver, lock_timeout_ms=50) as db:
        error = await refusal(db, pgmcp.UpdateRequest(table="item", filters={"id": 1}, data={"n": 2}))
    means(error, codes.LOCK_TIMEOUT, "55P03")
    await holder.close()


async def test_a_statement_that_takes_too_long(make_database: MakeDatabase, driver: str) -> None:
    """The server stops it, and says to narrow it."""
    async with connected(await make_database(ITEMS), driver, statement_timeout_ms=50) as db:
        means(await refusal(db, raw("UPDATE item SET n = 1 FROM pg_sleep(5)")), codes.STATEMENT_TIMEOUT, "57014")


async def test_no_more_connections(postgres: TestServer, driver: str) -> None:
    """Of a database that takes two, by a role that is not a superuser."""
    dsn = await postgres.new_database(ITEMS)
    name = dsn.partition("@/")[2].partition("?")[0]
    admin = await asyncpg.connect(postgres.admin_dsn)
    await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 1')
    await admin.execute(f"CREATE ROLE {name}_user LOGIN")
    crowded = dsn.replace("postgres@", f"{name}_user@")
    first = await asyncpg.connect(crowded)
    async with connected(crowded, driver) as db:
        means(await refusal(db, pgmcp.ReadRequest(table="item")), codes.TOO_MANY_CONNECTIONS, "53300", None)
    await first.close()
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.execute(f"DROP ROLE {name}_user")
    await admin.close()


async def test_a_role_that_only_reads(make_database: MakeDatabase, driver: str) -> None:
    """Reads go on; a write is refused as such."""
    dsn = f"{await make_database(ITEMS)}&options=-c%20default_transaction_read_only%3Don"
    async with connected(dsn, driver) as db:
        means(await refusal(db, raw("UPDATE item SET n = 1")), codes.READ_ONLY_SERVER, "25006")
        await reads(db)


async def test_a_standby(driver: str) -> None:
    """A real one, that streams from its primary."""
    async with private_server() as primary:
        dsn = await primary.new_database(ITEMS)
        name = dsn.partition("@/")[2].partition("?")[0]
        async with standby_of(primary) as standby, connected(standby.dsn_of(name), driver) as db:
            means(await refusal(db, raw("UPDATE item SET n = 1")), codes.READ_ONLY_SERVER, "25006")
            means(
                await refusal(db, pgmcp.CreateRequest(table="item", data={"id": 10, "n": 0})),
                codes.READ_ONLY_SERVER,
                "25006",
            )
            await reads(db)


async def test_a_session_that_the_server_finds_idle_for_too_long(make_database: MakeDatabase, driver: str) -> None:
    """PostgreSQL ends it, and the next caller gets another one."""
    dsn = await make_database(ITEMS)
    async with (
        connected(f"{dsn}&options=-c%20idle_session_timeout%3D300ms", driver, retry_attempts=3) as db,
        killer(dsn) as watch,
    ):
        for _ in range(2):
            await reads(db)
            await watch.until("SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()")


@pytest.mark.slow
@pytest.mark.filterwarnings("default:no file system may be mounted")
async def test_a_full_disk(driver: str) -> None:
    """A tablespace on a file system of a few megabytes; where none may be mounted, a function says what it would."""
    async with private_server() as server:
        dsn = await server.new_database()
        async with small_disk() as disk, connected(dsn, driver, access="admin") as db:
            if disk is None:
                warnings.warn("no file system may be mounted: a function says what a full disk would", stacklevel=1)
                await db.call(raw(PRETENDED))
                filling = raw("SELECT disk_full()")
            else:
                # Neither may run in a transaction with others.
                admin = await asyncpg.connect(dsn)
                await admin.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
                await admin.execute("CREATE TABLE big (filler text) TABLESPACE small")
                await admin.close()
                filling = raw("INSERT INTO big SELECT repeat(md5(g::text), 60) FROM generate_series(1, 10000) g")
            means(await refusal(db, filling), codes.OUT_OF_RESOURCES, "53100")
            if disk is not None:
                answer = await db.call(raw("SELECT count(*) AS rows FROM big"))
                assert isinstance(answer, pgmcp.DataResponse)
                assert answer.rows[0]["rows"] == 0
                admin = await asyncpg.connect(dsn)
                await admin.execute("DROP TABLE big; ")
                await admin.execute("DROP TABLESPACE small")
                await admin.close()


PRETENDED = """
CREATE FUNCTION disk_full() RETURNS int LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$
"""


async def reads(db: pgmcp.Client) -> None:
    """Read a row, which goes well."""
    answer = await db.call(pgmcp.ReadRequest(table="item", limit=1))
    assert isinstance(answer, pgmcp.DataResponse)
    assert answer.count == 1


@asynccontextmanager
async def small_disk() -> AsyncIterator[Path | None]:
    """A file system of four megabytes that the server may write to; None where none may be mounted."""
    folder = await asyncio.to_thread(make_folder)
    if not await _ran("mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "pgmcp-test", str(folder)):
        yield None
        return
    try:
        # The server wants it empty and its own.
        place = folder / "space"
        place.mkdir()
        owner = account()
        if owner is not None:
            shutil.chown(place, owner.uid, owner.gid)
        yield place
    finally:
        assert await _ran("umount", "-l", str(folder))


async def _ran(*command: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
    except FileNotFoundError:
        return False
    return await process.wait() == 0
