"""Dates and times read from PostgreSQL's ISO spellings, where no server is at hand to read them.

Only what says by itself which moment it is: neither `now` nor `Jan 5`, which hang on a clock or a setting. A timestamp
with zone but without an offset is in UTC.

Source: PostgreSQL documentation, section 8.5.1 (Date/Time Input).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple

from pgmcp.domain.values.times import (
    EXPECTED_DATE,
    EXPECTED_TIME,
    EXPECTED_TIMESTAMP,
    EXPECTED_TIMESTAMPTZ,
    iso_time,
)
from pgmcp.domain.values.unfit import Unfit

_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>\.[0-9]*)?)?"
_HALF = r"(?:\s*(?P<half>[AP]M))?"
_OFFSET = r"\s*(?P<offset>Z|UTC|GMT|[+-][0-9]{1,2}(?::?[0-9]{2})?(?::?[0-9]{2})?)?"
_INSTANT = re.compile(
    rf"(?P<year>[0-9]{{4,7}})-(?P<month>[0-9]{{1,2}})-(?P<day>[0-9]{{1,2}})(?:(?:T|\s+){_CLOCK}{_HALF}{_OFFSET})?(?P<bc>\s*BC)?",
    re.IGNORECASE,
)
_TIME = re.compile(_CLOCK + _HALF + _OFFSET, re.IGNORECASE)
# ISO 8601's forms without signs between the parts, 20240229 and T123456.
_BARE_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9.-])")
_BARE_CLOCK = re.compile(r"T?([0-9]{2})([0-9]{2})([0-9]{2})(?![0-9:])", re.IGNORECASE)
_DAY_AND_CLOCK = re.compile(r"([0-9]{8})(T[0-9]{6}.*)", re.IGNORECASE | re.DOTALL)
_INFINITIES = {"infinity": "infinity", "+infinity": "infinity", "-infinity": "-infinity"}
_DAY = 86_400_000_000
_NOON = 12
_CYCLE = 400  # years after which the calendar repeats


class _Moment(NamedTuple):
    """A moment whose year may be any: `at` lies `cycles` cycles of the calendar before or after it."""

    at: datetime
    cycles: int

    @property
    def year(self) -> int:
        """The astronomical year: 1 BC is 0."""
        return self.at.year + self.cycles * _CYCLE

    @property
    def fits(self) -> bool:
        """Whether Python's own classes reach it."""
        return 1 <= self.year <= 9999

    @property
    def day_text(self) -> str:
        """Its date in PostgreSQL's spelling, without BC."""
        year = self.year if self.year > 0 else 1 - self.year
        return f"{year:04d}-{self.at.month:02d}-{self.at.day:02d}"

    @property
    def era(self) -> str:
        """What stands behind a date before the year 1."""
        return "" if self.year > 0 else " BC"


def read_date(text: str) -> date | str:
    """A date; text for what Python has no date for.

    Raises:
        Unfit: It is no ISO date.
    """
    bare = text.strip()
    if special := _special(bare):
        return date(1970, 1, 1) if special == "epoch" else special
    moment = _moment(bare, EXPECTED_DATE, clock=False)
    return moment.at.date().replace(year=moment.year) if moment.fits else moment.day_text + moment.era


def read_timestamp(text: str, *, zoned: bool) -> datetime | str:
    """A timestamp, in UTC if it is `zoned`; text for what Python has no datetime for.

    Raises:
        Unfit: It is no ISO timestamp.
    """
    bare = text.strip()
    if special := _special(bare):
        return datetime(1970, 1, 1, tzinfo=UTC if zoned else None) if special == "epoch" else special
    moment = _moment(bare, EXPECTED_TIMESTAMPTZ if zoned else EXPECTED_TIMESTAMP, clock=True)
    if zoned:
        moment = moment._replace(at=moment.at.astimezone(UTC))
    else:
        # Without a zone PostgreSQL ignores an offset.
        moment = moment._replace(at=moment.at.replace(tzinfo=None))
    if moment.fits:
        return moment.at.replace(year=moment.year)
    clock = moment.at.time().isoformat()
    clock = clock.rstrip("0") if "." in clock else clock
    return f"{moment.day_text} {clock}{'+00' if zoned else ''}{moment.era}"


def read_time(text: str, *, zoned: bool) -> time | str:
    """A time of day; text at the end of the day, which Python has no time for.

    Raises:
        Unfit: It is no clock time.
    """
    found = _TIME.fullmatch(_parted_clock(text.strip()).removeprefix("T").removeprefix("t"))
    if found is None:
        raise Unfit(EXPECTED_TIME)
    microseconds = _microseconds(found, EXPECTED_TIME)
    offset = _offset(found["offset"], EXPECTED_TIME) if zoned else None
    if microseconds >= _DAY:
        return "24:00:00" if offset is None else f"24:00:00{iso_time(time(tzinfo=timezone(offset)))[8:]}"
    clock = (datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).time()
    return clock if offset is None else clock.replace(tzinfo=timezone(offset))


def _special(text: str) -> str | None:
    """PostgreSQL's word for a moment that has no clock, or None."""
    word = text.lower()
    return word if word == "epoch" else _INFINITIES.get(word)


def _parted(text: str) -> str:
    """A date, and what stands behind it, with the signs between its parts that ISO 8601's short form leaves out."""
    if both := _DAY_AND_CLOCK.fullmatch(text):
        text = f"{both[1]}T{_parted_clock(both[2])}"
    return _BARE_DATE.sub(r"\1-\2-\3", text, count=1) if text[:8].isdecimal() else text


def _parted_clock(text: str) -> str:
    """A clock time with the colons that ISO 8601's short form leaves out."""
    found = _BARE_CLOCK.match(text)
    return f"{found[1]}:{found[2]}:{found[3]}{text[found.end() :]}" if found else text


def _moment(text: str, expected: str, *, clock: bool) -> _Moment:
    """An ISO date, with its clock time and offset if they are wanted."""
    found = _INSTANT.fullmatch(_parted(text))
    if found is None:
        raise Unfit(expected)
    year = int(found["year"])
    if not year:
        raise Unfit(expected)
    cycles, base = divmod(1 - year if found["bc"] else year, _CYCLE)
    zone = timezone(_offset(found["offset"], expected))
    try:
        day = datetime(base + 5 * _CYCLE, int(found["month"]), int(found["day"]), tzinfo=zone)
    except ValueError as error:
        raise Unfit(expected) from error
    microseconds = _microseconds(found, expected) if found["hour"] else 0
    if clock:
        day += timedelta(microseconds=microseconds)
    return _Moment(day, cycles - 5)


def _microseconds(found: re.Match[str], expected: str) -> int:
    """The microseconds of a clock time; at most those of a day."""
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if half := found["half"]:
        if hour > _NOON:
            raise Unfit(expected)
        hour = hour % _NOON + (_NOON if half.lower() == "pm" else 0)
    fraction = round(Decimal(f"0{found['fraction']}") * 1_000_000) if found["fraction"] else 0
    total = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    if minute > 59 or second > 60 or total > _DAY:
        raise Unfit(expected)
    return total


def _offset(text: str | None, expected: str) -> timedelta:
    """An offset from UTC; none is UTC itself."""
    if text is None or text[0] not in "+-":
        return timedelta()
    digits = text[1:].replace(":", "")
    digits = digits.zfill(len(digits) + len(digits) % 2).ljust(6, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:6]))
    if span >= timedelta(hours=16):
        raise Unfit(expected)
    return -span if text[0] == "-" else span
