"""What becomes of a held transaction whose server or caller fails it, without either."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import pytest
from attrs import evolve

from pgmcp.adapters.clock import FixedClock
from pgmcp.domain.calls import CallContext
from pgmcp.domain.changes import ANYTHING, DEFINITIONS, NOTHING, Changes
from pgmcp.domain.errors import DatabaseError, PgmcpError, TransactionError, codes
from pgmcp.domain.events import LeaseBegan, LeaseEnded
from pgmcp.domain.relations import Name
from pgmcp.domain.settings import Access, Settings
from pgmcp.domain.stopping import outcome_told
from pgmcp.domain.transactions import Condition, End, EndReason, Footprint, Lease, LeaseState, Outcome
from pgmcp.domain.transactions import TransactionOptions as Options
from tests.unit.house import House

CHANGES = Changes.of(Name("public", "orders"))
FOOTPRINT = Footprint()


class Scripted:
    """A unit of work, and its one transaction, that do as they are told and write down what is asked of them."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.lost = False
        self.found = Condition.OPEN
        self.committed: Outcome | BaseException = Outcome.COMMITTED
        self.undone = Outcome.ROLLED_BACK
        self.error: PgmcpError | None = None
        self.clock: FixedClock | None = None
        self.takes = 0.0

    async def begin(self, options: Options, call: CallContext) -> Any:
        """Be begun."""
        return self._said("begin")

    async def commit(self, call: CallContext) -> Outcome:
        """End as it is told."""
        if isinstance(self.committed, BaseException):
            raise self.committed
        return self.committed

    async def rollback(self) -> Outcome:
        """End."""
        self._said("rollback")
        return self.undone

    async def condition(self) -> Condition:
        """As it is told."""
        return self.found

    async def footprint(self, call: CallContext) -> Footprint:
        """A small one."""
        return FOOTPRINT

    async def savepoint(self, name: str, call: CallContext) -> None:
        """Mark it."""
        self._said("savepoint")

    async def release(self, name: str, call: CallContext) -> None:
        """Forget it."""
        self._said("release")

    async def rollback_to(self, name: str, call: CallContext) -> None:
        """Go back to it."""
        self._said("rollback to")

    def _said(self, what: str) -> Any:
        self.said.append(what)
        if self.error is not None and what != "rollback":
            self.fail(self.error)
        return self

    def fail(self, error: BaseException) -> NoReturn:
        """Fail after as long as it takes."""
        if self.clock is not None:
            self.clock.advance(self.takes)
        raise error


class Held:
    """A lease on a scripted transaction, in a house of its own."""

    def __init__(self, work: Scripted, house: House, lease: Lease) -> None:
        self.work, self.house, self.leases, self.id = work, house, house.leases, lease.id
        self.call = house.call(transaction=lease.id)

    @classmethod
    async def open(cls, **settings: Any) -> Held:
        """Begun a moment ago, with something written in it."""
        work = Scripted()
        house = House({}, settings=Settings(access=Access.WRITE, **settings), work=work)
        work.clock = house.clock
        held = cls(work, house, await house.leases.begin(Options(), None, None, house.call()))
        await held.use(None)
        return held

    async def use(self, error: BaseException | None, changes: Changes = CHANGES) -> CallContext:
        """Write in it, or fail; gives the call as the work has it."""

        async def work(_: Any, call: CallContext) -> CallContext:
            if error is not None:
                self.work.fail(error)
            return call

        return await self.leases.use(work, self.call, changes)

    def ended(self) -> tuple[Outcome, EndReason]:
        """How it ended, as it is kept, told, and answered to whoever comes late."""
        lease = self.house.keeper.find(self.id)
        assert lease is not None
        assert isinstance(lease.end, End)
        told = [event for event in self.house.recorder.events if isinstance(event, LeaseEnded)]
        assert [(each.outcome, each.reason, each.statements) for each in told] == [
            (lease.end.outcome, lease.end.reason, lease.statements)
        ]
        return lease.end.outcome, lease.end.reason


