"""Relative times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from pgmcp.domain.filters.relative import UNITS, Moment, span
from pgmcp.domain.values.unfit import Unfit
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import NOON

LISBON, SAO_PAULO, LORD_HOWE = ZoneInfo("Europe/Lisbon"), ZoneInfo("America/Sao_Paulo"), ZoneInfo("Australia/Lord_Howe")
NEW_YORK = ZoneInfo("America/New_York")


def ends(spelling: str, now: datetime) -> tuple[str, str, bool]:
    """Where a span begins and ends, in UTC, and whether its end belongs to it."""
    found = span(spelling, Moment(now))
    return found.low.instant.isoformat(), found.high.instant.isoformat(), found.closed


@cases(
    "spelling, low, high",
    [
        pytest.param("today", "2024-03-13T00:00:00+00:00", "2024-03-14T00:00:00+00:00", id="today"),
        pytest.param("yesterday", "2024-03-12T00:00:00+00:00", "2024-03-13T00:00:00+00:00", id="yesterday"),
        pytest.param("tomorrow", "2024-03-14T00:00:00+00:00", "2024-03-15T00:00:00+00:00", id="tomorrow"),
        pytest.param("this minute", "2024-03-13T12:30:00+00:00", "2024-03-13T12:31:00+00:00", id="this-minute"),
        pytest.param("last minute", "2024-03-13T12:29:00+00:00", "2024-03-13T12:30:00+00:00", id="last-minute"),
        pytest.param("this hour", "2024-03-13T12:00:00+00:00", "2024-03-13T13:00:00+00:00", id="this-hour"),
        pytest.param("next hour", "2024-03-13T13:00:00+00:00", "2024-03-13T14:00:00+00:00", id="next-hour"),
        pytest.param("this day", "2024-03-13T00:00:00+00:00", "2024-03-14T00:00:00+00:00", id="this-day"),
        pytest.param("last day", "2024-03-12T00:00:00+00:00", "2024-03-13T00:00:00+00:00", id="last-day"),
        pytest.param("this week", "2024-03-11T00:00:00+00:00", "2024-03-18T00:00:00+00:00", id="week-from-monday"),
        pytest.param("last week", "2024-03-04T00:00:00+00:00", "2024-03-11T00:00:00+00:00", id="last-week"),
        pytest.param("next week", "2024-03-18T00:00:00+00:00", "2024-03-25T00:00:00+00:00", id="next-week"),
        pytest.param("this month", "2024-03-01T00:00:00+00:00", "2024-04-01T00:00:00+00:00", id="this-month"),
        pytest.param("last month", "2024-02-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00", id="last-month"),
        pytest.param("next month", "2024-04-01T00:00:00+00:00", "2024-05-01T00:00:00+00:00", id="next-month"),
        pytest.param("this quarter", "2024-01-01T00:00:00+00:00", "2024-04-01T00:00:00+00:00", id="this-quarter"),
        pytest.param("last quarter", "2023-10-01T00:00:00+00:00", "2024-01-01T00:00:00+00:00", id="last-quarter"),
        pytest.param("next quarter", "2024-04-01T00:00:00+00:00", "2024-07-01T00:00:00+00:00", id="next-quarter"),
        pytest.param("this year", "2024-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00", id="this-year"),
        pytest.param("last year", "2023-01-01T00:00:00+00:00", "2024-01-01T00:00:00+00:00", id="last-year"),
        pytest.param("  This   WEEK ", "2024-03-11T00:00:00+00:00", "2024-03-18T00:00:00+00:00", id="any-case"),
    ],
)
def test_periods(spelling: str, low: str, high: str) -> None:
    """A period begins where the calendar says and ends before the next one."""
    assert ends(spelling, NOON.now) == (low, high, False)


@cases(
    "spelling, low, high",
    [
        pytest.param("now", "2024-03-13T12:30:15.250000+00:00", "2024-03-13T12:30:15.250000+00:00", id="now"),
        pytest.param(
            "last 90 minutes", "2024-03-13T11:00:15.250000+00:00", "2024-03-13T12:30:15.250000+00:00", id="minutes"
        ),
        pytest.param("last 1 hour", "2024-03-13T11:30:15.250000+00:00", "2024-03-13T12:30:15.250000+00:00", id="one"),
        pytest.param(
            "next 13 hours", "2024-03-13T12:30:15.250000+00:00", "2024-03-14T01:30:15.250000+00:00", id="next-hours"
        ),
        pytest.param(
            "last 30 days", "2024-02-12T12:30:15.250000+00:00", "2024-03-13T12:30:15.250000+00:00", id="last-days"
        ),
        pytest.param(
            "next 2 weeks", "2024-03-13T12:30:15.250000+00:00", "2024-03-27T12:30:15.250000+00:00", id="next-weeks"
        ),
        pytest.param(
            "last 3 months", "2023-12-13T12:30:15.250000+00:00", "2024-03-13T12:30:15.250000+00:00", id="last-months"
        ),
        pytest.param(
            "next 2 quarters", "2024-03-13T12:30:15.250000+00:00", "2024-09-13T12:30:15.250000+00:00", id="quarters"
        ),
        pytest.param(
            "LAST 010 YEARS", "2014-03-13T12:30:15.250000+00:00", "2024-03-13T12:30:15.250000+00:00", id="last-years"
        ),
    ],
)
def test_rolling(spelling: str, low: str, high: str) -> None:
    """`last N` and `next N` roll; both of their ends belong to them."""
    assert ends(spelling, NOON.now) == (low, high, True)


@pytest.mark.parametrize(
    "now, spelling, low",
    [
        pytest.param(
            datetime(2024, 3, 31, tzinfo=UTC), "last 1 month", "2024-02-29T00:00:00+00:00", id="leap-february"
        ),
        pytest.param(datetime(2024, 2, 29, tzinfo=UTC), "last 1 year", "2023-02-28T00:00:00+00:00", id="leap-day"),
        pytest.param(datetime(2024, 1, 15, tzinfo=UTC), "last 1 month", "2023-12-15T00:00:00+00:00", id="new-year"),
        pytest.param(datetime(2024, 12, 31, tzinfo=UTC), "this quarter", "2024-10-01T00:00:00+00:00", id="december"),
        pytest.param(datetime(2024, 3, 11, tzinfo=UTC), "this week", "2024-03-11T00:00:00+00:00", id="monday"),
        pytest.param(datetime(2024, 3, 17, 23, tzinfo=UTC), "this week", "2024-03-11T00:00:00+00:00", id="sunday"),
        pytest.param(datetime(1, 1, 1, 1, tzinfo=UTC), "today", "0001-01-01T00:00:00+00:00", id="first-year"),
    ],
)
def test_calendar(now: datetime, spelling: str, low: str) -> None:
    """Months end where they end, years turn, weeks begin on Monday."""
    assert ends(spelling, now)[0] == low


def test_the_last_month_of_all() -> None:
    """A period whose end Python's calendar doesn't know is refused."""
    with pytest.raises(Unfit, match="a relative time between the years 1 and 9999"):
        ends("next month", datetime(9999, 11, 1, tzinfo=UTC))


@cases(
    "now, spelling, low, high",
    [
        pytest.param(
            datetime(2024, 3, 31, 12, tzinfo=LISBON),
            "today",
            "2024-03-31T00:00:00+00:00",
            "2024-03-31T23:00:00+00:00",
            id="a-day-of-23-hours",
        ),
        pytest.param(
            datetime(2024, 10, 27, 12, tzinfo=LISBON),
            "today",
            "2024-10-26T23:00:00+00:00",
            "2024-10-28T00:00:00+00:00",
            id="a-day-of-25-hours",
        ),
        pytest.param(
            datetime(2024, 3, 31, 12, tzinfo=LISBON),
            "last 1 day",
            "2024-03-30T12:00:00+00:00",
            "2024-03-31T11:00:00+00:00",
            id="days-by-the-calendar",
        ),
        pytest.param(
            datetime(2024, 3, 31, 12, tzinfo=LISBON),
            "last 24 hours",
            "2024-03-30T11:00:00+00:00",
            "2024-03-31T11:00:00+00:00",
            id="hours-by-the-clock",
        ),
        pytest.param(
            datetime(2024, 10, 27, 1, 30, tzinfo=LISBON, fold=1),
            "this hour",
            "2024-10-27T01:00:00+00:00",
            "2024-10-27T02:00:00+00:00",
            id="second-of-two-hours",
        ),
        pytest.param(
            datetime(2024, 10, 27, 1, 30, tzinfo=LISBON),
            "this hour",
            "2024-10-27T00:00:00+00:00",
            "2024-10-27T01:00:00+00:00",
            id="first-of-two-hours",
        ),
        pytest.param(
            datetime(2024, 10, 27, 1, 30, tzinfo=LISBON, fold=1),
            "now",
            "2024-10-27T01:30:00+00:00",
            "2024-10-27T01:30:00+00:00",
            id="now-in-the-second-of-two-hours",
        ),
        pytest.param(
            datetime(2024, 3, 11, 2, 30, tzinfo=NEW_YORK),
            "last 1 day",
            "2024-03-10T07:30:00+00:00",
            "2024-03-11T06:30:00+00:00",
            id="a-time-that-was-skipped",
        ),
        pytest.param(
            datetime(2024, 11, 4, 1, 30, tzinfo=NEW_YORK),
            "last 1 day",
            "2024-11-03T06:30:00+00:00",
            "2024-11-04T06:30:00+00:00",
            id="a-time-that-was-twice",
        ),
        pytest.param(
            datetime(2018, 11, 4, 12, tzinfo=SAO_PAULO),
            "today",
            "2018-11-04T03:00:00+00:00",
            "2018-11-05T02:00:00+00:00",
            id="a-midnight-that-was-skipped",
        ),
        pytest.param(
            datetime(2024, 4, 7, 12, tzinfo=LORD_HOWE),
            "this day",
            "2024-04-06T13:00:00+00:00",
            "2024-04-07T13:30:00+00:00",
            id="half-an-hour",
        ),
        pytest.param(
            datetime(2024, 3, 13, 12, 40, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            "this hour",
            "2024-03-13T06:15:00+00:00",
            "2024-03-13T07:15:00+00:00",
            id="hours-of-an-odd-zone",
        ),
    ],
)
def test_clocks_that_change(now: datetime, spelling: str, low: str, high: str) -> None:
    """Periods keep to the session's zone where its clocks change."""
    assert ends(spelling, now)[:2] == (low, high)


