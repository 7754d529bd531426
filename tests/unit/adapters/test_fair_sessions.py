"""The pool: turns, deadlines, ages, validation, resets."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter

import pytest

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.postgres.pool import PoolLimits, PoolState
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.ports.driver import Connection, DriverError, Fault, Need
from tests.unit.adapters.test_sessions import FakeDriver, Told, settle, until_waiting
from tests.unit.house import NOON

LOST = DriverError(Fault(sqlstate="08006", message=""))


class Pool:
    """A pool over a driver that opens at once, on a clock that stands still."""

    def __init__(self, **limits: float) -> None:
        self.driver = FakeDriver()
        self.driver.gate.set()
        self.clock = FixedClock(NOON)
        self.manager = ConnectionManager(self.driver, PoolLimits(**limits), self.clock)  # type: ignore[arg-type] # numbers all

    async def take(self, principal: str = "", deadline: float = 1e9, need: Need = Need.READ) -> Connection:
        """A session."""
        return await self.manager.acquire(need, principal=principal, deadline=deadline)

    def wait(self, principal: str, deadline: float = 1e9) -> asyncio.Task[Connection]:
        """A caller that waits."""
        return asyncio.create_task(self.take(principal, deadline))

    async def serve(self, held: Connection, tasks: list[asyncio.Task[Connection]]) -> list[int]:
        """Give one session from caller to caller; the numbers of those served, in order."""
        order: list[int] = []
        while len(order) < len(tasks):
            self.manager.release(held)
            await settle()
            (number,) = [each for each, task in enumerate(tasks) if task.done() and each not in order]
            order.append(number)
            held = tasks[number].result()
        self.manager.release(held)
        return order


async def test_principals_take_turns() -> None:
    """One that asks for much waits for the others, and they not for it."""
    pool = Pool(pool_max=1)
    held = await pool.take("a")
    tasks = []
    for number, principal in enumerate("aaaabbc"):
        tasks.append(pool.wait(principal))
        await until_waiting(pool.manager, number + 1)
    assert await pool.serve(held, tasks) == [0, 4, 6, 1, 5, 2, 3]
    await pool.manager.close()


async def test_the_slowest_principal_gets_its_share() -> None:
    """Of one that asks a hundred at a time and one that asks one by one, both are served as often."""
    pool = Pool(pool_max=1)
    served: Counter[str] = Counter()
    over = asyncio.Event()

    async def caller(principal: str) -> None:
        while not over.is_set():
            connection = await pool.take(principal)
            served[principal] += 1
            await asyncio.sleep(0)
            pool.manager.release(connection)
            if served.total() >= 1000:
                over.set()

    await asyncio.gather(*(caller("greedy") for _ in range(100)), caller("modest"))
    # Whoever has just been served joins again behind those of the other name: every second turn at the best.
    assert served["modest"] > 300
    await pool.manager.close()


async def test_a_full_queue_makes_way_for_who_waits_for_less() -> None:
    """The last caller of whoever fills it is refused; when all wait for as much, the newcomer is."""
    pool = Pool(pool_max=1, pool_queue=3)
    held = await pool.take()
    greedy = [pool.wait("greedy") for _ in range(3)]
    await until_waiting(pool.manager, 3)
    modest = pool.wait("modest")
    with pytest.raises(DatabaseError, match="others wait for their turn") as refused:
        await greedy[2]
    assert (refused.value.code, refused.value.retry) == (codes.POOL_EXHAUSTED, "later")
    with pytest.raises(DatabaseError, match="the queue for one is full"):
        await pool.take("modest")
    assert await pool.serve(held, [*greedy[:2], modest]) == [0, 2, 1]
    await pool.manager.close()


async def test_whoever_is_past_its_deadline_gets_none() -> None:
    """Though its timer has not come round yet: the session goes to the next."""
    pool = Pool(pool_max=1)
    held = await pool.take()
    late, early = pool.wait("a", deadline=5), pool.wait("a", deadline=50)
    await until_waiting(pool.manager, 2)
    pool.clock.advance(5)
    pool.manager.release(held)
    assert await early is held
    with pytest.raises(DatabaseError) as refused:
        await late
    assert refused.value.code is codes.CALL_TIMEOUT
    with pytest.raises(DatabaseError, match="ran out of its time"):
        await pool.take(deadline=5)
    await pool.manager.close()


async def test_no_turn_is_lost_to_whoever_has_just_been_cancelled() -> None:
    """Its task has not yet had the time to leave the queue when a session comes back."""
    pool = Pool(pool_max=1)
    held = await pool.take()
    gone, next_ = pool.wait("a"), pool.wait("a")
    await until_waiting(pool.manager, 2)
    gone.cancel()
    pool.manager.release(held)
    assert await next_ is held
    await asyncio.wait({gone})
    assert gone.cancelled()
    await pool.manager.close()


async def test_old_sessions_are_replaced() -> None:
    """Wherever they are met: idle, or given back while somebody waits. Not all at the same moment."""
    pool = Pool(pool_max=2, pool_max_age_s=100, pool_check_s=1e9)
    held = [await pool.take() for _ in range(2)]
    pool.clock.advance(89)
    for connection in held:
        pool.manager.release(connection)
    assert await pool.take() is held[1]
    pool.clock.advance(11)
    assert await pool.take() not in held
    waiting = pool.wait("a")
    await settle()
    pool.manager.release(held[1])
    assert await waiting not in held
    assert [made.closed for made in pool.driver.made] == [True, True, False, False]
    await pool.manager.close()


async def test_ages_are_spread() -> None:
    """Sessions that were opened together end apart."""
    pool = Pool(pool_max=10, pool_max_age_s=100)
    held = [await pool.take() for _ in range(10)]
    for connection in held:
        pool.manager.release(connection)
    left: list[int] = []
    for _ in range(11):
        pool.clock.advance(1 if left else 90)
        sessions = [await pool.take() for _ in range(10)]
        left.append(sum(connection in held for connection in sessions))
        for connection in sessions:
            pool.manager.release(connection)
        await settle()
    assert (left[0], left[-1]) == (10, 0)
    assert max(before - after for before, after in itertools.pairwise(left)) <= 3
    await pool.manager.close()


@pytest.mark.parametrize(
    "idle_s, failure, asked, same",
    [
        pytest.param(29, None, [], True, id="used a moment ago"),
        pytest.param(30, None, ["SELECT"], True, id="idle for long"),
        pytest.param(30, LOST, ["SELECT"], False, id="idle for long and dead"),
    ],
)
async def test_a_session_that_was_idle_is_tried_first(
    idle_s: float, failure: DriverError | None, asked: list[str], same: bool
) -> None:
    """By one round trip; one that doesn't answer is closed and another one opened."""
    pool = Pool(pool_check_s=30)
    first = await pool.take()
    pool.manager.release(first)
    pool.clock.advance(idle_s)
    pool.driver.made[0].failure = failure
    second = await pool.take()
    assert (second is first, pool.driver.made[0].said, pool.manager.state.leased) == (same, asked, 1)
    await pool.manager.close()


