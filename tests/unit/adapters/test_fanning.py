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

    def observe_all(self, events: Sequence[Event]) -> None:
        """Keep them."""
        self.portions.append(len(events))
        self.events += events


def test_everyday_events_wait_for_others() -> None:
    """Who is patient hears them together, who isn't at once."""
    waiter, heard = Waiter(), Recorder()
    fan = FanOut([waiter, heard])
    for event in (RAN, WELL, RAN):
        fan.observe(event)
    assert (waiter.events, heard.events) == ([], [RAN, WELL, RAN])
    fan.settle()
    assert (waiter.events, waiter.portions) == ([RAN, WELL, RAN], [3])
    fan.settle()
    assert waiter.portions == [3]


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


def test_a_hit_of_the_cache_hands_nothing_on() -> None:
    """It is heard at once, and what waits goes on waiting."""
    waiter = Waiter()
    fan = FanOut([waiter])
    hit = CacheHit(CALL, "read", ("public.t",), 1.0)
    fan.observe(WELL)
    fan.observe(hit)
    assert waiter.events == [hit]


def test_without_a_loop_no_more_than_some_wait() -> None:
    """Whoever brings one more hands them on."""
    waiter = Waiter()
    fan = FanOut([waiter])
    for _ in range(10_000):
        fan.observe(RAN)
    assert len(waiter.events) > 9_900
    assert max(waiter.portions) <= 1024


async def test_enough_of_them_are_handed_on_in_spare_time() -> None:
    """Not by whoever brings the last one, but as soon as the loop turns."""
    waiter = Waiter()
    fan = FanOut([waiter])
    for _ in range(40):
        fan.observe(RAN)
    assert waiter.events == []
    await asyncio.sleep(0)
    assert waiter.portions == [40]


async def test_a_loop_that_never_turns() -> None:
    """What waits is bounded all the same."""
    waiter = Waiter()
    fan = FanOut([waiter])
    for _ in range(10_000):
        fan.observe(RAN)
    assert len(waiter.events) > 8_900


def test_a_patient_observer_that_raises() -> None:
    """Is alone with it."""

    class Broken(Waiter):
        def observe_all(self, events: Sequence[Event]) -> None:
            raise ValueError

    waiter = Waiter()
    fan = FanOut([Broken(), waiter])
    for event in (CallStarted(CALL, "read_table", "ana"), WELL, BADLY):
        fan.observe(event)
    assert (waiter.events[1:], fan.failures) == ([WELL, BADLY], 1)
