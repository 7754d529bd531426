"""ProcessLeases: whose turn there is at once, and what is known of a lease that has been used."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from attrs import evolve

from pgmcp.adapters.clock import FixedClock, SystemClock
from pgmcp.adapters.leases import ProcessLeases
from pgmcp.adapters.memory import MemoryDatabase
from pgmcp.domain.calls import CallContext, CallId, LeaseId
from pgmcp.domain.changes import Changes
from pgmcp.domain.relations import Name
from pgmcp.domain.transactions import End, EndReason, Lease, Limits, Outcome, TransactionOptions

ID = LeaseId("a handle")
LEASE = Lease(
    id=ID,
    owner="ana",
    options=TransactionOptions(),
    limits=Limits(total_s=100, idle_s=10),
    began_at=1_000,
    used_at=1_000,
    view="all",
)
A, B = Changes.of(Name("public", "a")), Changes.of(Name("public", "b"))


async def never(_: LeaseId) -> None:
    """Nothing ends here."""


async def holding(lease: Lease = LEASE) -> ProcessLeases:
    """A keeper of one lease."""
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    database = MemoryDatabase(tables={}, statements={}, clock=clock)
    transaction = await database.work.begin(lease.options, CallContext(id=CallId("c"), tool="t", deadline=1e9))
    keeper = ProcessLeases(clock, remembered=5)
    keeper.hold(evolve(lease, used_at=lease.used_at), transaction, never)
    return keeper


async def test_there_is_a_turn_at_once_where_nothing_is_in_the_way() -> None:
    """And none as long as somebody has it."""
    keeper = await holding()
    turn = keeper.take_at_once(ID, "ana", "all", 1_001)
    assert turn is not None
    assert (turn.lease, turn.ends_at, keeper.is_active(ID)) == (LEASE, LEASE.ends_at, True)
    assert keeper.take_at_once(ID, "ana", "all", 1_001) is None
    turn.give_back()
    assert not keeper.is_active(ID)
    assert keeper.take_at_once(ID, "ana", "all", 1_001) is turn


@pytest.mark.parametrize(
    "id_, owner, view, now, lease",
    [
        pytest.param(None, "ana", "all", 1_001, LEASE, id="no handle"),
        pytest.param(LeaseId("forged"), "ana", "all", 1_001, LEASE, id="another handle"),
        pytest.param(ID, "bob", "all", 1_001, LEASE, id="another owner"),
        pytest.param(ID, "ana", "less", 1_001, LEASE, id="another view"),
        pytest.param(ID, "ana", "all", 1_010, LEASE, id="idle for too long"),
        pytest.param(ID, "ana", "all", 1_100, evolve(LEASE, used_at=1_099), id="open for too long"),
        pytest.param(ID, "ana", "all", 1_001, evolve(LEASE, failed="23505"), id="failed"),
    ],
)
async def test_there_is_none_where_something_is(
    id_: LeaseId | None, owner: str, view: str, now: float, lease: Lease
) -> None:
    """Whoever looks closer says what it is."""
    assert (await holding(lease)).take_at_once(id_, owner, view, now) is None


async def test_there_is_none_of_a_lease_that_failed_or_ended_meanwhile() -> None:
    """And again one once it has been rolled back to a savepoint."""
    keeper = await holding()
    keeper.change(LEASE.after_error(1_001, "23505"))
    assert keeper.take_at_once(ID, "ana", "all", 1_002) is None
    keeper.change(evolve(LEASE, used_at=1_003))
    turn = keeper.take_at_once(ID, "ana", "all", 1_004)
    assert turn is not None
    turn.give_back()
    keeper.change(LEASE.ended(End(outcome=Outcome.COMMITTED, reason=EndReason.COMMITTED, at=1_005)))
    assert keeper.take_at_once(ID, "ana", "all", 1_006) is None


async def test_uses_are_known_to_whoever_asks() -> None:
    """How many, when the last was, and what all of them changed: the same as if each had been written down."""
    keeper = await holding()
    turn = keeper.take_at_once(ID, "ana", "all", 1_001)
    assert turn is not None
    expected = LEASE
    for moment, changes in ((1_002.0, A), (1_003.0, A), (1_004.0, Changes()), (1_009.0, B)):
        turn.used(moment, changes)
        expected = expected.used(moment, changes)
    assert turn.lease == expected == keeper.find(ID)
    assert (expected.statements, expected.changes) == (4, A | B)
    assert keeper.find(ID) is keeper.find(ID)
    turn.give_back()
    # The idle limit begins at the last use.
    assert keeper.take_at_once(ID, "ana", "all", 1_018) is not None
    await asyncio.sleep(0)


async def test_one_timer_ends_each_lease_at_its_limit() -> None:
    """One that ends before those that began earlier, one that begins once it has rung, and none that is used."""
    clock, ended = SystemClock(), asyncio.Queue[LeaseId]()
    database = MemoryDatabase(tables={}, statements={}, clock=clock)
    keeper = ProcessLeases(clock, remembered=5)

    async def end(id_: LeaseId) -> None:
        lease = keeper.find(id_)
        assert lease is not None
        keeper.change(lease.ended(End(outcome=Outcome.ROLLED_BACK, reason=EndReason.EXPIRED, at=clock.monotonic())))
        ended.put_nowait(id_)

    async def hold(name: str, idle_s: float) -> LeaseId:
        now = clock.monotonic()
        limits = Limits(total_s=1_000, idle_s=idle_s)
        lease = evolve(LEASE, id=LeaseId(name), limits=limits, began_at=now, used_at=now)
        transaction = await database.work.begin(lease.options, CallContext(id=CallId("c"), tool="t", deadline=1e9))
        keeper.hold(lease, transaction, end)
        return lease.id

    patient = await hold("patient", 900)
    short = await hold("short", 0.01)
    used = await hold("used", 0.01)
    assert keeper.take_at_once(used, "ana", "all", clock.monotonic() - 1) is not None
    assert await ended.get() == short
    later = await hold("later", 0.01)
    assert await ended.get() == later
    assert [lease.id for lease in keeper.open()] == [patient, used]


class Gone:
    """A transaction whose connection is gone."""

    lost = True


async def test_one_whose_connection_is_gone_ends_by_itself() -> None:
    """Soon, without anybody's asking; one in use once it is given back, should its user not have ended it."""
    idle_ended, used_ended = asyncio.Event(), asyncio.Event()
    keepers = [ProcessLeases(FixedClock(datetime(2026, 1, 1, tzinfo=UTC)), remembered=5) for _ in range(2)]
    for keeper, ended in zip(keepers, (idle_ended, used_ended), strict=True):

        async def expire(_: LeaseId, ended: asyncio.Event = ended) -> None:
            ended.set()

        lease = evolve(LEASE, began_at=0, used_at=0)
        keeper.hold(lease, Gone(), expire)  # type: ignore[arg-type] # all that is asked of it
    turn = keepers[1].take_at_once(ID, "ana", "all", 1)
    assert turn is not None
    await asyncio.sleep(0)
    assert not used_ended.is_set()
    turn.give_back()
    async with asyncio.timeout(20):
        await idle_ended.wait()
        await used_ended.wait()
