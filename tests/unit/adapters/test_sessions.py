from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from attrs import define, field

from pgmcp.adapters.clock import FixedClock, SystemClock
from pgmcp.adapters.postgres.pool import PoolLimits, PoolState
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.domain.errors import DatabaseError
from pgmcp.ports.driver import Description, DriverError, Fate, Fault, Need, Notice, Rows, Statement
from tests.unit.house import NOON


@define(eq=False)
class FakeConnection:
    """A session without a server; `name` is its need and its number."""

    name: str
    usable: bool = True
    lost: bool = False
    silent: bool = False
    fate: Fate = Fate.UNHEARD
    process: int | None = None
    closed: bool = False
    parameters: dict[str, str] = field(factory=dict)
    said: list[str] = field(factory=list)
    failure: DriverError | None = None

    async def run(self, statement: Statement) -> Rows:
        return Rows(rows=())

    async def run_foreign(self, statement: Statement) -> tuple[Description, Rows]:
        return Description(parameters=(), columns=()), Rows(rows=())

    async def control(self, text: str) -> str:
        await asyncio.sleep(0)
        self.said.append(text)
        if self.failure is not None:
            raise self.failure
        return text

    async def describe(self, text: str) -> Description:
        return Description(parameters=(), columns=())

    async def listen_to(self, text: str) -> tuple[Notice, ...]:
        return ()

    async def listen(self, channel: str) -> None:
        self.said.append(channel)

    async def announced(self, wait_s: float) -> Sequence[str]:
        return ()

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed = True


@define
class FakeDriver:
    """Opens sessions as soon as `gate` is open; refuses with `refusal` if there is one."""

    made: list[FakeConnection] = field(factory=list)
    gate: asyncio.Event = field(factory=asyncio.Event)
    refusal: DriverError | None = None

    async def connect(self, need: Need) -> FakeConnection:
        await self.gate.wait()
        if self.refusal is not None:
            raise self.refusal
        self.made.append(FakeConnection(f"{need}{len(self.made)}"))
        return self.made[-1]

    def open(self) -> int:
        return sum(not connection.closed for connection in self.made)


@pytest.fixture
def driver() -> FakeDriver:
    """A driver that opens at once."""
    driver = FakeDriver()
    driver.gate.set()
    return driver


@pytest.fixture
async def pool(driver: FakeDriver) -> AsyncIterator[ConnectionManager]:
    """Two sessions at most, three callers waiting at most."""
    manager = ConnectionManager(driver, PoolLimits(pool_max=2, pool_queue=3, pool_wait_s=5), SystemClock())
    yield manager
    await manager.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let the other tasks run until it holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- a pool has no event for its state: a turn for the others is all it takes
            await asyncio.sleep(0)


async def until_waiting(pool: ConnectionManager, count: int) -> None:
    """Let the other tasks run until so many wait in the queue."""
    await until(lambda: pool.state.waiting == count)


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_nothing_is_opened_before_it_is_wanted_and_then_kept(pool: ConnectionManager, driver: FakeDriver) -> None:
    """The same session serves the next caller of the same need."""
    assert pool.state == PoolState(idle=0, leased=0, opening=0, waiting=0)
    first = await pool.acquire(Need.READ)
    pool.release(first)
    assert await pool.acquire(Need.READ) is first
    assert (driver.open(), pool.state) == (1, PoolState(idle=0, leased=1, opening=0, waiting=0))


async def test_waiters_are_served_in_order(pool: ConnectionManager) -> None:
    """First come, first served; everybody gets one."""
    held = [await pool.acquire(Need.READ) for _ in range(2)]
    order: list[int] = []

    async def caller(number: int) -> None:
        connection = await pool.acquire(Need.READ)
        order.append(number)
        pool.release(connection)

    tasks = []
    for number in range(3):
        tasks.append(asyncio.create_task(caller(number)))
        await until_waiting(pool, number + 1)
    pool.release(held[0])
    await asyncio.gather(*tasks)
    assert (order, pool.state) == ([0, 1, 2], PoolState(idle=1, leased=1, opening=0, waiting=0))


