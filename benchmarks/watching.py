"""What it costs to be watched: a read by key through the pipeline, unheard, and with metrics, log and audit."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.database import BenchDatabase
from benchmarks.measuring import Contender, Measured, Turn, Work, take_turns
from benchmarks.tables import KILOBYTE
from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.bootstrap.observing import log_observer
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.mcp.toolbox import CallControls

_CALLS = 100
_ARGUMENTS = json.dumps({"table": KILOBYTE.name, "filters": {"id": 421}, "limit": 1}).encode()
_SAMPLED = {"all calls": 1.0, "0.01 of them": 0.01}


async def run(database: BenchDatabase, rounds: int) -> str:
    """Time reads that are unheard, and reads that are watched, in turns."""
    async with AsyncExitStack() as resources:
        audit = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="pgmcp-bench-")))
        # The second one shows how far apart two of a kind come out.
        contenders = [
            Contender(name=name, work=_asked(await _unheard(database, resources)), calls=_CALLS)
            for name in ("unheard", "unheard, once more")
        ]
        for name, share in _SAMPLED.items():
            settings = load({"dsn": database.dsn, "metrics_sample": share}, {})
            alone = await _entered(build(settings), resources)
            contenders.append(Contender(name=f"metrics, {name}", work=_asked(alone), calls=_CALLS))
            settings = load(
                {
                    "dsn": database.dsn,
                    "metrics_sample": share,
                    "log_format": "json",
                    "audit_file": str(audit / f"{share}.jsonl"),
                },
                {},
            )
            watched = await _entered(build(settings, observer=log_observer(settings)), resources)
            contenders.append(Contender(name=f"metrics, {name}, log and audit", work=_asked(watched), calls=_CALLS))
        return _table(await take_turns(contenders, rounds))


async def _unheard(database: BenchDatabase, resources: AsyncExitStack) -> Database:
    settings = load({"dsn": database.dsn, "metrics_sample": 0, "metrics_history": 0}, {})
    return await _entered(build(settings), resources)


async def _entered(made: Database, resources: AsyncExitStack) -> Database:
    resources.push_async_callback(made.aclose)
    return made


def _asked(database: Database) -> Work:
    router = MCPRouter(database)

    async def work() -> None:
        for _ in range(_CALLS):
            controls = CallControls(id=secrets.token_hex(8), principal=Principal())
            answer = await router.call("read_table", _ARGUMENTS, controls)
            assert not answer.is_error

    return work


def _wall(turn: Turn) -> float:
    return turn.wall


def _cpu(turn: Turn) -> float:
    return turn.cpu


def _table(measured: Sequence[Measured]) -> str:
    first = measured[0]
    lines = [
        "### A read by key, watched",
        "| | wall, median | wall, best | CPU, median | beside unheard: wall | CPU |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {each.name} | {each.middle(_wall) * 1e6:.0f} µs | {each.best(_wall) * 1e6:.0f} µs"
        f" | {each.middle(_cpu) * 1e6:.0f} µs | {each.against(first, _wall) - 1:+.1%}"
        f" | {each.against(first, _cpu) - 1:+.1%} |"
        for each in measured
    ]
    return "\n".join(lines) + "\n"
