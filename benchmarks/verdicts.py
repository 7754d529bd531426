"""What the guard costs a raw statement: `python -m benchmarks.verdicts [--rounds N]`.

Repeated statements: the verdict by itself, and a statement with the guard beside one without, in turns. New statements,
no two alike: with `guard=resolved` beside `guard=names`, which asks nothing, in turns; the difference is what a verdict
takes beside the statement's own execution, in the median and in the quickest tenth, which a busy machine disturbs less.
The aims are 20 µs and 3 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from statistics import median, quantiles
from typing import Any

from attrs import evolve, frozen

from benchmarks.database import bench_database
from benchmarks.tables import KILOBYTE
from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.plans import Plan
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.requests import ExecuteQueryRequest
from pgmcp.domain.settings import Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.dispatch import Caller

_MS, _US = 1e3, 1e6
_KINDS = {
    "one table": "SELECT a.id FROM {table} AS a WHERE a.id = {number}",
    "three tables": "SELECT a.id FROM {table} AS a JOIN {table} AS b USING (id) JOIN {table} AS c USING (id)"
    " WHERE a.id = {number}",
}
_POLICY: dict[str, Any] = {"tables": [{"match": "public.*", "allow": ["read"], "hide": ["nothing"]}]}


@frozen
class Timed:
    """A way to do something, and the seconds that it took each time."""

    name: str
    run: Callable[[str], Awaitable[object]]
    took: list[float]


async def in_turns(ways: Sequence[Timed], texts: Sequence[str]) -> None:
    """Do each of the texts in every way, in an order that changes with each."""
    for number, text in enumerate(texts):
        for way in ways if number % 2 else ways[::-1]:
            began = time.perf_counter()
            await way.run(text)
            way.took.append(time.perf_counter() - began)


def tenth(took: Sequence[float]) -> float:
    """What the quickest tenth stays below."""
    return quantiles(took, n=10)[0]


@asynccontextmanager
async def database(dsn: str, driver: str, guard: str, policy: dict[str, Any] | None) -> AsyncIterator[Database]:
    """A database under one guard."""
    settings = Settings(dsn=Secret(dsn), driver=driver, guard=guard, pool_min=1, pool_max=1)
    made = build(settings if policy is None else evolve(settings, policy=parse_policy(policy)))
    try:
        yield made
    finally:
        await made.aclose()


def asking(made: Database) -> Callable[[str], Awaitable[object]]:
    """Runs a statement as a call."""

    async def ask(text: str) -> object:
        return await made.dispatcher.dispatch(made.tool("execute_query"), {"query": text}, Caller())

    return ask


async def repeated(made: Database, rounds: int, text: str) -> float:
    """Microseconds of a kept verdict."""
    guard = made.dispatcher._guard  # noqa: SLF001 -- what is measured is one station, not a call
    tool = made.tool("execute_query")
    call = CallContext(id=CallId("bench"), tool="execute_query", deadline=time.monotonic() + 60)
    plan: Plan = await tool.plan(ExecuteQueryRequest(query=text), call)
    await guard.judge(plan, call)
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(100):
            await guard.judge(plan, call)
        took.append((time.perf_counter() - began) / 100)
    return median(took) * _US


async def measure(rounds: int) -> None:
    """Measure on either driver."""
    numbers = itertools.count()
    print("| driver | what | median | quickest tenth | aim |\n| --- | --- | --- | --- | --- |")
    async with bench_database() as bench:
        for driver in ("asyncpg", "psycopg"):
            async with (
                database(bench.dsn, driver, "resolved", None) as judged,
                database(bench.dsn, driver, "resolved", _POLICY) as ruled,
                database(bench.dsn, driver, "names", None) as plain,
            ):
                text = f"SELECT id FROM {KILOBYTE.name} WHERE id = 1"
                print(f"| {driver} | a kept verdict | {await repeated(judged, rounds, text):.1f} µs | | 20 µs |")
                for kind, form in _KINDS.items():
                    texts = [form.format(table=KILOBYTE.name, number=next(numbers)) for _ in range(rounds)]
                    ways = [Timed(name, asking(made), []) for name, made in _named(judged, ruled, plain)]
                    await in_turns(ways, texts)
                    for way in ways[:-1]:
                        told = " | ".join(
                            f"{(of(way.took) - of(ways[-1].took)) * _MS:.2f} ms beside {of(ways[-1].took) * _MS:.2f} ms"
                            for of in (median, tenth)
                        )
                        print(f"| {driver} | a new verdict, {kind}, {way.name} | {told} | 3 ms |")


def _named(judged: Database, ruled: Database, plain: Database) -> list[tuple[str, Database]]:
    return [("no policy", judged), ("under a policy", ruled), ("names", plain)]


def main() -> None:
    """Measure as often as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    asyncio.run(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
