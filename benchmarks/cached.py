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

_CALLS = 300
_SCHEMA = """
DROP TABLE IF EXISTS cached_item;
CREATE TABLE cached_item AS SELECT g AS id, 'item ' || g AS name, g / 100.0 AS price, now() AS at
    FROM generate_series(1, 100000) AS g;
ALTER TABLE cached_item ADD PRIMARY KEY (id)
"""
_READS: dict[str, dict[str, Any]] = {
    "one row by its key": {"filters": {"id": 421}},
    "100 rows of a page": {"limit": 100, "order_by": "id"},
    "a filter without an index": {"filters": {"name": {"like": "%9999%"}}},
}


async def main() -> None:
    """Time each read without a cache and with one that has it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    dsn = parser.parse_args().dsn
    connection = await asyncpg.connect(dsn)
    await connection.execute(_SCHEMA)
    await connection.execute(cache_triggers.make(["cached_item"]))
    await connection.close()
    fresh, kept = build(load({"dsn": dsn}, {})), build(load({"dsn": dsn, "cache": "memory"}, {}))
    try:
        for name, arguments in _READS.items():
            while not await _read(kept, arguments):  # noqa: ASYNC110 -- until it listens
                await asyncio.sleep(0.01)
            slow, fast = await _time(fresh, arguments), await _time(kept, arguments)
            print(f"{name}: read {slow * 1e6:.0f} µs, hit {fast * 1e6:.0f} µs, {slow / fast:.1f} times")
    finally:
        await fresh.aclose()
        await kept.aclose()


async def _read(database: Database, arguments: dict[str, Any]) -> bool:
    request = {"table": "cached_item", **arguments}
    answer = await database.dispatcher.dispatch(database.handlers["read_table"], request, Caller(form=Form.WIRE))
    return bool(getattr(answer, "cached", None))


async def _time(database: Database, arguments: dict[str, Any]) -> float:
    taken = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        await _read(database, arguments)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    asyncio.run(main())
