"""Intervals: how they are written, read and counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pgmcp.domain.values.interval import Interval, parse_interval
from tests.fixtures.walked import cases

_SECOND = 1_000_000
_HOUR = 3600 * _SECOND


@pytest.mark.parametrize(
    "interval, iso",
    [
        pytest.param(Interval(), "PT0S", id="nothing"),
        pytest.param(
            Interval(months=10, days=3, microseconds=-(4 * _HOUR + 306_500_000)), "P10M3DT-4H-5M-6.5S", id="mixed"
        ),
        pytest.param(Interval(months=-14), "P-1Y-2M", id="months"),
        pytest.param(Interval(microseconds=-1), "PT-0.000001S", id="smallest"),
        pytest.param(Interval(days=-1, microseconds=500_000), "P-1DT0.5S", id="signs"),
        pytest.param(Interval(microseconds=25 * _HOUR), "PT25H", id="more-than-a-day"),
    ],
)
def test_iso(interval: Interval, iso: str) -> None:
    """An interval is written as PostgreSQL's ISO style has it, and read back."""
    assert interval.iso == iso
    assert parse_interval(iso) == interval


@cases(
    "text, interval",
    [
        pytest.param("1 year 2 mons -3 days +04:05:06.7", Interval(14, -3, 14_706_700_000), id="postgres"),
        pytest.param("@ 1 year 2 mons 3 days 4 hours ago", Interval(-14, -3, -4 * _HOUR), id="verbose"),
        pytest.param("1-2 3 days 4:05", Interval(14, 3, 4 * _HOUR + 300 * _SECOND), id="sql"),
        pytest.param("-1-2", Interval(months=-14), id="negative-years-and-months"),
        pytest.param("-00:00:01.5", Interval(microseconds=-1_500_000), id="negative-clock"),
        pytest.param("3 days 1-2", Interval(14, 3), id="years-and-months-behind"),
        pytest.param("1 day 2 weeks", Interval(days=15), id="days-and-weeks"),
        pytest.param("1.04 years", Interval(months=12), id="fraction-of-a-year-below-a-month"),
        pytest.param("1.3 years", Interval(months=16), id="fraction-of-a-year-rounded"),
        pytest.param("1.5 years", Interval(months=18), id="fraction-of-a-year"),
        pytest.param("1.5 months", Interval(months=1, days=15), id="fraction-of-a-month"),
        pytest.param("-1.5 days", Interval(days=-1, microseconds=-12 * _HOUR), id="fraction-of-a-day"),
        pytest.param("1.5 weeks", Interval(days=10, microseconds=12 * _HOUR), id="fraction-of-a-week"),
        pytest.param("2.5", Interval(microseconds=2_500_000), id="seconds"),
        pytest.param("1 millennium 1 century 1 decade", Interval(months=13_320), id="long-units"),
        pytest.param("1s 1 ms 1us", Interval(microseconds=1_001_001), id="short-units"),
        pytest.param("P1W", Interval(days=7), id="iso-week"),
        pytest.param("PT1.5H", Interval(microseconds=_HOUR * 3 // 2), id="iso-fraction"),
        pytest.param("", None, id="empty"),
        pytest.param("P", None, id="no-part"),
        pytest.param("1 foo", None, id="unknown-unit"),
        pytest.param("1 day 2", None, id="number-without-unit"),
    ],
)
def test_parse(text: str, interval: Interval | None) -> None:
    """PostgreSQL's spellings of an interval are read as it reads them; others are none."""
    assert parse_interval(text) == interval


def test_of_a_timedelta() -> None:
    """A timedelta keeps its days apart from the rest, and none become months."""
    assert Interval.of(timedelta(days=40, hours=-1)) == Interval(days=39, microseconds=23 * _HOUR)
    assert Interval.of(timedelta(microseconds=-1)) == Interval(days=-1, microseconds=24 * _HOUR - 1)


def test_estimate_orders_as_postgresql() -> None:
    """A month counts 30 days and a day 24 hours where intervals are compared."""
    assert Interval(months=1).estimate == Interval(days=30).estimate == Interval(microseconds=720 * _HOUR).estimate
    assert Interval(days=-1).estimate < Interval(microseconds=-1).estimate < Interval().estimate
