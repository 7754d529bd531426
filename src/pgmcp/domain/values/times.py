"""Dates and times in PostgreSQL's text form, and what can be told to be none.

PostgreSQL reads dates in many spellings, some of them by its settings, so only what no setting makes a date is refused:
text without digits that is no word of PostgreSQL's, and ISO dates and clock times with a part out of its range.

Source: PostgreSQL documentation, sections 8.5.1 (Date/Time Input) and B.1 (Interpretation).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from pgmcp.domain.json import Number
from pgmcp.domain.values.interval import Interval, looks_like_interval
from pgmcp.domain.values.unfit import Unfit

_WORDS = frozenset({"now", "today", "tomorrow", "yesterday", "epoch", "infinity", "allballs"})
_LEADING_WORD = re.compile(r"[^\W\d_]+")
_ISO_DATE = re.compile(r"\s*([0-9]{4,})-([0-9]{1,2})-([0-9]{1,2})(?![0-9])(.*)", re.DOTALL)
_CLOCK = re.compile(r"\s*[T ]?\s*([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]*))?)?(?![0-9:])")
_LONGEST_ABBREVIATION = 5
# Before the first digit: names of months and days, Julian days, and what may be a zone's abbreviation.
_NAMES = tuple("jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun".split())

EXPECTED_DATE = "a date such as 2024-02-29"
EXPECTED_TIMESTAMP = "a timestamp such as 2024-02-29T12:34:56.789"
EXPECTED_TIMESTAMPTZ = "a timestamp with its offset such as 2024-02-29T12:34:56.789+00:00"
EXPECTED_TIME = "a time such as 12:34:56.789"
EXPECTED_INTERVAL = "an interval such as P1DT2H30M or 1 day 02:30:00"


def _instant_writer(expected: str) -> Callable[[Any], str]:
    """A writer of dates and timestamps."""

    def write(value: Any) -> str:
        if isinstance(value, date):
            return value.isoformat()
        if not isinstance(value, str) or isinstance(value, Number) or not _may_be_instant(value):
            raise Unfit(expected)
        return value

    return write


def _may_be_instant(text: str) -> bool:
    """Whether PostgreSQL may read a date or a timestamp in a text; a clock time alone is none."""
    if not any(character.isdigit() for character in text):
        word = _LEADING_WORD.search(text)
        return word is not None and word[0].lower() in _WORDS
    if found := _ISO_DATE.match(text):
        year, month, day, rest = int(found[1][:9]), int(found[2]), int(found[3]), found[4]
        if not year or not 1 <= month <= 12 or not 1 <= day <= _days(year, month, rest):
            return False
        clock = _CLOCK.match(rest)
        return clock is None or _is_clock(clock)
    if _CLOCK.fullmatch(text.strip()):
        return False
    lead = _LEADING_WORD.match(text.strip())
    return lead is None or len(lead[0]) <= _LONGEST_ABBREVIATION or lead[0].lower().startswith(_NAMES)


def _days(year: int, month: int, rest: str) -> int:
    """How many days a month has; before Christ there is no year 0, so 1 BC is a leap year."""
    if "bc" in rest.lower():
        year = 1 - year
    # The calendar repeats every 400 years, and Python's begins with year 1.
    return monthrange(year % 400 + 400, month)[1]


def _is_clock(found: re.Match[str]) -> bool:
    """Whether hours, minutes and seconds are in their ranges; 24:00:00 and a leap second are."""
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if hour == 24:
        return minute == second == 0 and not (found[4] or "").strip("0")
    return hour < 24 and minute < 60 and second <= 60


def time_text(value: Any) -> str:
    """A time of day, with or without its offset."""
    if isinstance(value, time):
        return value.isoformat()
    if not isinstance(value, str) or isinstance(value, Number):
        raise Unfit(EXPECTED_TIME)
    if not any(character.isdigit() for character in value):
        word = _LEADING_WORD.search(value)
        if word is None or word[0].lower() not in {"now", "allballs"}:
            raise Unfit(EXPECTED_TIME)
    elif (clock := _CLOCK.match(value)) and not _is_clock(clock) and not re.search("[ap]m", value, re.IGNORECASE):
        raise Unfit(EXPECTED_TIME)
    return value


def interval_text(value: Any) -> str:
    """A span of time; Python's timedelta has days and microseconds, an `Interval` months as well."""
    if isinstance(value, timedelta):
        value = Interval.of(value)
    if isinstance(value, Interval):
        return value.iso
    if not isinstance(value, str) or isinstance(value, Number) or not looks_like_interval(value):
        raise Unfit(EXPECTED_INTERVAL)
    return value


def iso_instant(value: datetime) -> str:
    """A datetime as the wire has it: ISO 8601 with `T`, no zeros at the end of a fraction, the offset if it has one.

    >>> iso_instant(datetime(2024, 2, 29, 12, 34, 56, 789000))
    '2024-02-29T12:34:56.789'
    """
    return _without_trailing_zeros(value.isoformat())


def iso_time(value: time) -> str:
    """A time as the wire has it, which is PostgreSQL's own form: `12:34:56.5+02`, `12:34:56+05:30`."""
    text = _without_trailing_zeros(value.isoformat())
    return text[:-3] if value.tzinfo is not None and text.endswith(":00") and text[-6] in "+-" else text


def _without_trailing_zeros(text: str) -> str:
    """The text with its fraction of a second cut to the digits that say something."""
    head, point, tail = text.partition(".")
    return f"{head}.{tail[:6].rstrip('0')}{tail[6:]}" if point else text


TIME_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "date": _instant_writer(EXPECTED_DATE),
    "timestamp": _instant_writer(EXPECTED_TIMESTAMP),
    "timestamptz": _instant_writer(EXPECTED_TIMESTAMPTZ),
    "time": time_text,
    "timetz": time_text,
    "interval": interval_text,
}
