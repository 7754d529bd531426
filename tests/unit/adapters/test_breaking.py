"""A driver with a breaker before it."""

from __future__ import annotations

import asyncio

import pytest
from attrs import define, field

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.postgres.breaking import BreakingDriver
from pgmcp.domain.breaker import Breaker
from pgmcp.domain.errors import DatabaseError, SecurityError, codes
from pgmcp.domain.events import BreakerMoved
from pgmcp.ports.driver import Connection, DriverError, Fault, Need
from tests.unit.adapters.test_sessions import FakeConnection
from tests.unit.house import NOON, Recorder


@define
class Server:
    """A driver that opens or fails as it is told."""

    raises: Exception | None = None
    asked: int = 0
    gate: asyncio.Event = field(factory=asyncio.Event)

    async def connect(self, need: Need) -> Connection:
        self.asked += 1
        await self.gate.wait()
        if self.raises is not None:
            raise self.raises
        return FakeConnection("session")


class Guarded:
    """A server behind a breaker that opens at the second failure."""

    def __init__(self, raises: Exception | None = None) -> None:
        self.clock = FixedClock(NOON)
        self.recorder = Recorder()
        self.server = Server(raises)
        self.server.gate.set()
        self.driver = BreakingDriver(
            self.server,
            breaker=Breaker(failures_allowed=2, cooldown_s=10),
            clock=self.clock,
            observer=self.recorder,
        )

    async def tries(self, count: int) -> None:
        """Fail to connect so often."""
        for _ in range(count):
            with pytest.raises((DriverError, SecurityError, DatabaseError)):
                await self.driver.connect(Need.READ)


def fault(sqlstate: str | None) -> DriverError:
    """What a driver says."""
    return DriverError(Fault(sqlstate=sqlstate, message=""))


@pytest.mark.parametrize(
    "raises, asked",
    [
        pytest.param(fault(None), 2, id="nobody listens"),
        pytest.param(fault("08001"), 2, id="connection refused"),
        pytest.param(fault("57P03"), 2, id="the server starts"),
        pytest.param(fault("57P01"), 2, id="the server stops"),
        pytest.param(fault("53300"), 5, id="too many connections"),
        pytest.param(fault("28P01"), 5, id="a wrong password"),
        pytest.param(fault("3D000"), 5, id="no such database"),
    ],
)
async def test_only_what_can_not_be_reached_opens_it(raises: Exception, asked: int) -> None:
    """A server that says no is there."""
    guarded = Guarded(raises)
    await guarded.tries(5)
    assert guarded.server.asked == asked


async def test_an_open_one_answers_at_once() -> None:
    """With when to come back, and without asking the server."""
    guarded = Guarded(fault(None))
    await guarded.tries(2)
    guarded.clock.advance(2.5)
    with pytest.raises(DatabaseError) as refused:
        await guarded.driver.connect(Need.WRITE)
    assert refused.value.document() == {
        "type": "database_error",
        "code": "breaker_open",
        "message": "The database could not be reached several times, so it is left alone for a moment.",
        "hint": "Call again after `retry_after_ms`; `pgmcp check` looks at each part.",
        "retry": "later",
        "details": {"retry_after_ms": 7500},
    }
    assert guarded.server.asked == 2


async def test_one_tries_for_all() -> None:
    """The others are refused until it is known what came of it; then the way is free, and each change was told."""
    guarded = Guarded(fault(None))
    await guarded.tries(2)
    guarded.clock.advance(10)
    guarded.server.raises = None
    guarded.server.gate.clear()
    first = asyncio.create_task(guarded.driver.connect(Need.READ))
    while guarded.server.asked < 3:  # noqa: ASYNC110 -- a turn of the loop is all it takes
        await asyncio.sleep(0)
    with pytest.raises(DatabaseError, match="left alone"):
        guarded.driver.check(Need.READ)
    guarded.server.gate.set()
    await first
    guarded.driver.check(Need.READ)
    assert guarded.recorder.events == [
        BreakerMoved(state="open", failures=2),
        BreakerMoved(state="half_open", failures=2),
        BreakerMoved(state="closed", failures=0),
    ]


async def test_who_gives_up_leaves_the_trial_to_the_next() -> None:
    """A caller that is cancelled has learned nothing."""
    guarded = Guarded(fault(None))
    await guarded.tries(2)
    guarded.clock.advance(10)
    guarded.server.gate.clear()
    first = asyncio.create_task(guarded.driver.connect(Need.READ))
    while guarded.server.asked < 3:  # noqa: ASYNC110 -- as above
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first})
    guarded.driver.check(Need.READ)


async def test_who_gives_up_late_has_learned_something() -> None:
    """A server that opens no session for seconds hangs, whoever is to blame."""
    guarded = Guarded()
    guarded.server.gate.clear()
    for tried in (1, 2):
        task = asyncio.create_task(guarded.driver.connect(Need.READ))
        while guarded.server.asked < tried:  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0)
        guarded.clock.advance(2)
        task.cancel()
        await asyncio.wait({task})
    assert guarded.recorder.events == [BreakerMoved(state="open", failures=2)]


async def test_sessions_that_fall_silent_count() -> None:
    """One after another they open it; one that is opened in the place of a silent one takes it back."""
    guarded = Guarded()
    guarded.driver.fell_silent(Need.READ)
    await guarded.driver.connect(Need.READ)
    guarded.driver.fell_silent(Need.READ)
    guarded.driver.check(Need.READ)
    guarded.driver.fell_silent(Need.WRITE)
    with pytest.raises(DatabaseError, match="left alone"):
        guarded.driver.check(Need.READ)


async def test_a_refusal_of_our_own_counts_for_nothing() -> None:
    """Such as of a session that could write."""
    guarded = Guarded(SecurityError(codes.WRITE_REFUSED, ""))
    await guarded.tries(5)
    assert guarded.server.asked == 5
