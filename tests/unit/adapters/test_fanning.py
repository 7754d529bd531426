"""FanOut: what waits for whom, until when, and in which order it is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from pgmcp.adapters.fanning import FanOut
from pgmcp.domain.caching.events import CacheHit
from pgmcp.domain.calls import CallId
from pgmcp.domain.events import CallEnded, CallStarted, CatalogueForgotten, Event, StatementRan
from tests.unit.house import Recorder

CALL = CallId("c")
RAN = StatementRan(CALL, "select", 0.1)
WELL = CallEnded(CALL, "read_table", "ana", 0.1)
BADLY = CallEnded(CALL, "read_table", "ana", 0.1, error="lock_timeout")
FORGOTTEN = CatalogueForgotten(call=CALL, sqlstate="42P01")


class Waiter(Recorder):
    """Hears many events at once, and remembers how many."""

    def __init__(self) -> None:
        super().__init__()
        self.portions: list[int] = []

    def statements_ran(self, statements: Sequence[StatementRan]) -> None:
        """Keep them."""
        self.portions.append(len(statements))
        self.events += statements

    def calls_ended(self, calls: Sequence[CallEnded]) -> None:
        """Keep them."""
        self.portions.append(len(calls))
        self.events += calls


def test_what_comes_of_every_call_waits() -> None:
    """Who is patient hears it later, who isn't at once."""
    waiter, heard = Waiter(), Recorder()
    fan = FanOut([waiter, heard])
    for event in (RAN, WELL, RAN):
        fan.observe(event)
    assert (waiter.events, heard.events) == ([], [RAN, WELL, RAN])
    fan.settle()
    assert (waiter.events, waiter.portions) == ([RAN, RAN, WELL], [2, 1])
    fan.settle()
    assert waiter.portions == [2, 1]


@pytest.mark.parametrize(
    "event", [pytest.param(BADLY, id="a failed call"), pytest.param(FORGOTTEN, id="another kind of event")]
)
def test_what_must_not_wait(event: Event) -> None:
    """It is heard before `observe` returns, behind all that happened before it."""
    waiter = Waiter()
    fan = FanOut([waiter])
    fan.observe(RAN)
    fan.observe(WELL)
    fan.observe(event)
    assert waiter.events == [RAN, WELL, event]


def test_a_hit_of_the_cache_has_nothing_told() -> None:
    """It is heard at once, and what waits goes on waiting."""
    waiter = Waiter()
    fan = FanOut([waiter])
    hit = CacheHit(CALL, "read", ("public.t",), 1.0)
    fan.observe(WELL)
    fan.observe(hit)
    assert waiter.events == [hit]


@pytest.mark.parametrize("event, enough", [pytest.param(RAN, 128, id="statements"), pytest.param(WELL, 64, id="calls")])
async def test_enough_of_them_are_told_in_spare_time(event: Event, enough: int) -> None:
    """Not by whoever brings the last one, but as soon as the loop turns."""
    waiter = Waiter()
    fan = FanOut([waiter])
    for _ in range(enough - 1):
        fan.observe(event)
    await asyncio.sleep(0)
    assert waiter.events == []
    for _ in range(3):
        fan.observe(event)
    assert waiter.events == []
    await asyncio.sleep(0)
    assert waiter.portions == [enough + 2]


@pytest.mark.parametrize("event", [pytest.param(RAN, id="statements"), pytest.param(WELL, id="calls")])
def test_without_a_loop_no_more_than_some_wait(event: Event) -> None:
    """Whoever brings one more has them told."""
    waiter = Waiter()
    fan = FanOut([waiter])
    for _ in range(10_000):
        fan.observe(event)
    assert len(waiter.events) > 8_900
    assert max(waiter.portions) <= 1024


@pytest.mark.parametrize("event", [pytest.param(RAN, id="statements"), pytest.param(WELL, id="calls")])
async def test_while_a_loop_does_not_turn_no_more_than_some_wait(event: Event) -> None:
    """It may be busy with one thing for long."""
    waiter = Waiter()
    fan = FanOut([waiter])
    for _ in range(10_000):
        fan.observe(event)
    assert len(waiter.events) > 8_900
    assert max(waiter.portions) <= 1024


def test_what_nobody_hears_need_not_be_told() -> None:
    """What one of them hears is."""

    class Choosy(Waiter):
        def hears(self, kind: type[Event]) -> bool:
            return kind is CallEnded

    assert [FanOut([Choosy()]).hears(kind) for kind in (CallStarted, CallEnded)] == [False, True]
    assert FanOut([Choosy(), Waiter()]).hears(CallStarted)
    assert not FanOut([]).hears(CallEnded)


def test_a_patient_observer_that_raises() -> None:
    """Is alone with it."""

    class Broken(Waiter):
        def calls_ended(self, calls: Sequence[CallEnded]) -> None:
            raise ValueError

    waiter = Waiter()
    fan = FanOut([Broken(), waiter])
    for event in (CallStarted(CALL, "read_table", "ana"), WELL, BADLY):
        fan.observe(event)
    assert (waiter.events[1:], fan.failures) == ([WELL, BADLY], 1)
