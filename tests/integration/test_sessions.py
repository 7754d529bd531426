from __future__ import annotations

import asyncio

import asyncpg

from pgmcp.ports.driver import Need, Statement
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.proxy import counting_proxy

SESSIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


async def test_the_server_never_sees_more_sessions_than_the_bound(make_database: MakeDatabase) -> None:
    """Readers and writers in a crowd share one bound, and each is served."""
    dsn = await make_database()
    watcher = await asyncpg.connect(dsn)
    async with way_to(dsn, pool_max=3) as way:

        async def caller(number: int) -> None:
            need = Need.WRITE if number % 3 == 0 else Need.READ
            await way.runner.run(Statement("SELECT pg_sleep(0.002)::text"), a_call(), need=need, kind="sleep")

        crowd = asyncio.gather(*(caller(number) for number in range(90)))
        seen = [0]
        while not crowd.done():
            seen.append(await watcher.fetchval(SESSIONS))
        await crowd
        seen.append(await watcher.fetchval(SESSIONS))
        assert 0 < max(seen) <= 3
        state = way.sessions.state
        assert (state.leased, state.opening, state.waiting) == (0, 0, 0)
    await watcher.close()


async def test_giving_a_session_back_costs_no_round_trip(make_database: MakeDatabase) -> None:
    """No reset is sent: a hundred known statements are a hundred round trips on one session."""
    async with counting_proxy(await make_database()) as proxy, way_to(proxy.dsn) as way:
        statement = Statement("SELECT 1::text")
        await way.runner.run(statement, a_call(), need=Need.READ, kind="select")
        proxy.reset()
        for _ in range(100):
            await way.runner.run(statement, a_call(), need=Need.READ, kind="select")
        assert (proxy.round_trips, proxy.opening_trips, proxy.sessions, proxy.cancels) == (100, 0, 0, 0)


async def test_a_transaction_left_open_is_not_passed_on(make_database: MakeDatabase) -> None:
    """A session given back dirty is closed, and the next caller gets another."""
    async with way_to(await make_database("CREATE TABLE item ()"), pool_max=1) as way:
        dirty = await way.sessions.acquire(Need.WRITE)
        await dirty.control("BEGIN; INSERT INTO item DEFAULT VALUES")
        way.sessions.release(dirty)
        answer = await way.runner.run(
            Statement("SELECT count(*)::text FROM item"), a_call(), need=Need.WRITE, kind="select"
        )
        assert (list(answer.rows[0]), dirty.usable) == (["0"], False)