async def test_a_full_queue_refuses_at_once(pool: ConnectionManager) -> None:
    """One more than may wait is told when to come back."""
    for _ in range(2):
        await pool.acquire(Need.READ)
    waiting = [asyncio.create_task(pool.acquire(Need.READ)) for _ in range(3)]
    await until_waiting(pool, 3)
    with pytest.raises(DatabaseError) as refused:
        await pool.acquire(Need.WRITE)
    assert refused.value.document() == {
        "type": "database_error",
        "code": "pool_exhausted",
        "message": "All 2 connections are in use and the queue for one is full.",
        "hint": "Call again a little later, with fewer calls at a time; `pool_max` and `pool_queue` set the bounds.",
        "retry": "later",
        "details": {"retry_after_ms": 1000},
    }
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert pool.state.waiting == 0


async def test_waiting_ends_in_time(driver: FakeDriver) -> None:
    """A caller is not kept for longer than `pool_wait_s`, and leaves nothing behind."""
    pool = ConnectionManager(driver, PoolLimits(pool_max=1, pool_wait_s=0.01), SystemClock())
    held = await pool.acquire(Need.READ)
    with pytest.raises(DatabaseError, match=r"none came free within 0\.01 s"):
        await pool.acquire(Need.READ)
    pool.release(held)
    assert pool.state == PoolState(idle=1, leased=0, opening=0, waiting=0)
    await pool.close()


async def test_a_session_of_the_other_need_makes_room(pool: ConnectionManager, driver: FakeDriver) -> None:
    """The bound is over both needs: an idle reader is closed for a writer."""
    for connection in [await pool.acquire(Need.READ) for _ in range(2)]:
        pool.release(connection)
    await pool.acquire(Need.WRITE)
    assert [(made.name, made.closed) for made in driver.made] == [("read0", True), ("read1", False), ("write2", False)]


async def test_a_released_session_is_changed_for_the_head_of_the_queue(
    pool: ConnectionManager, driver: FakeDriver
) -> None:
    """A writer that waits gets its session though only readers are given back."""
    held = [await pool.acquire(Need.READ) for _ in range(2)]
    writer = asyncio.create_task(pool.acquire(Need.WRITE))
    await until_waiting(pool, 1)
    for connection in held:
        pool.release(connection)
    assert await writer is driver.made[2]
    assert (driver.open(), pool.state) == (2, PoolState(idle=1, leased=1, opening=0, waiting=0))


async def test_nobody_is_passed_over_for_ever(driver: FakeDriver) -> None:
    """Readers that keep coming can't keep a writer waiting."""
    pool = ConnectionManager(driver, PoolLimits(pool_max=1), SystemClock())
    held = await pool.acquire(Need.READ)
    writer = asyncio.create_task(pool.acquire(Need.WRITE))
    await until_waiting(pool, 1)
    served = 0
    for _ in range(100):
        reader = asyncio.create_task(pool.acquire(Need.READ))
        await settle()
        pool.release(held)
        await settle()
        if writer.done():
            pool.release(writer.result())
            await reader
            break
        held = await reader
        served += 1
    assert served == 16
    await pool.close()


async def test_a_session_that_can_not_go_on_is_closed_and_its_place_given_away(
    pool: ConnectionManager, driver: FakeDriver
) -> None:
    """Whoever waits opens a new one."""
    held = [await pool.acquire(Need.READ) for _ in range(2)]
    waiter = asyncio.create_task(pool.acquire(Need.READ))
    await until_waiting(pool, 1)
    driver.made[0].usable = False
    pool.release(held[0])
    assert await waiter is driver.made[2]
    assert (driver.made[0].closed, driver.open()) == (True, 2)


async def test_a_session_that_died_idle_is_not_given_out(pool: ConnectionManager, driver: FakeDriver) -> None:
    """The server may end a session at any time."""
    pool.release(await pool.acquire(Need.READ))
    driver.made[0].usable = False
    assert await pool.acquire(Need.READ) is driver.made[1]


