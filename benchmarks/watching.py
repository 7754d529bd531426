"""What it costs to be watched: reads by key on one session, with what hears of them swapped from turn to turn.

Two databases that are served alike differ by more than what is measured here, so all take turns on one.
"""

from __future__ import annotations

import itertools
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from math import floor
from pathlib import Path

from attrs import evolve, frozen

from benchmarks.database import BenchDatabase
from benchmarks.measuring import Contender, Measured, Turn, Work, take_turns
from benchmarks.tables import KILOBYTE
from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.metrics.breaking import BreakerGauge
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.adapters.spare_time import in_spare_time
from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.bootstrap.observing import log_observer
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.mcp.toolbox import CallControls
from pgmcp.ports.observing import Observer
from pgmcp.services.watching import Watch

# Reads of one turn: many enough that what a turn leaves to be done at its end is little beside it.
_CALLS = 200
_WARM_UP = 12_000  # reads until the history is as full as it gets
_QUICK = 5  # percent of the reads, of those that a busy machine disturbs least
_TOGETHER = 64
_ALIKE = '"principal":"local","tool":"read_table","effect":"read","tables":{"public.kilobyte":["id","text"]},'
_ARGUMENTS = b'{"table":"%s","filters":{"id":%%d},"limit":1}' % KILOBYTE.name.encode()


@frozen(kw_only=True)
class Heard:
    """What hears of reads.

    Args:
        share: `metrics_sample`; None without metrics.
        log: Whether the log does, at its usual level.
        audit: Whether each is put on record.
        least: Whether each is put down, and written down by the many, in the shortest way that there is: no metrics and
            no audit can cost less.
    """

    share: float | None = None
    log: bool = False
    audit: bool = False
    least: bool = False


_CONTENDERS: Mapping[str, Heard] = {
    "unheard": Heard(),
    "unheard, once more": Heard(),
    "metrics of all calls": Heard(share=1.0),
    "metrics, `metrics_sample` 0.01": Heard(share=0.01),
    "log": Heard(log=True),
    "audit": Heard(audit=True),
    "the least": Heard(least=True),
    "metrics of all calls, log and audit": Heard(share=1.0, log=True, audit=True),
    "metrics 0.01, log and audit": Heard(share=0.01, log=True, audit=True),
}


