"""The history of a process that runs for long."""

from __future__ import annotations

import psutil
import pytest

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.fanning import FanOut
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.domain.calls import CallId
from pgmcp.domain.events import CallEnded
from tests.unit.house import NOON


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_million_samples_stay_within_the_bound() -> None:
    """Neither samples nor counts grow with what is recorded, and it takes no memory that was not taken at a tenth."""
    kept = BoundedHistory(10_000, FixedClock(NOON))
    one = CallEnded(CallId("c"), "read_table", "ana", 0.001, stations=(), noted=(), at=1)
    some = [one] * 1000
    process = psutil.Process()
    for _ in range(1_000):
        kept.add_calls(some)
    before = process.memory_info().rss
    for _ in range(9_000):
        kept.add_calls(some)
    assert len(kept.samples("tool", 0, 9)) == 10_000
    assert kept.totals().operations[0].count == 10_000_000
    # A byte a sample would show; what the allocator takes and gives back by itself is less.
    assert process.memory_info().rss - before < 8_000_000


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_million_events_stay_within_the_bound() -> None:
    """On the way that calls take: what is gathered is bounded too, and so are names."""
    clock = FixedClock(NOON)
    clock.advance(1)
    kept = BoundedHistory(1_000, clock)
    fan = FanOut([MetricsRecorder(kept, clock)])
    kept.fed_by(fan.settle)
    observe = fan.observe
    ended = [
        CallEnded(CallId(f"c{number}"), f"tool{number}", "ana", 0.001, 1, f"error{number}", f"table{number}", (), (), 1)
        for number in range(2_000)
    ]
    for _ in range(500):
        for event in ended:
            observe(event)
    totals = kept.totals()
    assert len(kept.samples("tool", 0, 9)) == 1_000
    assert sum(each.count for each in totals.operations) == 1_000_000
    assert (len(totals.operations), len(totals.relations)) == (501, 1001)
    assert sum(totals.relations.values()) == 1_000_000