async def test_a_failed_opening_leaves_its_place_to_the_next(driver: FakeDriver) -> None:
    """The server refused one: the next in the queue gets its own refusal or session, not silence."""
    pool = ConnectionManager(driver, PoolLimits(pool_max=1), SystemClock())
    driver.gate.clear()
    driver.refusal = DriverError(Fault(sqlstate="53300", message=""))
    tasks = [asyncio.create_task(pool.acquire(Need.READ)) for _ in range(3)]
    await until_waiting(pool, 2)
    driver.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results == [driver.refusal] * 3
    assert pool.state == PoolState(idle=0, leased=0, opening=0, waiting=0)
    await pool.close()


@pytest.mark.parametrize("usable", [pytest.param(True, id="handed over"), pytest.param(False, id="place to open in")])
async def test_a_caller_cancelled_in_the_moment_of_its_turn_passes_it_on(
    pool: ConnectionManager, driver: FakeDriver, usable: bool
) -> None:
    """No wake-up is lost: the next one gets what the cancelled one had been given."""
    held = [await pool.acquire(Need.READ) for _ in range(2)]
    first = asyncio.create_task(pool.acquire(Need.READ))
    await until_waiting(pool, 1)
    second = asyncio.create_task(pool.acquire(Need.READ))
    await until_waiting(pool, 2)
    driver.made[0].usable = usable
    pool.release(held[0])
    await until_waiting(pool, 1)
    first.cancel()
    await second
    assert first.cancelled()
    assert pool.state == PoolState(idle=0, leased=2, opening=0, waiting=0)


async def test_random_cancellations_lose_no_place(driver: FakeDriver) -> None:
    """After hundreds of callers, cancelled at every moment, the pool is whole."""
    pool = ConnectionManager(driver, PoolLimits(pool_max=2, pool_queue=1000), SystemClock())

    async def caller(number: int) -> None:
        connection = await pool.acquire(Need.READ if number % 3 else Need.WRITE)
        try:
            for _ in range(number % 5):
                await asyncio.sleep(0)
        finally:
            driver.made[-1].usable = number % 7 != 0
            pool.release(connection)

    tasks = [asyncio.create_task(caller(number)) for number in range(600)]
    for number, task in enumerate(tasks):
        if number % 4 == 0:
            for _ in range(number % 11):
                await asyncio.sleep(0)
            task.cancel()
    await asyncio.wait(tasks)
    await settle()
    state = pool.state
    assert (state.leased, state.opening, state.waiting) == (0, 0, 0)
    assert driver.open() == state.idle <= 2
    await pool.close()


async def test_sessions_that_nobody_needs_are_closed_down_to_the_least(driver: FakeDriver) -> None:
    """`pool_min` stay; those in use in between stay too."""
    pool = ConnectionManager(driver, PoolLimits(pool_min=1, pool_max=3, pool_idle_s=0.02), SystemClock())
    for connection in [await pool.acquire(Need.READ) for _ in range(3)]:
        pool.release(connection)
    await until(lambda: driver.open() == 1)
    # Another count passes, and what is left stays.
    await asyncio.sleep(0.05)
    assert (driver.open(), pool.state.idle) == (1, 1)
    await pool.close()


async def test_closing_ends_every_session_and_refuses_who_waits(driver: FakeDriver) -> None:
    """Idle, leased and waiting alike; nothing opens afterwards."""
    pool = ConnectionManager(driver, PoolLimits(pool_max=2), SystemClock())
    leased = await pool.acquire(Need.READ)
    pool.release(await pool.acquire(Need.READ))
    await pool.acquire(Need.READ)
    waiter = asyncio.create_task(pool.acquire(Need.READ))
    await until_waiting(pool, 1)
    await pool.close()
    pool.release(leased)
    with pytest.raises(DatabaseError, match="The server is stopping"):
        await waiter
    with pytest.raises(DatabaseError) as refused:
        await pool.acquire(Need.READ)
    assert refused.value.code.name == "shutting_down"
    assert (driver.open(), pool.state) == (0, PoolState(idle=0, leased=0, opening=0, waiting=0))


