"""Contenders take turns: wall time and CPU time of each, and how each stands to the first one, round by round."""

from __future__ import annotations

import resource
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from statistics import median

import psutil
from attrs import field, frozen

_PROC = Path("/proc")
_NS = 1e9

Work = Callable[[], Awaitable[None]]
Pids = Callable[[], Iterable[int]]


def nobody() -> tuple[int, ...]:
    """No process but our own."""
    return ()


def nothing() -> None:
    """Nothing to end."""


@frozen(kw_only=True)
class Contender:
    """One way to do a job.

    Args:
        name: What the table calls it.
        work: Does the job `calls` times.
        calls: How often `work` does it.
        pids: The other processes that take part, beside the benchmark's own and the database's.
        end: Ends the processes that `work` started: their CPU time counts, the time to end them doesn't.
    """

    name: str
    work: Work
    calls: int = 1
    pids: Pids = nobody
    end: Callable[[], None] = nothing


@frozen
class Turn:
    """What one turn took for one call, in seconds.

    Args:
        wall: By the clock.
        cpu: Of the benchmark and the contender's own processes.
        database: CPU time of PostgreSQL's processes.
    """

    wall: float
    cpu: float
    database: float

    @property
    def all_cpu(self) -> float:
        """CPU time of everyone who takes part."""
        return self.cpu + self.database


@frozen(kw_only=True)
class Measured:
    """All turns of one contender."""

    name: str
    turns: Sequence[Turn] = field(repr=False)

    def middle(self, of: Callable[[Turn], float]) -> float:
        """The median over all rounds."""
        return median(map(of, self.turns))

    def best(self, of: Callable[[Turn], float]) -> float:
        """The least of all rounds."""
        return min(map(of, self.turns))

    def against(self, other: Measured, of: Callable[[Turn], float]) -> float:
        """The median of the rounds' ratios: what disturbs a machine for longer than a turn disturbs both."""
        return median(of(mine) / of(theirs) for mine, theirs in zip(self.turns, other.turns, strict=True))


async def take_turns(contenders: Sequence[Contender], rounds: int, database: Pids = nobody) -> list[Measured]:
    """Let each contender warm up once, then have its turn in every round; each round begins with another one."""
    for contender in contenders:
        await contender.work()
        contender.end()
    turns: dict[str, list[Turn]] = {each.name: [] for each in contenders}
    for round_ in range(rounds):
        first = round_ % len(contenders)
        for contender in (*contenders[first:], *contenders[:first]):
            turns[contender.name].append(await _turn(contender, database))
    return [Measured(name=name, turns=taken) for name, taken in turns.items()]


async def _turn(contender: Contender, database: Pids) -> Turn:
    peers, servers = _cpu_of(contender.pids()), _cpu_of(database())
    own, started = _own(), time.perf_counter()
    await contender.work()
    wall = time.perf_counter() - started
    contender.end()
    own = _own() - own
    calls = contender.calls
    return Turn(wall / calls, (own + _since(peers)) / calls, _since(servers) / calls)


def _own() -> float:
    """Our own CPU time, and that of processes of ours that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _cpu_of(pids: Iterable[int]) -> dict[int, float]:
    """The CPU time of each process so far, in seconds."""
    return {pid: cpu_of_process(pid) for pid in pids}


def _since(before: dict[int, float]) -> float:
    """The CPU time of processes since then; one that has ended meanwhile (PostgreSQL's autovacuum) doesn't count."""
    return sum(max(0.0, cpu_of_process(pid) - cpu) for pid, cpu in before.items())


def cpu_of_process(pid: int) -> float:
    """The CPU time of a process so far, in seconds."""
    tasks = _PROC / str(pid) / "task"
    try:
        # Nanoseconds, where psutil's numbers come in hundredths of a second.
        # https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / _NS
    except FileNotFoundError:
        return _coarse(pid)


def _coarse(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
