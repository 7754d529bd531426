"""A PostgreSQL for one run of the benchmarks: the embedded one, in a folder that goes away with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
from attrs import frozen

from benchmarks.tables import SETTLE, TABLES
from pgmcp.adapters.embedded.server import attach


@frozen(kw_only=True)
class BenchDatabase:
    """The database with the tables of `tables.py`."""

    dsn: str
    sockets: Path
    postmaster: int

    def pids(self) -> list[int]:
        """The processes of the server that are there now."""
        return [self.postmaster, *(each.pid for each in psutil.Process(self.postmaster).children())]


@asynccontextmanager
async def bench_database(
    settings: Mapping[str, str] | None = None, binaries: Path | None = None
) -> AsyncIterator[BenchDatabase]:
    """Start a server and fill it.

    Args:
        settings: Server settings other than PostgreSQL's own.
        binaries: Other programs than those that pgmcp finds.
    """
    with tempfile.TemporaryDirectory(prefix="pgmcp-bench-") as folder:
        # The server runs as another user where we are root, who must get to its own files in here.
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 -- one call before anything runs; the data's own folder is closed
        server = await attach(Path(folder) / "data", settings=settings, binaries=binaries)
        async with server:
            connection = await asyncpg.connect(server.dsn)
            for table in TABLES:
                await connection.execute(table.sql)
            for statement in SETTLE:
                await connection.execute(statement)
            await connection.close()
            first = (server.data_dir / "cluster" / "postmaster.pid").read_text().split()[0]
            yield BenchDatabase(dsn=server.dsn, sockets=server.sockets, postmaster=int(first))
        await server.stopped()
