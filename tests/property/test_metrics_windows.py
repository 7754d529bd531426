"""What an operator is told of a window agrees with exact arithmetic over what ran in it, whatever ran."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.metrics.gauges import GaugedResources
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.domain.calls import CallId
from pgmcp.domain.events import CallEnded
from pgmcp.domain.measuring import GetMetrics
from pgmcp.domain.samples import MetricType
from pgmcp.domain.settings import Settings
from pgmcp.services.metrics import MetricsService
from tests.property.test_statistics import exact_quantile
from tests.unit.house import NOON

# Whole milliseconds and eighths of seconds: what is told is rounded, and what it is held against is exact.
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["read_table", "execute_query"]),
        st.integers(0, 10_000),  # milliseconds that it took
        st.integers(0, 80),  # eighths of a second until the next one ended
        st.sampled_from([None, None, "lock_timeout", "unknown_table"]),
    ),
    max_size=60,
)
WINDOWS = st.integers(1, 100)


def watched(calls: list[Any], capacity: int) -> tuple[MetricsService, list[tuple[float, str, Fraction, str | None]]]:
    """A service that heard of calls, and what is to be expected of it: when each ended, which, how long, how."""
    clock = FixedClock(NOON)
    clock.advance(1)
    history = BoundedHistory(capacity, clock)
    recorder = MetricsRecorder(history, clock)
    ran = []
    for tool, ms, pause, error in calls:
        recorder.observe(CallEnded(CallId("c"), tool, "ana", ms / 1000, 0, error, None, (), (), clock.monotonic()))
        ran.append((clock.monotonic(), tool, Fraction(ms), error))
        clock.advance(pause / 8)
    return MetricsService(history, GaugedResources([]), recorder, clock, Settings()), ran


def told(service: MetricsService, what: MetricType, window: float) -> dict[str, Any]:
    """What it tells of all tools."""
    return dict(service.tell(GetMetrics(what=what, operation=None, window_s=window)))


def near(found: float, exact: Fraction, places: int) -> bool:
    """Whether a figure is the exact one, rounded."""
    return math.isclose(found, float(exact), abs_tol=0.6 * 10**-places, rel_tol=1e-9)


@given(CALLS, WINDOWS)
def test_execution_times(calls: list[Any], window: int) -> None:
    """Each tool's figures are those of the calls that ended in the window, and of no others."""
    service, ran = watched(calls, 1000)
    end = 1 + sum(each[2] for each in calls) / 8
    start = max(end - window, 1.0)
    inside = [each for each in ran if start < each[0] <= end]
    found = {each["operation"]: each for each in told(service, MetricType.EXECUTION_TIMES, window)["operations"]}
    assert set(found) == {tool for _, tool, _, _ in inside}
    for tool, line in found.items():
        times = [ms for _, name, ms, _ in inside if name == tool]
        failed = sum(name == tool and error is not None for _, name, _, error in inside)
        assert (line["count"], line.get("errors", 0)) == (len(times), failed)
        assert near(line["mean_ms"], sum(times, Fraction()) / len(times), 3)
        floats = [float(each) for each in times]
        figures = (("min_ms", 0), ("median_ms", 50), ("p90_ms", 90), ("p95_ms", 95), ("p99_ms", 99), ("max_ms", 100))
        for name, percent in figures:
            assert near(line[name], exact_quantile(floats, percent), 3), name


@given(CALLS, WINDOWS)
@example(calls=[("read_table", 0, 1, None), ("read_table", 0, 0, None)], window=1)
def test_errors_and_throughput(calls: list[Any], window: int) -> None:
    """The rates are shares of the calls in the window; what is counted since the reset is all that ever ran."""
    service, ran = watched(calls, 1000)
    end = 1 + sum(each[2] for each in calls) / 8
    start = max(end - window, 1.0)
    inside = [each for each in ran if start < each[0] <= end]
    failed = [error for _, _, _, error in inside if error is not None]
    found = told(service, MetricType.ERRORS, window)
    assert (found["calls"], found["errors"]) == (len(inside), len(failed))
    assert near(found["error_rate"], Fraction(len(failed), len(inside) or 1), 4)
    assert {each["code"]: each["count"] for each in found["by_code"]} == Counter(failed)
    assert found["since_reset"]["calls"] == len(ran)
    rates = told(service, MetricType.OPERATIONS_PER_SECOND, window)
    covered = Fraction(end - start)
    assert near(rates["operations_per_second"], len(inside) / covered if covered else Fraction(), 4)


@given(CALLS, st.integers(1, 20))
def test_what_had_to_go_is_in_no_figure(calls: list[Any], capacity: int) -> None:
    """A window that reaches behind what is kept is cut to where nothing is missing, and says how far it goes."""
    service, ran = watched(calls, capacity)
    end = 1 + sum(each[2] for each in calls) / 8
    whole = 1.0 if len(ran) <= capacity else ran[-capacity - 1][0]
    found = told(service, MetricType.ERRORS, 10_000)
    assert found["covered_seconds"] == round(end - whole, 3)
    assert found["calls"] == sum(whole < at <= end for at, _, _, _ in ran)
