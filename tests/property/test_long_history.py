"""The history of a process that runs for long."""

from __future__ import annotations

import pytest

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.domain.calls import CallId
from pgmcp.domain.samples import Sample
from tests.unit.house import NOON


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_ten_million_samples_stay_within_the_bound() -> None:
    """Neither samples nor counts grow with what is recorded."""
    kept = BoundedHistory(10_000, FixedClock(NOON))
    one = Sample(1, "tool", "read_table", 0.001, None, CallId("c"), None)
    add = kept.add
    for _ in range(10_000_000):
        add(one)
    assert len(kept.samples("tool", 0, 9)) == 10_000
    assert kept.totals().operations[0].count == 10_000_000
