"""Spans of time as PostgreSQL keeps them: months, days and microseconds, which don't turn into one another.

A month has no fixed number of days, and a day may have 23 or 25 hours, so Python's timedelta can't hold an interval.

Source: PostgreSQL documentation, sections 8.5.4 (Interval Input) and 8.5.5 (Interval Output).
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Self

from attrs import frozen

_SECOND = 1_000_000
_UNITS: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("us", "usec", "usecs", "usecond", "useconds", "microsecon"), ("microseconds", 1)),
    **dict.fromkeys(("ms", "msec", "msecs", "mseconds", "millisecon"), ("microseconds", 1000)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("microseconds", _SECOND)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), ("microseconds", 60 * _SECOND)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), ("microseconds", 3600 * _SECOND)),
    **dict.fromkeys(("d", "day", "days"), ("days", 1)),
    **dict.fromkeys(("w", "week", "weeks"), ("days", 7)),
    **dict.fromkeys(("mon", "mons", "month", "months"), ("months", 1)),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), ("months", 12)),
    **dict.fromkeys(("dec", "decs", "decade", "decades"), ("months", 120)),
    **dict.fromkeys(("c", "cent", "century", "centuries"), ("months", 1200)),
    **dict.fromkeys(("mil", "mils", "millennia", "millennium"), ("months", 12000)),
}
_TOKEN_LENGTH = 10  # PostgreSQL looks at so many letters of a word
_INFINITE = frozenset({"infinity", "+infinity", "-infinity"})
_WORD = re.compile(r"[^\W\d_]+")
_CLOCK = re.compile(r"([+-]?)([0-9]+):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]*))?)?(?=\s|$)")
_YEARS_MONTHS = re.compile(r"([+-]?)([0-9]+)-([0-9]+)(?=\s|$)")
_QUANTITY = re.compile(r"([+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+)\s*([^\W\d_]+)")
# PostgreSQL also takes ISO 8601's other format, P0001-02-03T04:05:06.
_ISO_LIKE = re.compile(r"pt|p(?=.*[0-9])[-+0-9.:ymwdths]+")
_ISO = re.compile(
    r"P(?=.)(?:(?P<y>-?[0-9.]+)Y)?(?:(?P<mon>-?[0-9.]+)M)?(?:(?P<w>-?[0-9.]+)W)?(?:(?P<d>-?[0-9.]+)D)?"
    r"(?:T(?=.)(?:(?P<h>-?[0-9.]+)H)?(?:(?P<m>-?[0-9.]+)M)?(?:(?P<s>-?[0-9.]+)S)?)?"
)


@frozen
class Interval:
    """A span of time.

    Args:
        months: Whole months; twelve are a year.
        days: Whole days, whatever their length.
        microseconds: The rest, an exact span.
    """

    months: int = 0
    days: int = 0
    microseconds: int = 0

    @classmethod
    def of(cls, span: timedelta) -> Self:
        """A timedelta's days and microseconds."""
        return cls(days=span.days, microseconds=span.seconds * _SECOND + span.microseconds)

    @property
    def iso(self) -> str:
        """ISO 8601 as PostgreSQL writes it with `IntervalStyle = iso_8601`: every part has its own sign.

        >>> Interval(months=14, days=-3, microseconds=-1_500_000).iso
        'P1Y2M-3DT-1.5S'
        """
        years, months = _divided(self.months, 12)
        minutes, rest = _divided(self.microseconds, 60 * _SECOND)
        hours, minutes = _divided(minutes, 60)
        seconds, fraction = _divided(abs(rest), _SECOND)
        second_text = f"{'-' if rest < 0 else ''}{seconds}.{fraction:06d}".rstrip("0").rstrip(".")
        calendar = "".join(f"{count}{unit}" for count, unit in ((years, "Y"), (months, "M"), (self.days, "D")) if count)
        clock = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M")) if count)
        clock += f"{second_text}S" if rest else ""
        return f"P{calendar}{'T' + clock if clock else ''}" if calendar or clock else "PT0S"

    @property
    def estimate(self) -> int:
        """Microseconds with months of 30 days and days of 24 hours: the order that PostgreSQL sorts intervals in."""
        return (self.months * 30 + self.days) * 86_400 * _SECOND + self.microseconds


