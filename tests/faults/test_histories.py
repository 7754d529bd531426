"""What many agents do at once is as if they had done it one after the other, as far as their isolation level says."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator, Sized
from typing import Any

import asyncpg
import pytest
from attrs import define, field

from pgmcp.domain.errors import PgmcpError
from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import Isolation, Outcome, Transaction, TransactionOptions
from tests.fixtures.killing import killer
from tests.fixtures.pool import Way, a_call, way_to
from tests.fixtures.postgres import MakeDatabase

AGENTS = 16
ACCOUNTS = 8
EACH = 100
# So many transactions end before the next backend is killed.
_BETWEEN = 3

BANK = f"""
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0));
INSERT INTO account SELECT g, {EACH} FROM generate_series(1, {ACCOUNTS}) g;
CREATE TABLE done (tag text PRIMARY KEY);
"""
LISTS = """
CREATE TABLE list (key int PRIMARY KEY, items int[] NOT NULL);
INSERT INTO list SELECT g, '{}' FROM generate_series(1, 6) g;
"""


async def run(way: Way, within: Transaction, text: str, *values: object) -> list[str | None]:
    """The first column of what a statement gives inside a transaction."""
    statement = Statement(text, tuple(str(value) for value in values))
    found = await way.runner.run(statement, a_call(), need=Need.WRITE, kind="test", within=within)
    return [row[0] for row in found.rows]


async def ended(way: Way, transaction: Transaction, *, commit: bool) -> Outcome:
    """How a transaction ended, by its own word."""
    if not commit:
        return await transaction.rollback()
    try:
        return await transaction.commit(a_call())
    except PgmcpError as error:
        return Outcome(error.details["outcome"])


async def between(agents: asyncio.Future[Any], said: Sized, seconds: float) -> bool:
    """Wait until the next backend may be killed, whether there is a next one.

    However slow everything is, some come to their end in between.
    """
    before = len(said)
    await asyncio.wait({agents}, timeout=seconds)
    while not agents.done() and len(said) < before + _BETWEEN:
        await asyncio.wait({agents}, timeout=0.01)
    return not agents.done()


async def transfer(way: Way, isolation: Isolation, tag: str, luck: random.Random) -> Outcome:
    """Move some money and note that it was moved, or give up in the middle of it."""
    try:
        transaction = await way.work.begin(TransactionOptions(isolation=isolation), a_call())
    except PgmcpError:
        return Outcome.ROLLED_BACK
    try:
        giver, taker = luck.sample(range(1, ACCOUNTS + 1), 2)
        amount = luck.randrange(1, 40)
        take = "UPDATE account SET balance = balance - $1::text::int4 WHERE id = $2::text::int4"
        await run(way, transaction, take, amount, giver)
        if luck.random() < 0.1:
            return await transaction.rollback()
        await run(way, transaction, take, -amount, taker)
        await run(way, transaction, "INSERT INTO done VALUES ($1)", tag)
        return await ended(way, transaction, commit=luck.random() > 0.1)
    except PgmcpError:
        return await transaction.rollback()


@pytest.mark.slow
@pytest.mark.parametrize("isolation", list(Isolation))
async def test_money_is_neither_made_nor_lost(make_database: MakeDatabase, driver: str, isolation: Isolation) -> None:
    """Sixteen agents, some of which give up, on backends some of which are killed."""
    dsn = await make_database(BANK)
    said: dict[str, Outcome] = {}
    async with way_to(dsn, pool_max=AGENTS) as way, killer(dsn) as watch:

        async def agent(number: int) -> None:
            luck = random.Random(number)
            for turn in range(12):
                tag = f"{number}.{turn}"
                said[tag] = await transfer(way, isolation, tag, luck)

        agents = asyncio.gather(*(agent(number) for number in range(AGENTS)))
        luck = random.Random(99)
        while await between(agents, said, luck.uniform(0.01, 0.1)):
            await watch.kill_one(luck.random())
            assert await watch.ask("SELECT sum(balance) FROM account") == ACCOUNTS * EACH
        await agents
        done = await watch.ask("SELECT array_agg(tag) FROM done")
    assert sorted(done) == sorted(tag for tag, outcome in said.items() if outcome is Outcome.COMMITTED)
    assert Outcome.UNKNOWN not in said.values()
    assert len(done) > AGENTS


@define
class Seen:
    """What one committed transaction read and appended, by key."""

    number: int
    reads: dict[int, list[int]] = field(factory=dict)
    appends: dict[int, int] = field(factory=dict)


async def append(way: Way, seen: Seen, luck: random.Random) -> Outcome:
    """Read some lists, and append one's own number to others."""
    try:
        transaction = await way.work.begin(TransactionOptions(isolation=Isolation.SERIALIZABLE), a_call())
    except PgmcpError:
        return Outcome.ROLLED_BACK
    try:
        for key in luck.sample(range(1, 7), 3):
            if luck.random() < 0.5:
                (items,) = await run(way, transaction, "SELECT items::text FROM list WHERE key = $1::text::int4", key)
                assert items is not None
                seen.reads[key] = [int(item) for item in items.strip("{}").split(",") if item]
            else:
                text = "UPDATE list SET items = items || $1::text::int4 WHERE key = $2::text::int4"
                await run(way, transaction, text, seen.number, key)
                seen.appends[key] = seen.number
        return await ended(way, transaction, commit=True)
    except PgmcpError:
        return await transaction.rollback()


