"""The launcher of the embedded PostgreSQL: started once, shared by several processes, stopped by the last one out."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import rmtree

import asyncpg
import psutil
import pytest

from pgmcp.adapters.embedded import attach
from pgmcp.adapters.embedded.lifeline import join, lock, wait_until_gone
from pgmcp.adapters.embedded.places import Home
from pgmcp.domain.errors import DatabaseError
from tests.fixtures.postgres import celerp_binaries, make_folder, private_server

FAST = {"fsync": "off"}
PATIENCE_S = 30.0  # for what is only late on a busy machine; a quarter of the time that a test has

# Attaches to the folder that it is given, says the address, and gives its share back at the end of its input.
USER = """
import asyncio, sys
from pathlib import Path
from pgmcp.adapters.embedded import attach

async def main():
    async with await attach(Path(sys.argv[1]), settings={"fsync": "off"}) as server:
        print(server.dsn, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty data directory; at the end nothing runs in it any more."""
    path = make_folder()
    yield path
    _, left = psutil.wait_procs(processes_of(path), timeout=PATIENCE_S)
    assert left == []
    rmtree(path)


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process that names the folder on its command line: the server and its lifeline."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(word.startswith(str(folder)) for word in words) and words[0] != sys.executable:
            found.append(process)
    return found


def server_of(folder: Path) -> psutil.Process:
    """The server's own process, whose number it keeps in its data directory."""
    return psutil.Process(int((folder / "cluster" / "postmaster.pid").read_text().splitlines()[0]))


async def value(dsn: str, sql: str) -> object:
    """The first value of a statement's answer."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


@asynccontextmanager
async def user(folder: Path) -> AsyncIterator[tuple[Process, str]]:
    """Another process that attaches, and the address that it got."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", USER, folder, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def test_a_cold_start_gives_a_server_that_listens_on_its_socket_alone(folder: Path) -> None:
    """From an empty folder to an answer, in UTF-8, without TCP, and gone with its socket after the last share."""
    async with await attach(folder, settings=FAST) as server:
        connection = await asyncpg.connect(server.dsn)
        facts = await connection.fetchrow(
            "SELECT current_user, current_database(), current_setting('server_encoding'),"
            " current_setting('listen_addresses'), current_setting('fsync'), inet_server_addr()"
        )
        await connection.close()

    assert facts is not None
    assert tuple(facts) == ("postgres", "postgres", "UTF8", "", "off", None)
    assert await server.stopped()
    assert list((folder / "run").iterdir()) == []


async def test_a_second_start_finds_the_data_of_the_first(folder: Path) -> None:
    """What was written stays, and the second start makes no new cluster."""
    async with await attach(folder, settings=FAST) as server:
        await value(server.dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    async with await attach(folder, settings=FAST) as server:
        assert await value(server.dsn, "SELECT number FROM kept") == 7


async def test_the_server_lives_until_the_last_of_several_processes_leaves(folder: Path) -> None:
    """Whoever started it may leave first: the others keep the server that they had."""
    asked = "SELECT pg_postmaster_start_time()::text"
    async with user(folder) as (starter, dsn):
        started = await value(dsn, asked)
        mine = await attach(folder)
        assert mine.dsn == dsn
        assert starter.stdin is not None
        starter.stdin.close()
        assert await starter.wait() == 0
        assert await value(mine.dsn, asked) == started

    await mine.close()
    assert await mine.stopped()


async def test_many_that_come_at_once_start_one_server(folder: Path) -> None:
    """The lock lets one of them start it, and the others join."""
    servers = await asyncio.gather(*(attach(folder, settings=FAST) for _ in range(5)))
    started = {await value(server.dsn, "SELECT pg_postmaster_start_time()::text") for server in servers}
    for server in servers:
        await server.close()

    assert len(started) == 1
    assert await servers[0].stopped()


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGTERM, id="terminated"),
    ],
)
async def test_no_orphan_is_left_by_a_process_that_dies(folder: Path, ending: signal.Signals) -> None:
    """However the only user ends, the server and its lifeline end too."""
    async with user(folder) as (process, _):
        running = processes_of(folder)
        process.send_signal(ending)
        await process.wait()
        gone, left = await asyncio.to_thread(psutil.wait_procs, running, timeout=PATIENCE_S)

    assert len(gone) >= 2
    assert left == []


