"""Calls that are cancelled at random moments."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter

import pytest

from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import Outcome, TransactionOptions
from tests.fixtures.killing import killer
from tests.fixtures.pool import Way, a_call, way_to
from tests.fixtures.postgres import MakeDatabase

MOMENTS = 1000
POOL = 4
SLEEP = Statement("SELECT pg_sleep(30)::text")


async def read(way: Way, number: int) -> None:
    """A read that takes some time, prepared anew each time."""
    text = Statement(f"SELECT {number}::text, pg_sleep(0.001)::text")
    await way.runner.run(text, a_call(), need=Need.READ, kind="select")


async def write(way: Way, number: int) -> None:
    """A transaction of two statements."""
    transaction = await way.work.begin(TransactionOptions(), a_call())
    try:
        for _ in range(2):
            add = Statement("INSERT INTO item VALUES ($1::text::int4)", (str(number),))
            await way.runner.run(add, a_call(), need=Need.WRITE, kind="insert", within=transaction)
        await transaction.commit(a_call())
    finally:
        outcome = await transaction.rollback()
        assert outcome is not Outcome.UNKNOWN


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_thousand_moments_leave_nothing_behind(make_database: MakeDatabase, driver: str) -> None:
    """No statement runs on, the pool has its full size, and of each transaction there is all or nothing."""
    luck = random.Random(7)
    dsn = await make_database("CREATE TABLE item (id int)")
    async with way_to(dsn, pool_max=POOL) as way, killer(dsn) as watch:

        async def agent(numbers: range) -> None:
            for number in numbers:
                task = asyncio.create_task((read if number % 2 else write)(way, number))
                await asyncio.sleep(luck.expovariate(60))
                task.cancel()
                await asyncio.wait({task})
                assert task.cancelled() or task.exception() is None

        each = MOMENTS // 8
        await asyncio.gather(*(agent(range(start, start + each)) for start in range(0, MOMENTS, each)))
        await watch.until_quiet()
        # As many can be in use at once as ever.
        held = [await way.sessions.acquire(Need.WRITE) for _ in range(POOL)]
        for connection in held:
            way.sessions.release(connection)
        state = way.sessions.state
        assert (state.idle, state.leased, state.opening, state.waiting) == (POOL, 0, 0, 0)
        rows = await watch.ask("SELECT array_agg(n) FROM (SELECT count(*) AS n FROM item GROUP BY id) AS counts")
        assert set(Counter(rows)) <= {2}
        assert len(rows) > MOMENTS / 50


@pytest.mark.parametrize("how", ["cancelled", "deadline"])
async def test_a_statement_stops_within_a_tenth_of_a_second(make_database: MakeDatabase, driver: str, how: str) -> None:
    """On the server, and its caller is told by then; the session goes on."""
    dsn = await make_database()
    async with way_to(dsn, pool_max=1) as way, killer(dsn) as watch:
        await way.runner.run(Statement("SELECT 1::text"), a_call(), need=Need.READ, kind="select")
        took = []
        for _ in range(5):
            call = a_call(seconds=0.3 if how == "deadline" else 30)
            task = asyncio.create_task(way.runner.run(SLEEP, call, need=Need.READ, kind="sleep"))
            await watch.until_sleeping()
            began = time.monotonic() if how == "cancelled" else call.deadline
            if how == "cancelled":
                task.cancel()
            await asyncio.wait({task})
            await watch.until_quiet()
            took.append(time.monotonic() - began)
        # The machine may be busy with something else for once.
        assert sorted(took)[2] < 0.1
        assert way.sessions.state.idle == 1


async def test_a_cancel_request_that_comes_too_early_is_repeated(make_database: MakeDatabase, driver: str) -> None:
    """The trap: the server drops one that overtakes its statement, which would then run for half a minute."""
    dsn = await make_database()
    async with way_to(dsn, pool_max=1) as way, killer(dsn) as watch:
        await way.runner.run(Statement("SELECT 1::text"), a_call(), need=Need.READ, kind="select")
        began = time.monotonic()
        for turns in range(60):
            task = asyncio.create_task(way.runner.run(SLEEP, a_call(), need=Need.READ, kind="sleep"))
            # The statement is on its way, or has not quite left: a few turns of the loop are all the difference.
            for _ in range(turns % 12):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
        assert time.monotonic() - began < 20
        await watch.until_quiet()
        assert way.sessions.state.idle == 1