NOT_ONE = "a relative time: now, today, this month, last week, last 30 days, next 2 hours"
TOO_FAR = "a relative time between the years 1 and 9999"


@cases(
    "spelling, expected",
    [
        pytest.param("soon", NOT_ONE, id="unknown"),
        pytest.param("", NOT_ONE, id="empty"),
        pytest.param("last", NOT_ONE, id="no-unit"),
        pytest.param("last second", NOT_ONE, id="second"),
        pytest.param("last days", NOT_ONE, id="plural-without-a-number"),
        pytest.param("last 0 days", NOT_ONE, id="zero"),
        pytest.param("last -1 days", NOT_ONE, id="negative"),
        pytest.param("last 1.5 days", NOT_ONE, id="fraction"),
        pytest.param("last ٣ days", NOT_ONE, id="other-digits"),
        pytest.param("this 2 days", NOT_ONE, id="this-with-a-number"),
        pytest.param("last 2 dayss", NOT_ONE, id="double-plural"),
        pytest.param("last 2 seconds", NOT_ONE, id="seconds"),
        pytest.param("now now", NOT_ONE, id="twice"),
        pytest.param("last 3 days ago", NOT_ONE, id="four-words"),
        pytest.param("last 3000 years", TOO_FAR, id="before-the-first-year"),
        pytest.param("next 8000 years", TOO_FAR, id="after-the-last-year"),
        pytest.param(f"last {'9' * 5000} years", TOO_FAR, id="many-digits"),
        pytest.param(f"last {'9' * 18} minutes", TOO_FAR, id="many-minutes"),
        pytest.param("last 999999 weeks", TOO_FAR, id="many-weeks"),
        pytest.param(5, "a relative time as text", id="number"),
        pytest.param(None, "a relative time as text", id="null"),
    ],
)
def test_unknown_spans(spelling: object, expected: str) -> None:
    """What is no relative time, or beyond the calendar, is refused."""
    with pytest.raises(Unfit) as caught:
        span(spelling, NOON)
    assert caught.value.expected == expected


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_in_every_form(unit: str) -> None:
    """Each unit has its periods and rolls, singular and plural."""
    last, this, following = (span(f"{way} {unit}", NOON) for way in ("last", "this", "next"))
    assert (last.high, this.high) == (this.low, following.low)
    assert last.low.instant < this.low.instant <= NOON.now < this.high.instant < following.high.instant
    assert span(f"last 2 {unit}", NOON) == span(f"last 2 {unit}s", NOON)
    assert span(f"last 2 {unit}s", NOON).low.instant < span(f"last 1 {unit}", NOON).low.instant < NOON.now
