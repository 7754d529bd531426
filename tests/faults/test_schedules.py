"""More than a thousand lines that break at random: what the answers say is what is there."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import asyncpg
import pytest
from attrs import define

import pgmcp
from tests.fixtures.answers import outcome_of, rows_after
from tests.fixtures.disturbing import Disturbance, DisturbingProxy, Kind, Way, disturbing_proxy
from tests.fixtures.postgres import MakeDatabase

# What happened in so many schedules is looked at; where the machine is so busy that a call's time is over before
# anything could happen, more are tried.
SCHEDULES = 1020
AGENTS = 20
ROWS = 3
KINDS = ("single", "keyed", "batches", "lease")


@define(frozen=True)
class Said:
    """What an answer said of a write of so many rows."""

    outcome: str
    rows: int
    may_be_unknown: bool


Bytes = dict[tuple[str, Way], int]
"""How many bytes a write of each kind sends and receives once its statements are known."""


def disturbance(luck: random.Random, kind: str, passed: Bytes) -> Disturbance:
    """Any of them, anywhere in what a write sends and receives."""
    way = luck.choice(list(Way))
    return Disturbance(
        kind=luck.choice(list(Kind)),
        way=way,
        after=luck.randrange(passed[kind, way]),
        seconds=luck.uniform(0, 0.1),
    )


async def write(db: pgmcp.Client, tag: str, kind: str) -> Said:
    """One write, and what is said of it."""
    match kind:
        case "single":
            said = await outcome_of(db.call(pgmcp.CreateRequest(table="item", data={"tag": tag})))
            return Said(said, 1, may_be_unknown=True)
        case "keyed":
            request = pgmcp.CreateRequest(table="item", data={"tag": tag}, idempotency_key=tag)
            return Said(await outcome_of(db.call(request)), 1, may_be_unknown=False)
        case "batches":
            records = [{"tag": tag}] * ROWS
            batches = pgmcp.CreateBatchRequest(table="item", records=records, batch_size=1)
            return Said(await outcome_of(db.call(batches)), ROWS, may_be_unknown=False)
        case _:
            return Said(await outcome_of(hold(db, tag)), ROWS, may_be_unknown=False)


async def hold(db: pgmcp.Client, tag: str) -> None:
    """Write some rows in a transaction that is held between calls, one of them twice and once taken back."""
    async with db.transaction() as tx:
        for _ in range(ROWS):
            await tx.call(pgmcp.CreateRequest(table="item", data={"tag": tag}))
        await tx.call(pgmcp.CreateSavepointRequest(transaction_id=tx.id, name="here"))
        await tx.call(pgmcp.CreateRequest(table="item", data={"tag": tag}))
        await tx.call(pgmcp.RollbackTransactionRequest(transaction_id=tx.id, savepoint="here"))


async def calm(proxy: DisturbingProxy, db: pgmcp.Client, said: dict[str, Said], seed: int) -> Bytes:
    """Write each kind until its statements are known, and count what the last of each sends and receives."""
    counted: Bytes = {}
    for turn in range(3):
        for kind in KINDS:
            before = dict(proxy.passed)
            tag = f"{seed}.first {turn}.{kind}"
            said[tag] = await write(db, tag, kind)
            counted |= {(kind, way): proxy.passed[way] - before[way] for way in Way}
    return counted


async def agent(proxy: DisturbingProxy, driver: str, share: int, seed: int, happened: list[bool]) -> dict[str, Said]:
    """One write after another, each on a line that is disturbed."""
    said: dict[str, Said] = {}
    luck = random.Random(seed)
    patient = pgmcp.connect(proxy.dsn, driver=driver, access="write", pool_max=2)
    async with patient as db:
        passed = await calm(proxy, db, said, seed)
    async with pgmcp.connect(
        proxy.dsn, driver=driver, access="write", pool_max=2, call_timeout_s=0.5, breaker_failures=1_000_000
    ) as db:
        met = 0
        for number in range(5 * share):
            if met == share:
                break
            kind = luck.choice(KINDS)
            # A write that nobody disturbs comes first: the line is known to work.
            proxy.plan(None)
            tag = f"{seed}.{number}.calm"
            said[tag] = await write(db, tag, "single")
            proxy.plan(disturbance(luck, kind, passed))
            tag = f"{seed}.{number}.{kind}"
            said[tag] = await write(db, tag, kind)
            met += proxy.happened
            happened.append(proxy.happened)
    return said


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_rows_are_those_that_the_answers_said(make_database: MakeDatabase, driver: str) -> None:
    """Nothing that was committed is missing, nothing that was rolled back is there, and nothing is there twice."""
    dsn = await make_database("CREATE TABLE item (tag text NOT NULL)")
    each = SCHEDULES // AGENTS
    said: dict[str, Said] = {}
    happened: list[bool] = []

    async def one(seed: int) -> None:
        async with disturbing_proxy(dsn) as proxy:
            said.update(await agent(proxy, driver, each, seed, happened))

    await asyncio.gather(*(one(seed) for seed in range(AGENTS)))
    watcher = await asyncpg.connect(dsn)
    rows = await watcher.fetch("SELECT tag, count(*) FROM item GROUP BY tag")
    await watcher.close()
    there = Counter({str(row["tag"]): int(row["count"]) for row in rows})
    wrong = {
        tag: (what, there[tag]) for tag, what in said.items() if there[tag] not in rows_after(what.outcome, what.rows)
    }
    assert wrong == {}
    assert {tag: what for tag, what in said.items() if what.outcome == "unknown" and not what.may_be_unknown} == {}
    # Of those in which something happened there are enough.
    assert happened.count(True) > 1000, happened.count(True)
    assert {what.outcome for what in said.values()} >= {"committed", "rolled_back", "unknown"}
