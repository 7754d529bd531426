"""What a transaction that a caller holds costs in instructions: `python -m benchmarks.instructions [DRIVER…]`.

Times on a machine that others use vary by half; the instructions that a process runs for the same work hardly do, so
that a change of a hundredth shows. Counted are those of this process alone, outside the kernel: PostgreSQL works in its
own. It takes valgrind, whose callgrind counts them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.database import bench_database
from benchmarks.leases import DRIVERS, Job, contenders
from benchmarks.measuring import Contender

# So many that what is told by the many (a hundred or so events together) is told as often as it is in the long run.
_CALLS = 600
_TOTALS = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


async def _main(drivers: Sequence[str]) -> None:
    async with bench_database() as database:
        for driver in drivers:
            with tempfile.TemporaryDirectory() as folder:
                command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/c"]
                command += [sys.executable, "-m", "benchmarks.instructions", driver]
                command += ["--dsn", database.dsn, "--folder", folder]
                process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
                if await process.wait():
                    sys.exit(f"{driver}: could not be counted")


async def _counted(driver: str, dsn: str, folder: Path) -> None:
    """Under callgrind: a dump for each contender's calls, and what stands there."""
    async with AsyncExitStack() as resources:
        jobs = await contenders(dsn, driver, resources)
        for job in jobs:
            for each in job.contenders:
                await each.work()
        gc.collect()
        gc.freeze()
        # It comes by chance, and then it looks through everything.
        gc.disable()
        _control("--instr=on")
        for job in jobs:
            print(_table(driver, job, [await _count(each, folder) for each in job.contenders]), flush=True)
        _control("--instr=off")
        gc.enable()


async def _count(contender: Contender, folder: Path) -> float:
    """The instructions of one of its calls."""
    _control("--zero")
    for _ in range(_CALLS // contender.calls):
        await contender.work()
    _control("--dump")
    return _latest(folder) / _CALLS


def _latest(folder: Path) -> int:
    """What the dump says that was written last."""
    dump = max(folder.glob("c.*"), key=lambda each: int(each.suffix[1:]))
    counted = _TOTALS.search(dump.read_text())
    if counted is None:
        raise ValueError("a dump without a sum")
    return int(counted[1])


def _table(driver: str, job: Job, counts: Sequence[float]) -> str:
    lines = [f"| {driver}: {job.title} | instructions | ratio |", "| --- | ---: | ---: |"]
    for contender, count in zip(job.contenders, counts, strict=True):
        lines.append(f"| {contender.name} | {count:,.0f} | {count / counts[0]:.2f} |")
    return "\n".join(lines) + "\n"


def _control(word: str) -> None:
    subprocess.run(["callgrind_control", word, str(os.getpid())], check=True, capture_output=True)  # noqa: S607 -- words of our own


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description="Count instructions.")
    parser.add_argument("drivers", nargs="*", metavar="DRIVER", help=f"of {', '.join(DRIVERS)} (all)")
    parser.add_argument("--dsn", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.dsn is None:
        asyncio.run(_main(given.drivers or DRIVERS))
    else:
        asyncio.run(_counted(given.drivers[0], given.dsn, given.folder))


if __name__ == "__main__":
    main()
