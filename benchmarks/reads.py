"""Reads of a real PostgreSQL through every way in, beside a bare driver and beside npm's server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg

import pgmcp
from benchmarks import bare, npm
from benchmarks.database import BenchDatabase
from benchmarks.measuring import Contender, Work, take_turns
from benchmarks.printing import table
from benchmarks.stdio import StdioServer, texts_of
from benchmarks.tables import KILOBYTE, MIXED, BenchTable
from pgmcp import ReadRequest
from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.mcp.toolbox import CallControls

_LIMITS = {"max_rows": MIXED.rows, "max_bytes": 100_000_000}


async def by_key(database: BenchDatabase, rounds: int) -> str:
    """Time reads of one row of 1 KB by its primary key."""
    job = _Job(table=KILOBYTE, where="id = 421", arguments={"filters": {"id": 421}, "limit": 1}, rows=1, calls=100)
    return table("One row of 1 KB by its key", await _compared(job, database, rounds), with_database=True)


async def many_rows(database: BenchDatabase, rounds: int) -> str:
    """Time reads of 10,000 rows of 12 columns."""
    job = _Job(table=MIXED, where="true", arguments={"limit": MIXED.rows}, rows=MIXED.rows, calls=1)
    return table("10,000 rows of 12 columns", await _compared(job, database, rounds), with_database=True)


class _Job:
    """What everyone has to read: `calls` times in one turn."""

    def __init__(self, *, table: BenchTable, where: str, arguments: Mapping[str, Any], rows: int, calls: int) -> None:
        self.table = table
        self.sql = f"SELECT {', '.join(table.names)} FROM {table.name} WHERE {where} ORDER BY id"
        self.arguments = {"table": table.name, **arguments}
        self.rows = rows
        self.calls = calls

    def repeated(self, once: Callable[[], Any]) -> Work:
        """A turn of a server that is asked over pipes."""

        async def work() -> None:
            for _ in range(self.calls):
                once()

        return work


async def _compared(job: _Job, database: BenchDatabase, rounds: int) -> Any:
    settings = load({"dsn": database.dsn, **_LIMITS}, {})
    served, peer = _our_server(database.dsn), npm.npm_server(database.sockets)
    connection = await bare.connect(database.dsn)
    client, routed = pgmcp.connect(database.dsn, **_LIMITS), build(settings)
    try:
        served.initialize()
        peer.initialize()
        assert len(json.loads(texts_of(served.call("read_table", job.arguments)))["rows"]) == job.rows
        assert len(json.loads(texts_of(peer.call("query", {"sql": job.sql})))) == job.rows
        contenders = [
            Contender(name="asyncpg fetch + orjson", work=_bare(connection, job), calls=job.calls),
            Contender(name="pgmcp, Python values", work=_native(client, job), calls=job.calls),
            Contender(name="pgmcp, JSON in process", work=_wire(MCPRouter(routed), job), calls=job.calls),
            Contender(
                name="pgmcp, MCP stdio",
                work=job.repeated(lambda: served.call("read_table", job.arguments)),
                calls=job.calls,
                pids=served.pids,
            ),
            Contender(
                name=npm.NAME,
                work=job.repeated(lambda: peer.call("query", {"sql": job.sql})),
                calls=job.calls,
                pids=peer.pids,
            ),
        ]
        return await take_turns(contenders, rounds, database.pids)
    finally:
        served.close()
        peer.close()
        await connection.close()
        await client.aclose()
        await routed.aclose()


def _our_server(dsn: str) -> StdioServer:
    limits = (f"--{name.replace('_', '-')}={value}" for name, value in _LIMITS.items())
    return StdioServer((sys.executable, "-m", "pgmcp.entrypoints.cli", "serve", "--dsn", dsn, *limits))


def _bare(connection: asyncpg.Connection, job: _Job) -> Work:
    """A loop without anything around it; the statement stays prepared."""

    async def work() -> None:
        for _ in range(job.calls):
            assert bare.as_json(await connection.fetch(job.sql))

    return work


def _native(client: pgmcp.Client, job: _Job) -> Work:
    request = ReadRequest(**job.arguments)

    async def work() -> None:
        for _ in range(job.calls):
            assert (await client.call(request)).count == job.rows

    return work


def _wire(router: MCPRouter, job: _Job) -> Work:
    arguments = json.dumps(job.arguments).encode()

    async def work() -> None:
        for _ in range(job.calls):
            answer = await router.call("read_table", arguments, CallControls(id="1", principal=Principal()))
            assert not answer.is_error

    return work
