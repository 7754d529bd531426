"""A server that crashes and comes back under load."""

from __future__ import annotations

import asyncio
from collections import Counter

import asyncpg
import pytest

import pgmcp
from tests.fixtures.answers import outcome_of, rows_after
from tests.fixtures.servers import fragile_server

CLIENTS = 16
CRASHES = 3


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_a_crash_under_load_loses_nothing_that_was_promised(driver: str) -> None:
    """Sixteen clients write while the server is stopped in immediate mode and started again, several times over."""
    said: dict[str, str] = {}
    over = asyncio.Event()
    async with fragile_server() as fragile:
        dsn = fragile.server.dsn
        admin = await asyncpg.connect(dsn)
        await admin.execute("CREATE TABLE item (tag text NOT NULL)")
        await admin.close()

        async def client(number: int, db: pgmcp.Client) -> None:
            turn = 0
            while not over.is_set():
                tag = f"{number}.{turn}"
                turn += 1
                if turn % 3:
                    work = db.call(pgmcp.CreateRequest(table="item", data={"tag": tag}))
                else:
                    records = [{"tag": tag}] * 3
                    work = db.call(pgmcp.CreateBatchRequest(table="item", records=records, batch_size=1))
                said[tag] = await outcome_of(work)
                if said[tag] != "committed":
                    # What is refused at once takes no time at all, and nobody else would ever have any.
                    await asyncio.sleep(0.02)

        async with pgmcp.connect(
            dsn, driver=driver, access="write", pool_max=8, call_timeout_s=5, breaker_cooldown_s=0.2
        ) as db:
            clients = [asyncio.create_task(client(number, db)) for number in range(CLIENTS)]
            for _ in range(CRASHES):
                before = Counter(said.values())["committed"]
                while Counter(said.values())["committed"] < before + 200:  # noqa: ASYNC110 -- the clients are what is waited for
                    await asyncio.sleep(0.01)
                await fragile.crash()
                await fragile.start()
            # The way is free again, without anybody having done anything for it.
            before = Counter(said.values())["committed"]
            while Counter(said.values())["committed"] < before + 200:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.01)
            over.set()
            await asyncio.gather(*clients)

        watcher = await asyncpg.connect(dsn)
        rows = await watcher.fetch("SELECT tag, count(*) FROM item GROUP BY tag")
        await watcher.close()
    there = Counter({str(row["tag"]): int(row["count"]) for row in rows})
    wrong = {}
    for tag, outcome in said.items():
        whole = 1 if (int(tag.partition(".")[2]) + 1) % 3 else 3
        if there[tag] not in rows_after(outcome, whole):
            wrong[tag] = (outcome, there[tag])
    assert wrong == {}
    assert there.keys() <= said.keys()
