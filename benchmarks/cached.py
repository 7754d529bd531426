"""What a hit of the cache costs beside the read that it saves: `python -m benchmarks.cached --dsn …`."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from itertools import chain
from typing import Any

import asyncpg

from pgmcp.adapters.postgres import cache_triggers
from pgmcp.domain.results import Form
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.dispatch import Caller

_ROUNDS, _CALLS = 150, 20
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
    """Time each read without a cache and with one, in turns; the least of each is what nobody else took time from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--driver", default="asyncpg")
    asked = parser.parse_args()
    dsn, driver = asked.dsn, asked.driver
    connection = await asyncpg.connect(dsn)
    await connection.execute(_SCHEMA)
    await connection.execute(cache_triggers.make(["cached_item"]))
    await connection.close()
    fresh, kept = (build(load({"dsn": dsn, "driver": driver, **more}, {})) for more in ({}, {"cache": "memory"}))
    try:
        for name, (tool, arguments) in _READS.items():
            while not await _ask(kept, tool, arguments):  # noqa: ASYNC110 -- until it listens
                await asyncio.sleep(0.01)
            # As MCP brings them, so that a call is known by its bytes.
            said = json.dumps(arguments).encode()
            rounds = [(await _time(fresh, tool, said), await _time(kept, tool, said)) for _ in range(_ROUNDS)]
            slow, fast = (sorted(chain.from_iterable(each)) for each in zip(*rounds, strict=True))
            shares = [
                f"{what} {slow[at] * 1e6:.0f} µs and {fast[at] * 1e6:.0f} µs, {slow[at] / fast[at]:.1f} times"
                for what, at in (("the least", 0), ("2nd percentile", len(slow) // 50), ("median", len(slow) // 2))
            ]
            print(f"{name}, read and hit: {'; '.join(shares)}")
    finally:
        await fresh.aclose()
        await kept.aclose()


async def _ask(database: Database, tool: str, arguments: dict[str, Any] | bytes) -> bool:
    answer = await database.dispatcher.dispatch(database.handlers[tool], arguments, Caller(form=Form.WIRE))
    return bool(getattr(answer, "cached", None))


async def _time(database: Database, tool: str, arguments: bytes) -> list[float]:
    taken = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        await _ask(database, tool, arguments)
        taken.append(time.perf_counter() - began)
    return taken


if __name__ == "__main__":
    asyncio.run(main())
