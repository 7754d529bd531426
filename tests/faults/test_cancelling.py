"""Calls that are cancelled at random moments."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from statistics import median

import pytest

from pgmcp.domain.errors import codes
from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import Outcome, TransactionOptions
from tests.fixtures.killing import killer
from tests.fixtures.pool import Way, a_call, way_to
from tests.fixtures.postgres import MakeDatabase

MOMENTS = 1000
AGENTS = 8
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
async def test_a_thousand_moments_leave_nothing_behind(make_database: MakeDatabase, driver: str) -> None:
    """No statement runs on, the pool has its full size, and of each transaction there is all or nothing."""
    luck = random.Random(7)
    dsn = await make_database("CREATE TABLE item (id int)")
    ended: Counter[bool] = Counter()
    async with way_to(dsn, pool_max=POOL) as way, killer(dsn) as watch:
        pace = [await taken(way)]

        async def agent(numbers: range) -> None:
            for number in numbers:
                task = asyncio.create_task((read if number % 2 else write)(way, number))
                await asyncio.sleep(luck.expovariate(1 / pace[0]))
                task.cancel()
                await asyncio.wait({task})
                assert task.cancelled() or task.exception() is None
                ended[task.cancelled()] += 1
                # However fast the machine is by now: about half of them come to their end.
                pace[0] *= 1.05 if task.cancelled() else 0.95

        each = MOMENTS // AGENTS
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
        # Enough of them were stopped, and enough were not, for that to mean something.
        assert (len(rows) > MOMENTS / 50, ended[True] > MOMENTS / 5) == (True, True), (len(rows), ended)


async def taken(way: Way) -> float:
    """How long a write takes on this machine while all agents are at it, in seconds: the middle one of many."""
    times: list[float] = []

    async def agent(number: int) -> None:
        for turn in range(5):
            began = asyncio.get_running_loop().time()
            await write(way, -1 - number - turn * AGENTS)
            times.append(asyncio.get_running_loop().time() - began)

    await asyncio.gather(*(agent(number) for number in range(AGENTS)))
    return median(times)


@pytest.mark.parametrize("how", ["cancelled", "deadline"])
async def test_a_statement_has_stopped_when_its_caller_is_told(
    make_database: MakeDatabase, driver: str, how: str
) -> None:
    """On the server, which has not run it to its end; the session goes on. How soon: `scripts/bench cancelling`."""
    dsn = await make_database()
    async with way_to(dsn, pool_max=1) as way, killer(dsn) as watch:
        own = await pid_of(way)
        for _ in range(3):
            call = a_call(seconds=2.5 if how == "deadline" else 30)
            task = asyncio.create_task(way.runner.run(SLEEP, call, need=Need.READ, kind="sleep"))
            if how == "cancelled":
                await watch.until_sleeping()
                task.cancel()
            await asyncio.wait({task})
            assert await watch.is_quiet()
            heard = None if task.cancelled() else getattr(task.exception(), "code", None)
            assert (heard, way.sessions.state.idle) == (None if how == "cancelled" else codes.CALL_TIMEOUT, 1)
            assert [event[2] for event in way.heard.statements() if event[0] == "sleep"] == ["57014"]
        assert await pid_of(way) == own


async def pid_of(way: Way) -> str | None:
    """The server's process behind the only session."""
    found = await way.runner.run(Statement("SELECT pg_backend_pid()::text"), a_call(), need=Need.READ, kind="select")
    return found.rows[0][0]


async def test_a_cancel_request_that_comes_too_early_is_repeated(make_database: MakeDatabase, driver: str) -> None:
    """The trap: the server drops one that overtakes its statement, which would then run for half a minute."""
    dsn = await make_database()
    async with way_to(dsn, pool_max=1) as way, killer(dsn) as watch:
        own = await pid_of(way)
        for turns in range(60):
            task = asyncio.create_task(way.runner.run(SLEEP, a_call(), need=Need.READ, kind="sleep"))
            # The statement is on its way, or has not quite left: a few turns of the loop are all the difference.
            for _ in range(turns % 12):
                await asyncio.sleep(0)
            task.cancel()
            # Half of what it would take by itself.
            await asyncio.wait({task}, timeout=15)
            assert task.cancelled()
            assert await watch.is_quiet()
        assert await pid_of(way) == own
        assert way.sessions.state.idle == 1
