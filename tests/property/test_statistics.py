"""The statistics agree with exact arithmetic, on whatever windows."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgmcp.domain.statistics import change, per_second, quantile, slope, summarise

SECONDS = st.floats(min_value=0, max_value=1e6, allow_nan=False, allow_infinity=False)
WINDOWS = st.lists(SECONDS, min_size=1, max_size=200)


def exact_quantile(values: list[float], percent: int) -> Fraction:
    """PostgreSQL's `percentile_cont`, in fractions."""
    ordered = sorted(map(Fraction, values))
    place = Fraction(percent, 100) * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def close(found: float, exact: Fraction) -> bool:
    """Whether a float is the exact figure but for its last places."""
    return math.isclose(found, float(exact), rel_tol=1e-9, abs_tol=1e-9)


@given(WINDOWS)
def test_a_summary_is_exact(values: list[float]) -> None:
    """Ends, mean, median and percentiles are those of exact arithmetic."""
    found = summarise(values)
    assert found is not None
    assert (found.count, found.minimum, found.maximum) == (len(values), min(values), max(values))
    assert close(found.mean, sum(map(Fraction, values), Fraction()) / len(values))
    assert close(found.median, Fraction(statistics.median(map(Fraction, values))))
    for percent, figure in ((90, found.p90), (95, found.p95), (99, found.p99)):
        assert close(figure, exact_quantile(values, percent))


@given(WINDOWS)
def test_figures_are_in_order(values: list[float]) -> None:
    """No rounding carries a figure past its neighbour."""
    found = summarise(values)
    assert found is not None
    figures = [found.minimum, found.median, found.p90, found.p95, found.p99, found.maximum]
    assert figures == sorted(figures)
    assert found.minimum <= found.mean <= found.maximum


@given(st.lists(SECONDS, min_size=2, max_size=100))
def test_percentiles_are_the_standard_library_s(values: list[float]) -> None:
    """The inclusive method of `statistics.quantiles` is the same definition."""
    cuts = statistics.quantiles(map(Fraction, values), n=100, method="inclusive")
    ordered = sorted(values)
    for percent in (1, 50, 90, 95, 99):
        assert close(quantile(ordered, percent / 100), Fraction(cuts[percent - 1]))


@given(st.lists(st.tuples(st.integers(0, 86_400), SECONDS), min_size=2, max_size=100), st.integers(0, 10**7))
def test_a_slope_is_that_of_least_squares(points: list[tuple[int, float]], since: int) -> None:
    """Wherever the clock's scale begins."""
    found = slope([(at + since, value) for at, value in points])
    count = len(points)
    across, up = [Fraction(at) for at, _ in points], [Fraction(value) for _, value in points]
    spread = count * sum(x * x for x in across) - sum(across) ** 2
    if spread == 0:
        assert found is None
        return
    exact = (count * sum(x * y for x, y in zip(across, up, strict=True)) - sum(across) * sum(up)) / spread
    assert found is not None
    assert math.isclose(found, float(exact), rel_tol=1e-6, abs_tol=1e-6)


@given(SECONDS, st.floats(min_value=0.001, max_value=1e6))
def test_change_and_rate(now: float, before: float) -> None:
    """A share of what was, and a count over its time."""
    found = change(now, before)
    assert found is not None
    assert close(found, (Fraction(now) - Fraction(before)) / Fraction(before))
    assert close(per_second(now, before), Fraction(now) / Fraction(before))


def test_nothing_comes_to_nothing() -> None:
    """No figure is made up where there is nothing to make it from."""
    assert summarise([]) is None
    assert slope([]) is None
    assert slope([(1.0, 2.0)]) is None
    assert change(1.0, 0.0) is None
    assert per_second(5, 0.0) == pytest.approx(0.0)