async def run(database: BenchDatabase, rounds: int) -> str:
    """Time reads that are unheard, and reads that are watched, in turns."""
    async with AsyncExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="pgmcp-bench-")))
        settings = load(
            {
                "dsn": database.dsn,
                "log_format": "json",
                "audit_file": str(folder / "audit.jsonl"),
                # Every read is of another row, so none is one that was prepared before.
                "prepared_calls": 0,
            },
            {},
        )
        log = log_observer(settings)
        built = build(settings, observer=log)
        resources.push_async_callback(built.aclose)
        reads = Reads(built, log, Least(folder / "least.jsonl"))
        reads.swap(Heard(share=1.0, log=True, audit=True))
        for _ in range(_WARM_UP // _CALLS):
            await reads.turn([])
        times: dict[str, list[float]] = {name: [] for name in _CONTENDERS}
        contenders = [
            Contender(name=name, work=reads.work(heard, times[name]), calls=_CALLS)
            for name, heard in _CONTENDERS.items()
        ]
        return _table(await take_turns(contenders, rounds), times)


class Least:
    """Keeps a tuple of each call, and writes a line of each, many at a time; tells nothing of it that anybody needs."""

    def __init__(self, path: Path) -> None:
        """Write to a file."""
        self._file = path.open("ab", buffering=0)
        self._ended: list[tuple[float, str, float, int]] = []

    def wants_intent(self, _: Watch) -> bool:
        """Never."""
        return False

    def judged(self, _: Watch, __: object) -> None:
        """Nothing of it."""

    def conclude(self, watch: Watch, seconds: float, rows: int = 0, _: BaseException | None = None) -> bool:
        """Put down what differs from call to call."""
        self._ended.append((time.time(), watch.call, seconds, rows))
        if len(self._ended) == _TOGETHER:
            in_spare_time(self._write)
        return True

    def _write(self) -> None:
        ended, self._ended = self._ended, []
        lines = [
            f'{{"time":{floor(at * 1e3)},"call":"{call}",{_ALIKE}"us":{floor(seconds * 1e6)},"rows":{rows}}}\n'
            for at, call, seconds, rows in ended
        ]
        self._file.write("".join(lines).encode("ascii"))


class Reads:
    """Reads of one database, and what hears of them."""

    def __init__(self, database: Database, log: Observer, least: Least) -> None:
        """Swap `log`, the metrics and the audit of a database, which `least` is in the place of."""
        self._router = MCPRouter(database)
        self._settings = database.settings
        self._history = database.history
        self._log = log
        # Nobody but a benchmark takes these from a database that is served: they are what is swapped.
        self._dispatcher = database.dispatcher
        self._audit = self._dispatcher._audit  # noqa: SLF001 -- as above
        self._lines = self._audit._log  # noqa: SLF001 -- as above
        self._least = least
        self._fan = self._dispatcher._observer  # noqa: SLF001 -- as above
        self._keys = itertools.cycle(range(1, KILOBYTE.rows + 1))

    def work(self, heard: Heard, times: list[float]) -> Work:
        """A turn of reads that are heard so, which adds the time of each."""

        async def turn() -> None:
            self.swap(heard)
            await self.turn(times)

        return turn

    def swap(self, heard: Heard) -> None:
        """From now on reads are heard so."""
        clock, share = SystemClock(), 0.0 if heard.share is None else heard.share
        observers: list[Observer] = [BreakerGauge()]
        if heard.share is not None:
            observers.append(MetricsRecorder(self._history, clock))
        if heard.log:
            observers.append(self._log)
        told = evolve(
            self._settings, metrics_sample=share, audit_file=self._settings.audit_file if heard.audit else None
        )
        # In their places, since others hold them too.
        self._fan.__init__(observers)  # type: ignore[misc]  # as above
        self._audit.__init__(self._lines, clock, told)  # type: ignore[misc]  # as above
        self._dispatcher._settings = told  # noqa: SLF001 -- as above
        self._dispatcher._audit = self._least if heard.least else self._audit  # type: ignore[assignment] # noqa: SLF001

    async def turn(self, times: list[float]) -> None:
        """Read, and do what was left to be done later."""
        now = time.perf_counter
        for _ in range(_CALLS):
            arguments = _ARGUMENTS % next(self._keys)
            controls = CallControls(id=secrets.token_hex(8), principal=Principal())
            began = now()
            answer = await self._router.call("read_table", arguments, controls)
            times.append(now() - began)
            assert not answer.is_error
        self._history.totals()  # has waiting calls counted
        await self._lines.room()


def _wall(turn: Turn) -> float:
    return turn.wall


def _cpu(turn: Turn) -> float:
    return turn.cpu


def _table(measured: Sequence[Measured], times: Mapping[str, list[float]]) -> str:
    first = measured[0]
    beside = _quick(times[first.name])
    lines = [
        f"### A read by key, watched: {len(times[first.name])} reads of each",
        f"| | a quick read ({_QUICK} %) | CPU, median | beside unheard: a quick read | a turn's mean | CPU |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in measured:
        quick = _quick(times[each.name])
        lines.append(
            f"| {each.name} | {quick * 1e6:.1f} µs | {each.middle(_cpu) * 1e6:.0f} µs"
            f" | {(quick - beside) * 1e6:+.1f} µs, {quick / beside - 1:+.1%}"
            f" | {each.against(first, _wall) - 1:+.1%} | {each.against(first, _cpu) - 1:+.1%} |"
        )
    return "\n".join(lines) + "\n"


def _quick(times: Sequence[float]) -> float:
    """What a read takes when nothing gets in its way: of all in order of their time, the one at `_QUICK` %."""
    return sorted(times)[len(times) * _QUICK // 100]