def dependencies(history: dict[int, Seen], final: dict[int, list[int]]) -> Iterator[tuple[int, int]]:
    """Which transaction must come before which: who wrote first, who read from whom, who read what another changed."""
    for items in final.values():
        yield from itertools.pairwise(items)
    for seen in history.values():
        for key, items in seen.reads.items():
            others = [item for item in items if item != seen.number]
            assert others == final[key][: len(others)]  # no list was ever anything but a beginning of its end
            if others:
                yield others[-1], seen.number
            after = [item for item in final[key][len(others) :] if item != seen.number]
            if after:
                yield seen.number, after[0]


def cycle_in(edges: set[tuple[int, int]]) -> list[int]:
    """Transactions that each have to come before the next one; empty where there is an order for all."""
    following: dict[int, set[int]] = defaultdict(set)
    waits: dict[int, int] = defaultdict(int)
    for before, after in edges:
        following[before].add(after)
        waits[after] += 1
    free = [number for number in following if not waits[number]]
    while free:
        for after in following.pop(free.pop(), ()):
            waits[after] -= 1
            if not waits[after]:
                free.append(after)
    return sorted(number for number, count in waits.items() if count > 0)


def test_a_cycle_is_found() -> None:
    """The check itself: write skew is one."""
    assert cycle_in({(1, 2), (2, 3), (1, 3)}) == []
    assert cycle_in({(1, 2), (2, 1), (2, 3)}) == [1, 2, 3]


@pytest.mark.slow
async def test_serializable_histories_have_an_order(make_database: MakeDatabase, driver: str) -> None:
    """Lists that transactions append to and read: no set of committed ones needs each other to have come first."""
    dsn = await make_database(LISTS)
    history: dict[int, Seen] = {}
    said: dict[int, Outcome] = {}
    async with way_to(dsn, pool_max=AGENTS) as way, killer(dsn) as watch:

        async def agent(first: int) -> None:
            luck = random.Random(first)
            for number in range(first, first + 40):
                seen = Seen(number)
                said[number] = await append(way, seen, luck)
                if said[number] is Outcome.COMMITTED:
                    history[number] = seen

        agents = asyncio.gather(*(agent(1000 * number) for number in range(1, AGENTS + 1)))
        luck = random.Random(5)
        while await between(agents, said, luck.uniform(0.02, 0.2)):
            await watch.kill_one(luck.random())
        await agents
        found = await asyncpg.connect(dsn)
        final = {row["key"]: list(row["items"]) for row in await found.fetch("SELECT key, items FROM list")}
        await found.close()
    written = {number for items in final.values() for number in items}
    assert written == {number for number, seen in history.items() if seen.appends}
    assert cycle_in({(one, other) for one, other in dependencies(history, final) if one != other}) == []
    assert len(history) > AGENTS
