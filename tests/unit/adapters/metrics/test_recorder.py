"""MetricsRecorder: which events become which samples."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.fanning import FanOut
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.domain.calls import CallId
from pgmcp.domain.drawing import is_drawn
from pgmcp.domain.events import (
    CallEnded,
    CallStarted,
    CatalogueForgotten,
    Event,
    FunctionRan,
    StatementRan,
)
from pgmcp.domain.samples import LAYERS, Place, Sample
from tests.unit.house import NOON, Recorder

CALL = CallId("c")
EVENTS: list[Event] = [
    CallStarted(call=CALL, tool="read_table", principal="ana"),
    StatementRan(call=CALL, kind="select", seconds=0.002, sqlstate="57014", fingerprint="f00", at=3),
    CallEnded(
        call=CALL,
        tool="read_table",
        principal="ana",
        seconds=0.005,
        error="statement_timeout",
        relation="orders",
        stations=(Place("station", "plan"), 1.0, None, 1.5),
        noted=(Place("repository", "select"), 1.25, 1.5),
        at=3,
    ),
    FunctionRan(layer="service", operation="tidy", seconds=0.25),
    CatalogueForgotten(call=CALL, sqlstate="42P01"),
]


def recorded(*, drawn: bool) -> BoundedHistory:
    """What is kept of the events of a call."""
    clock = FixedClock(NOON)
    clock.advance(3)
    history = BoundedHistory(10, clock)
    recorder = MetricsRecorder(history, clock)
    for event in EVENTS:
        recorder.observe(event if drawn else _not_drawn(event))
    return history


def _not_drawn(event: Event) -> Event:
    """The same of a call that is not timed."""
    if isinstance(event, CallEnded):
        return event._replace(stations=None, noted=None)
    return event._replace(timed=False) if isinstance(event, StatementRan) else event


def test_samples() -> None:
    """Calls, statements, parts and functions; other events by their name."""
    history = recorded(drawn=True)
    assert [each for layer in LAYERS for each in history.samples(layer, 0, 9)] == [
        Sample(3, "tool", "read_table", 0.005, "statement_timeout", CALL, "orders"),
        Sample(1.5, "station", "plan", 0.5, None, CallId("")),
        Sample(3, "service", "tidy", 0.25, None, CallId("")),
        Sample(1.5, "repository", "select", 0.25, None, CallId("")),
        Sample(3, "statement", "select", 0.002, "57014", CALL, "f00"),
    ]
    assert history.totals().events == {"CatalogueForgotten": 1}


def test_what_is_not_drawn_is_counted() -> None:
    """Calls and statements are; their times are not kept."""
    history = recorded(drawn=False)
    assert [each.operation for layer in ("tool", "statement") for each in history.samples(layer, 0, 9)] == []
    counts = {each.operation: each.count for each in history.totals().operations}
    assert (counts["read_table"], counts["select"]) == (1, 1)


def test_statements_are_drawn_with_their_calls() -> None:
    """Among many the times of those are kept whose calls are drawn; all of them are counted."""
    calls = [CallId(f"call {number}") for number in range(2_000)]
    history = BoundedHistory(10_000, FixedClock(NOON))
    recorder = MetricsRecorder(history, FixedClock(NOON))
    recorder.statements_ran(
        [StatementRan(call=call, kind="select", seconds=0.002, at=1, timed=is_drawn(call, 0.1)) for call in calls]
    )
    kept = history.samples("statement", 0, 9)
    assert [each.call for each in kept] == [call for call in calls if is_drawn(call, 0.1)]
    assert history.totals().operations[0].count == len(calls)


def test_a_share_of_calls_is_drawn() -> None:
    """About as many as were asked for, and always the same ones."""
    calls = [CallId(f"call {number}") for number in range(20_000)]
    drawn = [call for call in calls if is_drawn(call, 0.1)]
    assert 1_600 < len(drawn) < 2_400
    assert drawn == [call for call in calls if is_drawn(call, 0.1)]
    assert not any(is_drawn(call, 0) for call in calls)
    assert all(is_drawn(call, 1) for call in calls)


def test_an_observer_that_raises_is_alone_with_it() -> None:
    """The others hear, and whoever tells goes on."""

    class Broken:
        def observe(self, event: Event) -> None:
            raise ValueError

    heard = Recorder()
    fan = FanOut([Broken(), heard])
    for event in EVENTS:
        fan.observe(event)
    assert (heard.events, fan.failures) == (EVENTS, len(EVENTS))


class Choosy(Recorder):
    """Hears of the ends of calls alone."""

    def hears(self, kind: type[Event]) -> bool:
        """Whether it is one."""
        return kind is CallEnded


def test_an_observer_is_spared_what_says_nothing_to_it() -> None:
    """It hears what it asked for; the others hear all."""
    choosy, heard = Choosy(), Recorder()
    fan = FanOut([choosy, heard])
    for event in EVENTS * 2:
        fan.observe(event)
    assert choosy.events == [event for event in EVENTS * 2 if isinstance(event, CallEnded)]
    assert heard.events == EVENTS * 2


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(lambda history: len(history.samples("statement", 0, 9)), id="samples"),
        pytest.param(lambda history: history.totals().operations[0].count, id="totals"),
        pytest.param(lambda history: history.since_reset().operations[0].count, id="since a reset"),
    ],
)
def test_what_is_gathered_is_there_to_read(count: Callable[[BoundedHistory], int]) -> None:
    """However few events have come: every way to read counts them first."""
    clock = FixedClock(NOON)
    history = BoundedHistory(1000, clock)
    clock.advance(1)
    fan = FanOut([MetricsRecorder(history, clock)])
    history.fed_by(fan.settle)
    for number in range(1, 300):
        fan.observe(EVENTS[1])
        if number % 7 == 0:
            assert count(history) == number
    history.clear()
    assert history.since_reset().operations == ()
    assert history.whole_since("statement") == 1
