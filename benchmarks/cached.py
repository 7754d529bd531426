"""What a hit of the cache costs beside the read that it saves: `python -m benchmarks.cached --dsn …`."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import Any

import asyncpg

from pgmcp.adapters.postgres import cache_triggers
from pgmcp.domain.results import Form
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.dispatch import Caller

_ROUNDS, _CALLS = 60, 20
_SCHEMA = """
DROP TABLE IF EXISTS cached_item;
CREATE TABLE cached_item AS SELECT g AS id, 'item ' || g AS name, g / 100.0 AS price, now() AS at
    FROM generate_series(1, 100000) AS g;
ALTER TABLE cached_item ADD PRIMARY KEY (id)
"""
_READS: dict[str, tuple[str, dict[str, Any]]] = {
    "one row by its key": ("read_table", {"table": "cached_item", "filters": {"id": 421}}),
    "one row by its key, in SQL": (
        "execute_query",
        {"query": "SELECT * FROM cached_item WHERE id = $1", "params": [421]},
    ),
    "100 rows of a page": ("read_table", {"table": "cached_item", "limit": 100, "order_by": "id"}),
    "a filter without an index": ("read_table", {"table": "cached_item", "filters": {"name": {"like": "%9999%"}}}),
}


async def main() -> None:
    """Time each read without a cache and with one, in turns; the least of each is what neither waited for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    dsn = parser.parse_args().dsn
    connection = await asyncpg.connect(dsn)
    await connection.execute(_SCHEMA)
    await connection.execute(cache_triggers.make(["cached_item"]))
    await connection.close()
    fresh, kept = build(load({"dsn": dsn}, {})), build(load({"dsn": dsn, "cache": "memory"}, {}))
    try:
        for name, (tool, arguments) in _READS.items():
            while not await _ask(kept, tool, arguments):  # noqa: ASYNC110 -- until it listens
                await asyncio.sleep(0.01)
            rounds = [(await _time(fresh, tool, arguments), await _time(kept, tool, arguments)) for _ in range(_ROUNDS)]
            slow, fast = (min(each) for each in zip(*rounds, strict=True))
            paired = statistics.median(read / hit for read, hit in rounds)
            print(
                f"{name}: read {slow * 1e6:.0f} µs, hit {fast * 1e6:.0f} µs, {slow / fast:.1f} times;"
                f" median of the rounds {paired:.1f} times"
            )
    finally:
        await fresh.aclose()
        await kept.aclose()


async def _ask(database: Database, tool: str, arguments: dict[str, Any]) -> bool:
    answer = await database.dispatcher.dispatch(database.handlers[tool], arguments, Caller(form=Form.WIRE))
    return bool(getattr(answer, "cached", None))


async def _time(database: Database, tool: str, arguments: dict[str, Any]) -> float:
    began = time.perf_counter()
    for _ in range(_CALLS):
        await _ask(database, tool, arguments)
    return (time.perf_counter() - began) / _CALLS


if __name__ == "__main__":
    asyncio.run(main())