@pytest.mark.parametrize(
    "need, reported, kept",
    [
        pytest.param(Need.READ, {"default_transaction_read_only": "off"}, 0, id="a reading one that could write"),
        pytest.param(Need.READ, {"default_transaction_read_only": "on"}, 1, id="a reading one"),
        pytest.param(Need.READ, {}, 1, id="one that says nothing"),
        pytest.param(Need.WRITE, {"default_transaction_read_only": "off"}, 1, id="a writing one"),
    ],
)
async def test_a_session_that_became_writable_is_closed(
    pool: ConnectionManager, driver: FakeDriver, need: Need, reported: dict[str, str], kept: int
) -> None:
    """Whatever ran in it, nobody reads with it again."""
    connection = await pool.acquire(need)
    driver.made[0].parameters = reported
    pool.release(connection)
    assert pool.state.idle == kept


async def test_waits_are_counted(pool: ConnectionManager) -> None:
    """How many callers waited, and for how long in all."""
    held = [await pool.acquire(Need.READ) for _ in range(2)]
    waiter = asyncio.create_task(pool.acquire(Need.READ))
    await until_waiting(pool, 1)
    assert pool.state.waits_total == 1
    pool.release(held[0])
    await waiter
    assert pool.state.waits_total == 1
    assert pool.state.waited_seconds_total > 0


async def test_those_who_ran_out_of_time_are_counted(driver: FakeDriver) -> None:
    """By the pool's bound, or by their deadline; not who gave up, and not who was served."""
    clock = FixedClock(NOON)
    pool = ConnectionManager(driver, PoolLimits(pool_max=1, pool_wait_s=0.01), clock)
    held = await pool.acquire(Need.READ)
    with pytest.raises(DatabaseError):
        await pool.acquire(Need.READ)
    assert pool.state.timeouts_total == 1
    pool = ConnectionManager(driver, PoolLimits(pool_max=1, pool_wait_s=60), clock)
    held = await pool.acquire(Need.READ)
    deadline = clock.monotonic() + 1
    gone, late, cut, served = (
        asyncio.create_task(pool.acquire(Need.READ, deadline=each)) for each in (deadline, deadline, deadline, math.inf)
    )
    await until_waiting(pool, 4)
    gone.cancel()
    await asyncio.wait([gone])
    clock.advance(2)
    cut.cancel()
    await asyncio.wait([cut])
    pool.release(held)
    await asyncio.wait([late, served])
    assert (isinstance(late.exception(), DatabaseError), served.result() is held) == (True, True)
    assert pool.state.timeouts_total == 2


@define
class Told:
    """A gate that refuses with `refusal` if there is one, and that remembers what it was told."""

    silences: list[Need] = field(factory=list)
    refusal: DatabaseError | None = None

    def check(self, need: Need) -> None:
        if self.refusal is not None:
            raise self.refusal

    def fell_silent(self, need: Need) -> None:
        self.silences.append(need)


async def test_the_gate_hears_of_silence(driver: FakeDriver) -> None:
    """When a session comes back silent, and when one is found so after idling; of no other end."""
    told = Told()
    manager = ConnectionManager(driver, PoolLimits(pool_max=2, pool_check_s=0), SystemClock(), told)
    returned = await manager.acquire(Need.READ)
    driver.made[0].usable, driver.made[0].silent = False, True
    manager.release(returned)
    assert told.silences == [Need.READ]
    manager.release(await manager.acquire(Need.WRITE))
    driver.made[1].failure = DriverError(Fault(sqlstate="08006", message=""))
    driver.made[1].silent = True
    manager.release(await manager.acquire(Need.WRITE))
    assert told.silences == [Need.READ, Need.WRITE]
    broken = await manager.acquire(Need.READ)
    driver.made[-1].usable = False
    manager.release(broken)
    assert len(told.silences) == 2
    await manager.close()