async def test_a_killed_server_is_started_anew(folder: Path) -> None:
    """A crash leaves its pid file and its socket behind; neither stands in the way of the next start."""
    crashed = await attach(folder, settings=FAST)
    await value(crashed.dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    await value(crashed.dsn, "CHECKPOINT")
    running = processes_of(folder)
    server_of(folder).kill()
    await asyncio.to_thread(psutil.wait_procs, running, timeout=PATIENCE_S)
    assert (folder / "cluster" / "postmaster.pid").exists()

    async with await attach(folder, settings=FAST) as server:
        assert await value(server.dsn, "SELECT number FROM kept") == 7
        await crashed.close()
        assert await value(crashed.dsn, "SELECT number FROM kept") == 7


async def test_a_server_without_its_lifeline_is_replaced(folder: Path) -> None:
    """When the shells are killed, the server that goes on alone is stopped by the next one to attach."""
    lone = await attach(folder, settings=FAST)
    server = server_of(folder)
    for process in processes_of(folder):
        if process.name() == "sh":
            process.kill()
    await lone.close()

    async with await attach(folder, settings=FAST) as after:
        assert await value(after.dsn, "SELECT 1") == 1
    assert (await asyncio.to_thread(psutil.wait_procs, [server], timeout=PATIENCE_S))[1] == []


async def test_nobody_joins_a_pipe_that_no_shell_reads(folder: Path) -> None:
    """A pipe left from an earlier day means nothing by itself."""
    async with await attach(folder, settings=FAST) as server:
        pass
    assert await server.stopped()

    assert (folder / "lifeline").is_fifo()
    assert await asyncio.to_thread(join, Home(folder)) is None


async def test_the_socket_of_a_long_path_lies_elsewhere(folder: Path) -> None:
    """A socket's path holds about 100 bytes: a longer folder gets a short one for it, gone at the end."""
    deep = folder / ("long" * 30)
    async with await attach(deep, settings=FAST) as server:
        assert await value(server.dsn, "SELECT 1") == 1
        async with await attach(deep) as second:
            assert second.dsn == server.dsn
    running = processes_of(folder)
    await asyncio.to_thread(psutil.wait_procs, running, timeout=PATIENCE_S)

    assert not server.sockets.exists()


async def test_a_new_cluster_is_filled_once(folder: Path) -> None:
    """Several that come at once: one of them fills the cluster, the others wait until it has."""
    calls: list[str] = []

    async def prepare(dsn: str) -> None:
        calls.append(dsn)
        await value(dsn, "CREATE DATABASE shop")

    servers = await asyncio.gather(*(attach(folder, database="shop", prepare=prepare, settings=FAST) for _ in range(3)))
    names = [await value(server.dsn, "SELECT current_database()") for server in servers]
    for server in servers:
        await server.close()

    assert names == ["shop", "shop", "shop"]
    assert calls == [servers[0].dsn_of("postgres")]


async def test_an_interrupted_filling_is_done_again(folder: Path) -> None:
    """Only a filling that came to its end counts."""
    calls: list[str] = []

    async def fail(dsn: str) -> None:
        calls.append("failed")
        raise ValueError(dsn)

    async def succeed(dsn: str) -> None:
        calls.append("succeeded")

    with pytest.raises(ValueError, match="postgresql://"):
        await attach(folder, prepare=fail, settings=FAST)
    for _ in range(2):
        async with await attach(folder, prepare=succeed, settings=FAST):
            pass

    assert calls == ["failed", "succeeded"]


async def test_a_cancelled_start_leaves_no_server(folder: Path) -> None:
    """The start goes on in its thread, and what it took is given back."""
    attaching = asyncio.create_task(attach(folder, settings=FAST))
    await asyncio.sleep(0)
    attaching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attaching

    async with await attach(folder, settings=FAST) as server:  # waits for the lock, so for that start
        pass
    assert await server.stopped()


def test_a_start_that_outlives_its_event_loop_leaves_no_server(folder: Path) -> None:
    """The loop is closed before the start has its lock: what the thread takes then is given back all the same."""
    held = lock(Home(folder))
    with asyncio.Runner() as runner:

        async def give_up() -> None:
            attaching = asyncio.create_task(attach(folder, settings=FAST))
            await asyncio.sleep(0)  # the thread has begun, and waits for the lock
            attaching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attaching

        runner.run(give_up())
        os.close(held)

    assert wait_until_gone(Home(folder), 30)


async def test_a_server_that_does_not_start_says_why(folder: Path) -> None:
    """The hint holds PostgreSQL's own last words."""
    with pytest.raises(DatabaseError) as caught:
        await attach(folder, settings={"wal_level": "wrong"})

    assert caught.value.document() == {
        "type": "database_error",
        "code": "embedded_failed",
        "message": "The embedded PostgreSQL did not start: the server ended.",
        "hint": 'FATAL:  invalid value for parameter "wal_level": "wrong"; '
        "HINT:  Available values: minimal, replica, logical.",
        "retry": "later",
    }


async def test_a_folder_that_can_not_be_used_says_why(folder: Path) -> None:
    """What the operating system refuses is told with the place, as an error of the embedded server."""
    (folder / "lock").mkdir()

    with pytest.raises(DatabaseError) as caught:
        await attach(folder)

    assert caught.value.document() == {
        "type": "database_error",
        "code": "embedded_failed",
        "message": f"The embedded PostgreSQL did not start: Is a directory at {folder}.",
        "retry": "later",
    }


async def test_data_of_another_version_is_refused_with_the_way_out(folder: Path) -> None:
    """Programs of version 17 don't touch a cluster of version 18."""
    async with await attach(folder, settings=FAST) as server:
        pass
    assert await server.stopped()

    with pytest.raises(DatabaseError) as caught:
        await attach(folder, binaries=celerp_binaries())

    assert caught.value.document() == {
        "type": "database_error",
        "code": "embedded_failed",
        "message": "The embedded PostgreSQL's data is of version 18, its programs are of version 17.10.",
        "hint": f"Use programs of version 18 (PGMCP_PG_BIN), or move {folder / 'cluster'} away to begin anew.",
        "retry": "later",
    }


async def test_the_servers_log_holds_no_values(folder: Path) -> None:
    """An error that quotes a row stays between the server and its client."""
    async with await attach(folder, settings=FAST) as server:
        connection = await asyncpg.connect(server.dsn)
        await connection.execute("CREATE TABLE secret (word text PRIMARY KEY); INSERT INTO secret VALUES ('swordfish')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO secret VALUES ('swordfish')")
        await connection.close()

    assert (folder / "server.log").read_text() == ""


async def test_other_programs_serve_a_private_server() -> None:
    """The tests' second PostgreSQL has what the first one lacks."""
    async with private_server(binaries=celerp_binaries()) as other:
        dsn = await other.new_database("CREATE EXTENSION pgcrypto")
        assert await value(dsn, "SELECT encode(digest('', 'sha1'), 'hex')") == (
            "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        )
        assert await value(dsn, "SELECT current_setting('server_version')") == "17.10"
