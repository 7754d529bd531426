"""Dates and times on a scale: days or microseconds, with infinities and years that Python's own types can't hold.

Source: PostgreSQL documentation, section 8.5 (Date/Time Types).
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time
from typing import Any

from pgmcp.domain.values.interval import Interval, parse_interval

DAY = 86_400_000_000
_EPOCH, _EPOCH_UTC = datetime(1, 1, 1), datetime(1, 1, 1, tzinfo=UTC)  # noqa: DTZ001 -- timestamps without a zone exist
_FIRST = 1  # the ordinal of 0001-01-01
_INFINITIES = {"infinity": math.inf, "-infinity": -math.inf}
_ISO = re.compile(
    r"(?P<year>\d{4,})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[T ](?P<clock>\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?P<offset>Z|[+-]\d\d(?::?\d\d)?(?::?\d\d)?)?)?(?P<bc> BC)?"
)


def date_key(value: Any) -> float:
    """A date as a number of days, 0001-01-01 being 1."""
    if isinstance(value, date):
        return value.toordinal()
    return _INFINITIES.get(value) or _day(_parts(value))


def timestamp_key(value: Any) -> float:
    """A timestamp without a zone as microseconds since the year 1 began."""
    if isinstance(value, datetime):
        return _microseconds(value, _EPOCH)
    return _INFINITIES.get(value) or _instant(value)


def timestamptz_key(value: Any) -> float:
    """A timestamp with its zone as microseconds since the year 1 began in UTC."""
    if isinstance(value, datetime):
        return _microseconds(value, _EPOCH_UTC)
    return _INFINITIES.get(value) or _instant(value)


def date_as_timestamp_key(value: Any) -> float:
    """A date as the timestamp at its beginning."""
    days = date_key(value)
    return days if math.isinf(days) else (days - _FIRST) * DAY


def time_key(value: Any) -> int:
    """A time of day in microseconds; 24:00:00 is one."""
    if isinstance(value, time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    return _clock(value)


def interval_key(value: Any) -> float:
    """An interval as PostgreSQL sorts it: microseconds, with months of 30 days and days of 24 hours."""
    if isinstance(value, Interval):
        return value.estimate
    found = _INFINITIES.get(value)
    if found is None:
        read = parse_interval(value)
        if read is None:
            raise ValueError("an interval in an unknown spelling")
        found = read.estimate
    return found


def _microseconds(value: datetime, epoch: datetime) -> int:
    since = value - epoch
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _instant(text: str) -> int:
    found = _parts(text)
    microseconds = (_day(found) - _FIRST) * DAY + _clock(found["clock"] or "00:00")
    offset = found["offset"]
    if offset and offset != "Z":
        digits = offset[1:].replace(":", "").ljust(6, "0")
        seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])
        microseconds -= (-seconds if offset[0] == "-" else seconds) * 1_000_000
    return microseconds


def _parts(text: str) -> re.Match[str]:
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError("a date in an unknown spelling")
    return found


def _day(found: re.Match[str]) -> int:
    """The ordinal of a day in any year: Python's calendar, moved by whole cycles of 400 years."""
    year = 1 - int(found["year"]) if found["bc"] else int(found["year"])
    cycles, within = divmod(year, 400)
    return date(within + 400, int(found["month"]), int(found["day"])).toordinal() + (cycles - 1) * 146_097


def _clock(text: str) -> int:
    hour, minute, *rest = text.split(":")
    whole, _, fraction = (rest[0] if rest else "0").partition(".")
    return ((int(hour) * 60 + int(minute)) * 60 + int(whole)) * 1_000_000 + int(fraction.ljust(6, "0")[:6])
