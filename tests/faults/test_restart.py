"""A server that crashes and comes back under load."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine

import asyncpg
import pytest

import pgmcp
from tests.fixtures.answers import outcome_of, rows_after
from tests.fixtures.servers import fragile_server

CLIENTS = 16
CRASHES = 3
# Rows that a write of each kind adds.
ROWS = {"single": 1, "keyed": 1, "several": 3}


@pytest.mark.slow
async def test_a_crash_under_load_loses_nothing_that_was_promised(driver: str) -> None:
    """Sixteen clients write while the server is stopped in immediate mode and started again, several times over.

    Each write is one by itself, one with a key, or several in one transaction; only of the first may nothing be known.
    """
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
                work: Coroutine[object, object, object]
                match kind_of(tag):
                    case "single":
                        work = db.call(pgmcp.CreateRequest(table="item", data={"tag": tag}))
                    case "keyed":
                        work = db.call(pgmcp.CreateRequest(table="item", data={"tag": tag}, idempotency_key=tag))
                    case _:
                        work = hold(db, tag)
                said[tag] = await outcome_of(work)
                if said[tag] != "committed":
                    # What is refused at once takes no time at all, and nobody else would ever have any.
                    await asyncio.sleep(0.02)

        async with pgmcp.connect(
            dsn, driver=driver, access="write", pool_max=8, leases_per_principal=4, breaker_cooldown_s=0.2, settle_s=20
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
        if there[tag] not in rows_after(outcome, ROWS[kind_of(tag)]):
            wrong[tag] = (outcome, there[tag])
    assert wrong == {}
    assert there.keys() <= said.keys()
    assert {kind_of(tag) for tag, outcome in said.items() if outcome == "unknown"} <= {"single"}
    assert {kind_of(tag) for tag, outcome in said.items() if outcome == "committed"} == ROWS.keys()


def kind_of(tag: str) -> str:
    """What kind of write has a tag: they take turns."""
    return list(ROWS)[int(tag.partition(".")[2]) % len(ROWS)]


async def hold(db: pgmcp.Client, tag: str) -> None:
    """Write several rows in a transaction that is held between calls, or in batches, by turns."""
    if int(tag.partition(".")[2]) % 2:
        records = [{"tag": tag}] * ROWS["several"]
        await db.call(pgmcp.CreateBatchRequest(table="item", records=records, batch_size=1))
        return
    async with db.transaction() as tx:
        for _ in range(ROWS["several"]):
            await tx.call(pgmcp.CreateRequest(table="item", data={"tag": tag}))