async def test_giving_up_while_a_session_is_tried_loses_no_place() -> None:
    """The session goes back."""
    pool = Pool(pool_max=1, pool_check_s=30)
    pool.manager.release(await pool.take())
    pool.clock.advance(30)
    task = pool.wait("a")
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert pool.manager.state == PoolState(idle=1, leased=0, opening=0, waiting=0)
    await pool.manager.close()


async def test_a_dirtied_session_is_reset_before_anybody_has_it() -> None:
    """Once, on its way back; the next caller waits for it and gets it clean."""
    pool = Pool(pool_max=1)
    held = await pool.take()
    pool.manager.dirty(held)
    waiting = pool.wait("a")
    await until_waiting(pool.manager, 1)
    pool.manager.release(held)
    assert pool.manager.state == PoolState(idle=0, leased=0, opening=1, waiting=1)
    assert await waiting is held
    assert len(pool.driver.made[0].said) == 1
    assert "RESET ALL" in pool.driver.made[0].said[0]
    pool.manager.release(held)
    assert (await pool.take(), len(pool.driver.made[0].said)) == (held, 1)
    await pool.manager.close()


async def test_a_session_that_can_not_be_reset_is_closed() -> None:
    """And its place is free for another one."""
    pool = Pool(pool_max=1)
    held = await pool.take()
    pool.manager.dirty(held)
    pool.driver.made[0].failure = LOST
    pool.manager.release(held)
    other = await pool.take()
    assert (other is held, pool.driver.made[0].closed, pool.driver.open()) == (False, True, 1)
    await pool.manager.close()


async def test_closing_waits_for_a_session_that_is_being_reset() -> None:
    """It is closed and not kept."""
    pool = Pool()
    held = await pool.take()
    pool.manager.dirty(held)
    pool.manager.release(held)
    await pool.manager.close()
    assert (pool.driver.open(), pool.manager.state) == (0, PoolState(idle=0, leased=0, opening=0, waiting=0))


async def test_nobody_waits_while_the_server_is_left_alone() -> None:
    """An idle session is given out all the same; whoever would need a new one hears at once."""
    gate = Told()
    driver = FakeDriver()
    driver.gate.set()
    manager = ConnectionManager(driver, PoolLimits(pool_max=1), FixedClock(NOON), gate)
    manager.release(await manager.acquire(Need.READ))
    gate.refusal = DatabaseError(codes.BREAKER_OPEN, "left alone")
    assert await manager.acquire(Need.READ) is driver.made[0]
    with pytest.raises(DatabaseError) as refused:
        await manager.acquire(Need.READ)
    assert (refused.value.code, manager.state.waiting) == (codes.BREAKER_OPEN, 0)
    await manager.close()
