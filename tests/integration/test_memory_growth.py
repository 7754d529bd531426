"""The memory of a process that reads from a huge table, or writes a huge number of records, stays what it was."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.fixtures.databases import fresh_database
from tests.fixtures.measured import Memory, peak_of
from tests.fixtures.postgres import TestServer
from tests.fixtures.served import COMMAND, call, environment, stdio_wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BIG = """
CREATE UNLOGGED TABLE big AS
SELECT n AS id, 'row ' || n AS name, n / 7.0 AS share FROM generate_series(1, 2000000) AS n;
ALTER TABLE big ADD PRIMARY KEY (id);
CREATE VIEW keyless AS SELECT name, share FROM big;
CREATE UNLOGGED TABLE wide AS SELECT n AS id, repeat('x', 5000) AS text FROM generate_series(1, 2000) AS n;
ALTER TABLE wide ADD PRIMARY KEY (id);
"""
FACT = "CREATE UNLOGGED TABLE fact (id int PRIMARY KEY, name text)"
MILLION = 1_000_000
READS: list[tuple[str, dict[str, Any], int, str | None]] = [
    ("read_table", {"table": "big"}, 100, None),  # read_default_limit: no cap had to cut
    ("read_table", {"table": "big", "limit": 3_000_000}, 1000, "rows"),
    ("read_table", {"table": "keyless", "limit": 3_000_000}, 1000, "rows"),
    ("read_table", {"table": "wide", "limit": 3_000_000}, 52, "bytes"),
    ("execute_query", {"query": "SELECT * FROM big"}, 1000, "rows"),
    ("execute_query", {"query": "SELECT * FROM big", "max_rows": 3_000_000}, 1000, "rows"),
    ("execute_query", {"query": "SELECT * FROM wide"}, 52, "bytes"),
    ("execute_query", {"query": "SELECT * FROM big ORDER BY share DESC"}, 1000, "rows"),
]


async def test_reading_two_million_rows_ends_at_the_caps(postgres: TestServer) -> None:
    """Without a limit, or with one beyond all bounds, an answer has what the caps let through, and so has memory."""
    async with fresh_database(postgres, BIG) as dsn, stdio_wire(dsn) as wire:
        await call(wire, "list_tables", {})
        memory = Memory(wire.server.process.pid)
        found = [(tool, arguments, (await call(wire, tool, arguments)).document) for tool, arguments, _, _ in READS]
        growth = memory.growth
    assert [(tool, arguments, answer["count"], answer.get("truncated")) for tool, arguments, answer in found] == READS
    assert growth < 30


HUGE = "repeat('x', 200000000)"
SAYINGS = (
    ("execute_query", {"query": f"SELECT {HUGE}"}, "row_too_large"),
    ("execute_query", {"query": f"SELECT {HUGE}::int"}, "statement_too_large"),
    ("execute_query", {"query": f"EXPLAIN VERBOSE SELECT {HUGE}"}, "statement_too_large"),
    ("explain_query", {"query": f"SELECT 1 FROM big WHERE name = {HUGE}"}, "statement_too_large"),
    ("execute_query", {"query": "SELECT 1"}, None),
)


async def test_what_postgresql_says_takes_no_more_memory_than_is_taken_of_it(postgres: TestServer) -> None:
    """A value, an error and a plan of 200 MB are refused before they are held; the next call is answered.

    That is asyncpg's; libpq reads on while the server keeps pace, so with psycopg it hangs on the machine.
    """
    async with (
        fresh_database(postgres, BIG.replace("2000000", "2")) as dsn,
        stdio_wire(dsn, driver="asyncpg", statement_timeout_ms=60_000, call_timeout_s=60) as wire,
    ):
        await call(wire, "list_tables", {})
        memory = Memory(wire.server.process.pid)
        found = [(await call(wire, tool, arguments)).document for tool, arguments, _ in SAYINGS]
        growth = memory.growth
    assert [answer.get("error", {}).get("code") for answer in found] == [code for _, _, code in SAYINGS]
    assert growth < 100


async def test_creating_a_million_records_takes_the_memory_of_a_batch(postgres: TestServer, tmp_path: Path) -> None:
    """From an iterator in Python, and from a file of JSON lines by `pgmcp call`: compared with creating one."""
    # Each waits for its server half of the time, so both at once take little longer than one.
    file = tmp_path / "records.jsonl"
    async with fresh_database(postgres, FACT) as one, fresh_database(postgres, FACT) as other:
        growths = await asyncio.gather(_growth(one, "iterator", file), _growth(other, "file", file))
    assert [growth for growth in growths if growth >= 100] == []


async def _growth(dsn: str, way: str, file: Path) -> float:
    """How much more memory, in MB, a process takes for a million records than for one."""
    peaks = []
    env = environment(dsn, access="write", call_timeout_s=500)
    session = await asyncpg.connect(dsn)
    for count in (1, MILLION):
        await session.execute("TRUNCATE fact")
        if way == "iterator":
            command = [sys.executable, "-m", "tests.fixtures.import_many", str(count)]
            expected = f"{count}\n"
        else:
            await asyncio.to_thread(_write_lines, file, count)
            command = [*COMMAND, "call", "create_records", "--table", "fact", "--records", f"@{file}"]
            expected = f'{{"ok":true,"count":{count}}}\n'
        printed, peak = await peak_of(*command, env=env)
        assert printed == expected
        assert await session.fetchval("SELECT count(*) FROM fact WHERE name = 'n' || id") == count
        peaks.append(peak)
    await session.close()
    return peaks[1] - peaks[0]


def _write_lines(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f'{{"id":{number},"name":"n{number}"}}\n' for number in range(count))