@pytest.mark.parametrize(
    "error, outcome, reason, heard",
    [
        pytest.param(
            DatabaseError(codes.CONNECTION_LOST, "gone", details={"outcome": "unknown"}),
            Outcome.UNKNOWN,
            EndReason.CONNECTION_LOST,
            [(CHANGES, Outcome.UNKNOWN)],
            id="lost, and nobody knows",
        ),
        pytest.param(
            DatabaseError(codes.CONNECTION_LOST, "gone", details={"outcome": "rolled_back"}),
            Outcome.ROLLED_BACK,
            EndReason.CONNECTION_LOST,
            [],
            id="lost before it",
        ),
        pytest.param(
            TransactionError(codes.SERIALIZATION_FAILURE, "no", details={"outcome": "rolled_back"}),
            Outcome.ROLLED_BACK,
            EndReason.ROLLED_BACK,
            [],
            id="refused",
        ),
        pytest.param(
            DatabaseError(codes.CALL_TIMEOUT_COMMITTED, "late", details={"outcome": "committed"}),
            Outcome.COMMITTED,
            EndReason.COMMITTED,
            [(CHANGES, Outcome.COMMITTED)],
            id="too late to stop",
        ),
        pytest.param(
            DatabaseError(codes.DATABASE_FAILED, "no"),
            Outcome.UNKNOWN,
            EndReason.CONNECTION_LOST,
            [(CHANGES, Outcome.UNKNOWN)],
            id="nothing told",
        ),
    ],
)
async def test_a_commit_that_fails(
    error: PgmcpError, outcome: Outcome, reason: EndReason, heard: list[tuple[Changes, Outcome]]
) -> None:
    """Ends it as its error tells; who listens hears of what may have been kept."""
    held = await Held.open()
    held.work.committed = error
    with pytest.raises(PgmcpError) as caught:
        await held.leases.commit(held.call)
    assert caught.value is error
    assert held.ended() == (outcome, reason)
    assert held.house.listener.heard == heard


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_a_commit_that_is_cancelled(outcome: Outcome) -> None:
    """It is settled by then: the cancellation carries how it ended."""
    held = await Held.open()
    held.work.committed, held.work.undone = asyncio.CancelledError(), outcome
    with pytest.raises(asyncio.CancelledError) as caught:
        await held.leases.commit(held.call)
    assert outcome_told(caught.value) is outcome
    assert held.work.said == ["begin", "rollback"]
    assert held.ended()[0] is outcome


async def test_a_commit_that_is_a_rollback() -> None:
    """What failed before is named."""
    held = await Held.open()
    held.work.found = Condition.FAILED
    with pytest.raises(DatabaseError):
        await held.use(DatabaseError(codes.CHECK_VIOLATION, "no", sqlstate="23514"))
    held.work.committed = Outcome.ROLLED_BACK
    with pytest.raises(TransactionError) as caught:
        await held.leases.commit(held.call)
    assert (caught.value.code, caught.value.sqlstate) == (codes.TRANSACTION_ENDED, "23514")
    assert held.ended() == (Outcome.ROLLED_BACK, EndReason.ROLLED_BACK)


Failing = Callable[[Held], Awaitable[Any]]


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(lambda held: held.use(held.work.error), id="use"),
        pytest.param(lambda held: held.leases.savepoint("b", held.call), id="savepoint"),
        pytest.param(lambda held: held.leases.release("a", held.call), id="release"),
        pytest.param(lambda held: held.leases.rollback_to("a", held.call), id="rollback to"),
    ],
)
@pytest.mark.parametrize(
    "found, later, code, state",
    [
        pytest.param(Condition.OPEN, 0, codes.DATABASE_FAILED, LeaseState.IDLE, id="open"),
        pytest.param(Condition.FAILED, 0, codes.DATABASE_FAILED, LeaseState.FAILED, id="failed"),
        pytest.param(Condition.LOST, 0, codes.TRANSACTION_ENDED, EndReason.CONNECTION_LOST, id="lost"),
        pytest.param(Condition.EXPIRED, 0, codes.TRANSACTION_ENDED, EndReason.EXPIRED, id="expired"),
        pytest.param(Condition.OPEN, 61, codes.TRANSACTION_ENDED, EndReason.EXPIRED, id="past its end"),
        pytest.param(Condition.LOST, 61, codes.TRANSACTION_ENDED, EndReason.EXPIRED, id="by the server"),
    ],
)
async def test_what_fails_in_it(
    fail: Failing, found: Condition, later: float, code: codes.Code, state: LeaseState | EndReason
) -> None:
    """It goes on, takes nothing but a rollback, or has ended, as its transaction says."""
    held = await Held.open(lease_total_s=60.0)
    await held.leases.savepoint("a", held.call)
    held.work.found = found
    held.work.error = DatabaseError(codes.DATABASE_FAILED, "no", sqlstate="XX000")

    held.work.takes = later
    with pytest.raises(PgmcpError) as caught:
        await fail(held)
    assert (caught.value.code, caught.value.sqlstate) == (code, "XX000")
    if isinstance(state, EndReason):
        assert held.ended() == (Outcome.ROLLED_BACK, state)
        assert held.work.said[-1] == "rollback"
        return
    lease = held.house.keeper.find(held.id)
    assert lease is not None
    assert (lease.state(active=False), lease.failed) == (state, "XX000" if state is LeaseState.FAILED else None)
    assert caught.value.details.get("transaction") == ("failed" if state is LeaseState.FAILED else None)
    assert "a" in lease.savepoints


