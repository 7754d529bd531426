"""Relative times: `today`, `this month`, `last 30 days`, taken from the request's moment in the session's time zone.

A period (`today`, `last week`) begins where it begins and ends before the next one; weeks start on Monday.
`last N days` and `next N days` roll: both ends belong to them. Minutes and hours are counted on the world's clock, days
and longer on the calendar's, as PostgreSQL adds intervals to timestamps with time zone; a wall time that a change of
the clocks skips or repeats is read with the smaller offset, as PostgreSQL reads it.
Source: PostgreSQL documentation, sections 9.9 (date_trunc, operators) and B.2 (invalid or ambiguous timestamps).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.json import Number
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.values.types import DATE, TIMESTAMP, TIMESTAMPTZ, Type
from pgmcp.domain.values.unfit import Unfit

SHORT = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
UNITS = (*SHORT, *DAYS, *MONTHS)
_DAY_NAMES = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WAYS = {"last": -1, "this": 0, "next": 1}
SPELLINGS = ("now", *_DAY_NAMES, *(f"{way} {unit}" for way in _WAYS for unit in UNITS), "last 30 days", "next 7 days")


@frozen
class Moment:
    """When a request is, for all its relative times alike.

    Args:
        now: Aware, in the session's time zone.
    """

    now: datetime


@frozen(kw_only=True)
class Edge:
    """An end of a span.

    Args:
        local: The wall time in the session's zone, naive.
        instant: The same in UTC.
        midnight: Whether it is the start of a day by its nature.
    """

    local: datetime
    instant: datetime
    midnight: bool = False

    def literal(self, type_: Type, at: str) -> Literal:
        """The edge as a literal that a column of `type_` compares with exactly.

        A date is compared with a date where the edge is the start of a day, else with a timestamp.
        """
        if type_.tag == "timestamptz":
            return Literal(self.instant.isoformat(), TIMESTAMPTZ, at)
        if type_.tag == "date" and self.midnight:
            return Literal(self.local.date().isoformat(), DATE, at)
        return Literal(self.local.isoformat(), TIMESTAMP, at)


@frozen(kw_only=True)
class Span:
    """A stretch of time.

    Args:
        low: Its start, which belongs to it.
        high: Its end.
        closed: Whether the end belongs to it too.
    """

    low: Edge
    high: Edge
    closed: bool


def span(spelling: Any, moment: Moment) -> Span:
    """The span that a relative time means.

    Args:
        spelling: `now`, `today`, `this month`, `last 30 days`…, in any case.
        moment: When it is.

    Raises:
        Unfit: It is none of them, or too far away.
    """
    if not isinstance(spelling, str) or isinstance(spelling, Number):
        raise Unfit("a relative time as text")
    try:
        found = _span(spelling.casefold().split(), moment.now)
    except (OverflowError, ValueError):
        raise Unfit("a relative time between the years 1 and 9999") from None
    if found is None:
        raise Unfit("a relative time: now, today, this month, last week, last 30 days, next 2 hours")
    return found


def nearest_spelling(spelling: object) -> str | None:
    """A hint for a relative time that isn't one."""
    return did_you_mean(spelling, SPELLINGS) if isinstance(spelling, str) else None


def _span(words: list[str], now: datetime) -> Span | None:
    match words:
        case ["now"]:
            edge = _instant(now.astimezone(UTC), now)
            return Span(low=edge, high=edge, closed=True)
        case [("yesterday" | "today" | "tomorrow") as day]:
            return _period("day", _DAY_NAMES[day], now)
        case [("last" | "this" | "next") as way, unit] if unit in UNITS:
            return _period(unit, _WAYS[way], now)
        case [("last" | "next") as way, digits, unit] if unit.removesuffix("s") in UNITS:
            if digits.isascii() and digits.isdecimal() and int(digits[:19]) > 0:
                return _rolling(unit.removesuffix("s"), _WAYS[way] * int(digits[:19]), now)
    return None


def _period(unit: str, offset: int, now: datetime) -> Span:
    """The calendar's period that holds `now`, or the one before or after it."""
    start = _start(unit, now.replace(tzinfo=None))
    if unit in SHORT:
        low = (start - _offset(now)).replace(tzinfo=UTC) + offset * SHORT[unit]
        return Span(low=_instant(low, now), high=_instant(low + SHORT[unit], now), closed=False)
    first = _shift(start, unit, offset)
    low_edge, high_edge = (_wall(local, now, midnight=True) for local in (first, _shift(first, unit, 1)))
    return Span(low=low_edge, high=high_edge, closed=False)


def _rolling(unit: str, count: int, now: datetime) -> Span:
    """From `count` units ago until now, or from now until `count` units ahead."""
    here = _instant(now.astimezone(UTC), now)
    if unit in SHORT:
        there = _instant(now.astimezone(UTC) + count * SHORT[unit], now)
    else:
        there = _wall(_shift(now.replace(tzinfo=None), unit, count), now)
    low, high = (there, here) if count < 0 else (here, there)
    return Span(low=low, high=high, closed=True)


def _start(unit: str, local: datetime) -> datetime:
    """`date_trunc`."""
    if unit == "minute":
        return local.replace(second=0, microsecond=0)
    if unit == "hour":
        return local.replace(minute=0, second=0, microsecond=0)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit in DAYS:
        return day - timedelta(days=day.weekday()) if unit == "week" else day
    return day.replace(month=day.month - (day.month - 1) % MONTHS[unit], day=1)


def _shift(local: datetime, unit: str, count: int) -> datetime:
    """The calendar's date so many units away; the last day of a month where the month is too short."""
    if unit in DAYS:
        return local + timedelta(days=count * DAYS[unit])
    months = local.year * 12 + local.month - 1 + count * MONTHS[unit]
    year, month = divmod(months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))


def zone_named(name: str) -> tzinfo:
    """The time zone that PostgreSQL names; UTC where Python doesn't know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _instant(instant: datetime, now: datetime) -> Edge:
    return Edge(local=instant.astimezone(now.tzinfo).replace(tzinfo=None), instant=instant)


def _wall(local: datetime, now: datetime, *, midnight: bool = False) -> Edge:
    either = (local.replace(tzinfo=now.tzinfo, fold=fold) for fold in (0, 1))
    return Edge(local=local, instant=min(either, key=_offset).astimezone(UTC), midnight=midnight)


def _offset(aware: datetime) -> timedelta:
    return aware.utcoffset() or timedelta()
