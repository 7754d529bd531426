"""Two hundred callers on a pool of four."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

import psutil
import pytest

from pgmcp.adapters.postgres.pool import PoolLimits
from pgmcp.domain.calls import CallContext, CallId, Principal
from pgmcp.domain.errors import DatabaseError
from pgmcp.ports.driver import Need, Statement
from tests.fixtures.pool import Way, a_call, way_to
from tests.fixtures.postgres import MakeDatabase

POOL = 4
CALLERS = 200
# Enough that the turn which each principal is in when it ends is no part of its share.
SERVED = 4000
ONE = Statement("SELECT 1::text")


def called_by(principal: str) -> CallContext:
    """A call of a principal that has all the time it needs."""
    deadline = asyncio.get_running_loop().time() + 60
    return CallContext(id=CallId("call"), tool="test", deadline=deadline, principal=Principal(principal))


async def ask(way: Way, call: CallContext) -> None:
    """One short read."""
    await way.runner.run(ONE, call, need=Need.READ, kind="select")


async def test_the_slowest_principal_gets_at_least_half_of_its_share(make_database: MakeDatabase, driver: str) -> None:
    """Twenty principals, from one with a single caller to one with half of them all; each is served as it can be."""
    calls = {f"p{number}": 1 + number % 5 for number in range(19)}
    calls["greedy"] = CALLERS - sum(calls.values())
    served: Counter[str] = Counter()
    async with way_to(await make_database(), pool_max=POOL) as way:

        async def caller(principal: str) -> None:
            while served.total() < SERVED:
                await ask(way, called_by(principal))
                served[principal] += 1

        await asyncio.gather(*(caller(name) for name, count in calls.items() for _ in range(count)))
        state = way.sessions.state
    fair = served.total() / len(calls)
    # A caller waits for its own answer before it asks again, so one with a single caller misses some of its turns.
    assert min(served.values()) >= fair / 2
    assert (state.leased, state.opening, state.waiting) == (0, 0, 0)


@pytest.mark.slow
async def test_no_wake_up_is_lost_and_memory_does_not_grow(make_database: MakeDatabase, driver: str) -> None:
    """Fifty thousand calls, each of which is answered; the process is as large after the last as after the first."""
    async with way_to(await make_database(), pool_max=POOL) as way:
        answered = 0

        async def caller(calls: int) -> None:
            nonlocal answered
            for _ in range(calls):
                await ask(way, a_call(seconds=60))
                answered += 1
            way.heard.events.clear()

        async def crowd(calls: int) -> int:
            await asyncio.gather(*(caller(calls // CALLERS) for _ in range(CALLERS)))
            way.heard.events.clear()
            gc.collect()
            size: int = psutil.Process().memory_info().rss
            return size

        before = await crowd(10_000)
        after = await crowd(40_000)
        assert answered == 50_000
        assert after - before < 4_000_000
        assert way.sessions.state.idle == POOL


async def test_a_full_queue_refuses_at_once(make_database: MakeDatabase, driver: str) -> None:
    """While every session is busy and as many wait as may; whoever has waited is served all the same."""
    sleep = Statement("SELECT pg_sleep(60)::text")
    async with way_to(await make_database(), limits=PoolLimits(pool_max=POOL, pool_queue=10)) as way:

        def begun(statement: Statement) -> asyncio.Task[object]:
            return asyncio.create_task(way.runner.run(statement, a_call(), need=Need.READ, kind="select"))

        running = [begun(sleep) for _ in range(POOL)]
        async with asyncio.timeout(20):
            while way.sessions.state.leased < POOL:  # noqa: ASYNC110 -- the pool has no event of it
                await asyncio.sleep(0)
        waiting = [begun(ONE) for _ in range(10)]
        async with asyncio.timeout(20):
            while way.sessions.state.waiting < 10:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0)
        with pytest.raises(DatabaseError) as refused:
            await begun(ONE)
        assert not any(task.done() for task in (*running, *waiting))
        error = refused.value
        assert (error.code.name, error.retry, error.details) == ("pool_exhausted", "later", {"retry_after_ms": 1000})
        for task in running:
            task.cancel()
        await asyncio.gather(*waiting)
        await asyncio.wait(running)
