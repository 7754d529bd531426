"""How soon a statement ends on the server once nobody wants it any more, by each way of not wanting it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from statistics import median
from typing import Any

import asyncpg
import httpx
from attrs import define

import pgmcp
from benchmarks.database import BenchDatabase
from benchmarks.printing import seconds

_SLEEP = "SELECT pg_sleep(30)"
_RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
_VERSION = "2025-06-18"
_CANCEL = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}}
_DEADLINE_S = 0.2

Stop = Callable[[], Awaitable[float]]
"""Ends the wish for a statement; gives the moment at which it ended."""


async def run(database: BenchDatabase, rounds: int) -> str:
    """Take the time from each end to the moment at which the server runs nothing."""
    lines = ["| from the end of the wish to an idle server | driver | median | worst |", "| --- | --- | ---: | ---: |"]
    async with AsyncExitStack() as resources:
        connection = await asyncpg.connect(database.dsn)
        resources.push_async_callback(connection.close)
        watch = _Watch(connection)
        for driver in ("asyncpg", "psycopg"):
            for name, way, times in (
                ("a cancelled task", _cancelled_task, rounds),
                ("a deadline", _deadline, rounds),
                ("an MCP cancellation, stdio", _cancelled_request, rounds),
                ("stdin closed", _closed_stdin, min(rounds, 5)),
                ("an HTTP client gone, a read", _gone_client, rounds),
            ):
                took = [each async for each in way(watch, database.dsn, driver, times)]
                lines.append(f"| {name} | {driver} | {seconds(median(took))} | {seconds(max(took))} |")
    return "\n".join(lines) + "\n"


@define
class _Watch:
    """A session that sees what the others run."""

    session: asyncpg.Connection

    async def until(self, count: int) -> None:
        """Wait until so many sleep."""
        async with asyncio.timeout(20):
            while await self.session.fetchval(_RUNNING) != count:  # noqa: ASYNC110 -- the server has no event for it
                await asyncio.sleep(0.001)

    async def took(self, stop: Stop) -> float:
        """From the moment that `stop` gives until nothing runs, for a statement that is on its way."""
        await self.until(1)
        ended_at = await stop()
        await self.until(0)
        return time.monotonic() - ended_at


async def _cancelled_task(watch: _Watch, dsn: str, driver: str, times: int) -> AsyncIterator[float]:
    async with pgmcp.connect(dsn, driver=driver) as db:
        for _ in range(times):
            task = asyncio.create_task(db.call(pgmcp.ExecuteQueryRequest(query=_SLEEP)))

            async def stop(task: asyncio.Task[Any] = task) -> float:
                task.cancel()
                return time.monotonic()

            yield await watch.took(stop)
            await asyncio.wait({task})


async def _deadline(watch: _Watch, dsn: str, driver: str, times: int) -> AsyncIterator[float]:
    async with pgmcp.connect(dsn, driver=driver) as db:
        with suppress(pgmcp.PgmcpError):
            await db.call(pgmcp.ExecuteQueryRequest(query=_SLEEP, timeout_ms=1000))
        for _ in range(times):
            ends_at = time.monotonic() + _DEADLINE_S
            request = pgmcp.ExecuteQueryRequest(query=_SLEEP, timeout_ms=round(_DEADLINE_S * 1000))
            task = asyncio.create_task(db.call(request))

            async def stop(ends_at: float = ends_at) -> float:
                return ends_at

            yield await watch.took(stop)
            await asyncio.wait({task})
            assert isinstance(task.exception(), pgmcp.DatabaseError)


async def _cancelled_request(watch: _Watch, dsn: str, driver: str, times: int) -> AsyncIterator[float]:
    async with _served(dsn, driver) as process:
        for _ in range(times):
            await _send(process, _call())

            async def stop() -> float:
                await _send(process, _CANCEL)
                return time.monotonic()

            yield await watch.took(stop)


async def _closed_stdin(watch: _Watch, dsn: str, driver: str, times: int) -> AsyncIterator[float]:
    for _ in range(times):
        async with _served(dsn, driver) as process:
            await _send(process, _call())

            async def stop(process: asyncio.subprocess.Process = process) -> float:
                assert process.stdin is not None
                process.stdin.close()
                return time.monotonic()

            yield await watch.took(stop)


async def _gone_client(watch: _Watch, dsn: str, driver: str, times: int) -> AsyncIterator[float]:
    async with _served(dsn, driver, "--transport", "http", "--port", "0") as process:
        assert process.stderr is not None
        url = ""
        while not url:
            said = (await process.stderr.readline()).decode()
            url = next((word for word in said.split() if word.startswith("http://")), "")
        accept = {"accept": "application/json, text/event-stream", "mcp-protocol-version": _VERSION}
        async with httpx.AsyncClient(timeout=60, headers=accept) as client:
            greeted = await client.post(url, json=_initialize())
            client.headers["mcp-session-id"] = greeted.headers["mcp-session-id"]
            await client.post(url, json=_INITIALIZED)
            for number in range(times):
                # The one before may not have been forgotten yet, so each has an id of its own.
                task = asyncio.create_task(client.post(url, json=_call(10 + number)))

                async def stop(task: asyncio.Task[Any] = task) -> float:
                    task.cancel()
                    await asyncio.wait({task})
                    return time.monotonic()

                yield await watch.took(stop)


def _initialize() -> dict[str, Any]:
    client = {"name": "benchmarks", "version": "1"}
    params = {"protocolVersion": _VERSION, "capabilities": {}, "clientInfo": client}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


_INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def _call(number: int = 5) -> dict[str, Any]:
    params = {"name": "execute_query", "arguments": {"query": _SLEEP}}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


@asynccontextmanager
async def _served(dsn: str, driver: str, *flags: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`pgmcp serve` in a process of its own, shaken hands with where it talks on its pipes."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pgmcp.entrypoints.cli", "serve", *flags),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if flags else asyncio.subprocess.DEVNULL,
        env=os.environ | {"PGMCP_DSN": dsn, "PGMCP_DRIVER": driver},
    )
    try:
        if not flags:
            await _send(process, _initialize())
            assert process.stdout is not None
            await process.stdout.readline()
            await _send(process, _INITIALIZED)
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def _send(process: asyncio.subprocess.Process, message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message).encode() + b"\n")
    await process.stdin.drain()