async def test_work_that_is_cancelled_in_it() -> None:
    """What the server was told to stop has failed its transaction; the lease and what it wrote before are there."""
    held = await Held.open()
    held.work.found = Condition.FAILED
    with pytest.raises(asyncio.CancelledError):
        await held.use(asyncio.CancelledError())
    lease = held.house.keeper.find(held.id)
    assert lease is not None
    assert (lease.failed, lease.end, lease.changes) == ("57014", None, CHANGES)
    assert not held.house.keeper.is_active(held.id)


async def test_work_has_no_longer_than_the_lease() -> None:
    """Nor than its own call."""
    held = await Held.open(lease_total_s=20.0, lease_idle_s=20.0)
    now = held.house.clock.monotonic()
    assert (await held.use(None)).deadline == now + 20
    held.call = evolve(held.call, deadline=now + 5)
    assert await held.use(None) is held.call


async def test_a_beginning_that_fails_takes_no_place() -> None:
    """The next one finds it free."""
    work = Scripted()
    house = House({}, settings=Settings(access=Access.WRITE, leases_max=1), work=work)
    work.error = DatabaseError(codes.CONNECTION_FAILED, "no")
    with pytest.raises(DatabaseError):
        await house.leases.begin(Options(), None, None, house.call())
    work.error = None
    lease = await house.leases.begin(Options(), None, None, house.call())
    began = [event for event in house.recorder.events if isinstance(event, LeaseBegan)]
    assert [(each.call, each.principal, each.isolation) for each in began] == [
        ("a call", lease.owner, lease.options.isolation)
    ]


async def test_one_whose_connection_is_gone_is_in_nobodys_way() -> None:
    """It ends when its place is asked for, or it is asked about."""
    held = await Held.open(leases_max=1)
    held.work.lost = True
    await held.leases.begin(Options(), None, None, held.house.call())
    assert held.ended() == (Outcome.ROLLED_BACK, EndReason.CONNECTION_LOST)
    report = await held.leases.report(held.call)
    assert (report.active, report.footprint, report.lease.end is None) == (False, None, False)


async def test_who_asks_for_a_place_without_a_pause_hears_of_one() -> None:
    """What the event loop has to tell of a lost connection gets its turn."""
    held = await Held.open(leases_max=1)

    async def lose() -> None:
        held.work.lost = True

    news = asyncio.create_task(lose())
    await held.leases.begin(Options(), None, None, held.house.call())
    await news
    assert held.ended() == (Outcome.ROLLED_BACK, EndReason.CONNECTION_LOST)


async def test_what_it_says_while_it_is_open() -> None:
    """With what its transaction holds; asking is no use of it."""
    held = await Held.open()
    before = held.house.keeper.find(held.id)
    held.house.clock.advance(1)
    report = await held.leases.report(held.call)
    assert (report.lease, report.active, report.footprint) == (before, False, FOOTPRINT)
    assert report.at == held.house.clock.monotonic()


async def test_the_end_of_all() -> None:
    """Those that are idle are rolled back, the others when their call has ended; nothing was changed by them."""
    held = await Held.open()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(_: Any, __: CallContext) -> None:
        begun.set()
        await go_on.wait()

    using = asyncio.create_task(held.leases.use(work, held.call, NOTHING))
    await begun.wait()
    await held.leases.shut_down()
    assert "rollback" not in held.work.said
    go_on.set()
    await using
    assert held.ended() == (Outcome.ROLLED_BACK, EndReason.SHUTDOWN)
    assert held.house.listener.heard == []
    with pytest.raises(DatabaseError) as caught:
        await held.leases.begin(Options(), None, None, held.house.call())
    assert caught.value.code is codes.SHUTTING_DOWN


async def test_where_definitions_are_its_own() -> None:
    """Once a statement may have changed some in it; nobody else's are."""
    held = await Held.open()
    assert not held.leases.has_redefined(held.call)
    await held.use(None, DEFINITIONS)
    await held.use(None)
    assert held.leases.has_redefined(held.call)
    assert not held.leases.has_redefined(held.house.call())
    lease = held.house.keeper.find(held.id)
    assert lease is not None
    assert lease.changes == CHANGES | DEFINITIONS == DEFINITIONS | CHANGES
    assert (CHANGES | DEFINITIONS) | ANYTHING == CHANGES | DEFINITIONS != CHANGES | ANYTHING
