"""What starting costs: importing `pgmcp`, and `pgmcp serve` until it answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import npm
from benchmarks.database import BenchDatabase
from benchmarks.measuring import Contender, Work, take_turns
from benchmarks.printing import table
from benchmarks.stdio import StdioServer


async def run(database: BenchDatabase, rounds: int) -> str:
    """Time processes from their start, that of Python itself first."""
    with TemporaryDirectory(prefix="pgmcp-bench-") as folder:
        return await _measured(database, rounds, _installed(folder))


def _installed(folder: str) -> Mapping[str, str]:
    """An environment in which modules are compiled once, as those of an installed package are."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": folder}


async def _measured(database: BenchDatabase, rounds: int, environment: Mapping[str, str]) -> str:
    row = {"table": "mixed", "filters": {"id": 421}}
    query = {"sql": "SELECT * FROM mixed WHERE id = 421"}

    def ours() -> StdioServer:
        return StdioServer((sys.executable, "-m", "pgmcp.entrypoints.cli", "serve", "--dsn", database.dsn), environment)

    def peer() -> StdioServer:
        return npm.npm_server(database.sockets)

    contenders = [
        Contender(name="Python alone", work=_program("pass", environment)),
        Contender(name="`import pgmcp`", work=_program("import pgmcp", environment)),
        Contender(name="`import pgmcp; pgmcp.connect()`", work=_program("import pgmcp; pgmcp.connect()", environment)),
        _Start(ours).contender("`pgmcp serve`, its first answer"),
        _Start(ours, "read_table", row).contender("`pgmcp serve`, its first row"),
        _Start(peer).contender(f"{npm.NAME}, its first answer"),
        _Start(peer, "query", query).contender(f"{npm.NAME}, its first row"),
    ]
    return table("From the start of a process", await take_turns(contenders, rounds), with_database=False)


class _Start:
    """A server's start, until it has answered `initialize`, or a tool's call behind that."""

    def __init__(
        self, start: Callable[[], StdioServer], tool: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> None:
        self._start = start
        self._tool = tool
        self._arguments = arguments or {}
        self._started: list[StdioServer] = []

    def contender(self, name: str) -> Contender:
        """This start as a contender."""
        return Contender(name=name, work=self._work, end=self._end)

    async def _work(self) -> None:
        server = self._start()
        self._started.append(server)
        server.initialize()
        if self._tool is not None:
            server.call(self._tool, self._arguments)

    def _end(self) -> None:
        while self._started:
            self._started.pop().close()


def _program(text: str, environment: Mapping[str, str]) -> Work:
    async def work() -> None:
        command = (sys.executable, "-c", text)
        subprocess.run(command, check=True, env=environment)  # noqa: ASYNC221 -- nothing else is to happen meanwhile

    return work
