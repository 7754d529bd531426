"""Runs the benchmarks and prints what they measured as Markdown: `scripts/bench [PART…] [--rounds N]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from benchmarks import cancelling, leases, npm, pipeline, reads, startup, watching, wire
from benchmarks.database import BenchDatabase, bench_database

# In the order in which they run, with the rounds that keep the whole under three minutes.
_WITHOUT_DATABASE: dict[str, tuple[Callable[[int], Awaitable[str]], int]] = {
    "pipeline": (pipeline.run, 15),
    # On a server of its own, that is reached in several ways.
    "leases": (leases.run, 7),
}
_WITH_DATABASE: dict[str, tuple[Callable[[BenchDatabase, int], Awaitable[str]], int]] = {
    "key": (reads.by_key, 11),
    "rows": (reads.many_rows, 5),
    "wire": (wire.run, 5),
    "start": (startup.run, 3),
    "cancelling": (cancelling.run, 11),
    "watching": (watching.run, 21),
}
# Those that another server takes part in, which has to be installed.
_BESIDE_NPM = frozenset({"key", "rows", "start"})
_PARTS = (*_WITHOUT_DATABASE, *_WITH_DATABASE)


async def _main(parts: list[str], rounds: int | None) -> None:
    started = time.monotonic()
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs, ", end="")
    print(f"load {os.getloadavg()[0]:.1f} at the start\n")
    for name, (part, usual) in _WITHOUT_DATABASE.items():
        if name in parts:
            print(await part(rounds or usual), flush=True)
    chosen = {name: each for name, each in _WITH_DATABASE.items() if name in parts}
    async with AsyncExitStack() as resources:
        if chosen:
            if _BESIDE_NPM & chosen.keys():
                npm.install()
            database = await resources.enter_async_context(bench_database())
            for reading, usual in chosen.values():
                print(await reading(database, rounds or usual), flush=True)
    print(f"Measured in {time.monotonic() - started:.0f} s.")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure pgmcp beside its peers.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(_PARTS)} (all)")
    parser.add_argument("--rounds", type=int, help="turns of each contender")
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(_PARTS))
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")
    asyncio.run(_main(given.parts or list(_PARTS), given.rounds))


if __name__ == "__main__":
    main()