def looks_like_interval(text: str) -> bool:
    """Whether PostgreSQL may read an interval in a text: it has digits, and no word that isn't a unit."""
    bare = text.strip().lower()
    if bare in _INFINITE:
        return True
    if bare.startswith("p"):
        return _ISO_LIKE.fullmatch(bare) is not None
    if not any(character.isdigit() for character in bare):
        return False
    known = _UNITS.keys() | {"ago", "t"}
    return all(word[:_TOKEN_LENGTH] in known for word in _WORD.findall(bare))


def parse_interval(text: str) -> Interval | None:
    """An interval in ISO 8601, or in PostgreSQL's own, verbose or SQL spelling; None for another or an infinite one.

    >>> parse_interval("1 year 2 mons -3 days 04:05:06.7")
    Interval(months=14, days=-3, microseconds=14706700000)
    """
    bare = text.strip()
    if found := _ISO.fullmatch(bare):
        named = (("y", "y"), ("mon", "mon"), ("w", "w"), ("d", "d"), ("h", "h"), ("m", "m"), ("s", "s"))
        parts = [(found[group], unit) for group, unit in named if found[group] is not None]
        return _sum(parts) if parts and all(_is_number(amount) for amount, _ in parts) else None
    return _parse_words(bare.lower())


def _parse_words(text: str) -> Interval | None:
    """An interval spelled with units, a clock time and years-months, in any order."""
    parts: list[tuple[str, str]] = []
    rest = text.removeprefix("@").strip()
    backwards = rest.endswith(" ago")
    rest = rest.removesuffix(" ago")
    while rest:
        if found := _CLOCK.match(rest):
            sign, hour, minute, second, fraction = found.groups()
            parts += [(f"{sign}{hour}", "h"), (f"{sign}{minute}", "m"), (f"{sign}{second or 0}.{fraction or 0}", "s")]
        elif found := _YEARS_MONTHS.match(rest):
            parts += [(f"{found[1]}{found[2]}", "y"), (f"{found[1]}{found[3]}", "mon")]
        elif (found := _QUANTITY.match(rest)) and found[2][:_TOKEN_LENGTH] in _UNITS:
            parts.append((found[1], found[2][:_TOKEN_LENGTH]))
        elif (found := re.match(r"[+-]?[0-9]+(?:\.[0-9]+)?$", rest)) and not parts:
            parts.append((found[0], "s"))  # a bare number is seconds
        else:
            return None
        rest = rest[found.end() :].lstrip()
    if not parts:
        return None
    total = _sum(parts)
    return Interval(-total.months, -total.days, -total.microseconds) if backwards else total


def _sum(parts: list[tuple[str, str]]) -> Interval:
    """Amounts with their units as one interval; a fraction spills into the next smaller kind, as 8.5.4 says."""
    months = days = Decimal(0)
    microseconds = Decimal(0)
    for amount_text, unit in parts:
        amount, (kind, factor) = Decimal(amount_text), _UNITS[unit]
        amount *= factor
        if kind == "months":
            # A fraction of a year is rounded to months; only a fraction of a month becomes days.
            whole = Decimal(round(amount)) if factor > 1 else Decimal(int(amount))
            months += whole
            amount, kind = (amount - whole) * 30 if factor == 1 else Decimal(0), "days"
        if kind == "days":
            days += int(amount)
            amount = (amount - int(amount)) * 86_400 * _SECOND
        microseconds += amount
    return Interval(int(months), int(days), round(microseconds))


def _divided(number: int, by: int) -> tuple[int, int]:
    """Quotient and remainder with the sign of the number, as C has them."""
    quotient, rest = divmod(abs(number), by)
    return (-quotient, -rest) if number < 0 else (quotient, rest)


def _is_number(text: str) -> bool:
    """Whether a run of digits and points has at most one point and some digit."""
    return text.count(".") <= 1 and any(character.isdigit() for character in text)
