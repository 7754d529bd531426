"""Ranges: their text, their normal form, their order and operators.

Source: PostgreSQL documentation, sections 8.17 (Range Types) and 9.20 (Range/Multirange Functions and Operators).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from attrs import field, frozen

from pgmcp.adapters.memory.faults import BAD_RANGE, BAD_TEXT, OUT_OF_RANGE, fault
from pgmcp.adapters.memory.refusals import refuse
from pgmcp.adapters.memory.values.reading import read_text
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.types import INTEGERS, Type

_QUOTED = r'"(?:[^"\\]|\\.|"")*"'
_BOUND = rf'(?:{_QUOTED}|[^"\\,()\[\]]|\\.)*'
_TEXT = re.compile(rf"\s*([\[(])({_BOUND}),({_BOUND})([\])])\s*", re.DOTALL)
_PART = re.compile(r'"((?:[^"\\]|\\.|"")*)"|\\(.)|([^"\\])', re.DOTALL)
_ESCAPE = re.compile(r'\\(.)|"(")', re.DOTALL)
_PLAIN = re.compile(r'[^\s"\\,()\[\]]+')
_DISCRETE = INTEGERS | {"date"}
_LAST = {"int4": 2**31 - 1, "int8": 2**63 - 1}
_BELOW, _AMONG, _ABOVE = -1, 0, 1


@frozen
class Range:
    """A range that is not empty, by its ends on one scale, on which an excluded bound lies just beside its value.

    Args:
        low, high: `(rank, key, side)`: a missing bound ranks below or above all values.
    """

    low: tuple[Any, ...]
    high: tuple[Any, ...]

    @property
    def key(self) -> tuple[Any, ...]:
        """What ranges are ordered by: the lower end, then the upper one."""
        return (1, self.low, self.high)


@frozen
class Empty:
    """The empty range, before all others."""

    key: tuple[Any, ...] = field(default=(0,), init=False)


EMPTY = Empty()


def point(key: Any) -> tuple[Any, ...]:
    """A value's place on the scale of ends."""
    return (_AMONG, key, 0)


def read(text: str, type_: Type, bound: Callable[[Any], Any]) -> Range | Empty:
    """A range's text as its ends.

    Args:
        text: PostgreSQL's text form.
        type_: The range's type.
        bound: Turns a bound's value into its key.

    Raises:
        PgmcpError: The text is no range, or its bounds are the wrong way round.
    """
    parts = _parts(text, type_, bound)
    if parts is None:
        return EMPTY
    opening, low, high, closing = parts
    return Range(
        (_BELOW,) if low is None else (_AMONG, bound(low), 0 if opening == "[" else 1),
        (_ABOVE,) if high is None else (_AMONG, bound(high), 0 if closing == "]" else -1),
    )


def normal(text: str, type_: Type, bound: Callable[[Any], Any]) -> str:
    """A range's text as PostgreSQL prints it; discrete ranges with their lower bound in and their upper bound out."""
    parts = _parts(text, type_, bound)
    if parts is None:
        return "empty"
    opening, low, high, closing = parts
    return f"{opening}{_printed(low, type_)},{_printed(high, type_)}{closing}"


def _parts(text: str, type_: Type, bound: Callable[[Any], Any]) -> tuple[str, Any, Any, str] | None:
    """The brackets and the values of a range's bounds, in normal form; None for an empty one."""
    if text.strip().lower() == "empty":
        return None
    found = _TEXT.fullmatch(text)
    if found is None:
        raise fault(BAD_TEXT)
    opening, low, high, closing = found[1], _value(found[2], type_), _value(found[3], type_), found[4]
    if low is not None and high is not None:
        if bound(low) > bound(high):
            raise fault(BAD_RANGE)
        if bound(low) == bound(high) and opening + closing != "[]":
            return None
    if type_.element is not None and type_.element.tag in _DISCRETE:
        if opening == "(" and _finite(low):
            opening, low = "[", _next(low, type_.element)
        if closing == "]" and _finite(high):
            closing, high = ")", _next(high, type_.element)
        if low is not None and high is not None and opening == "[" and bound(low) >= bound(high) and closing == ")":
            return None
    return ("(" if low is None else opening, low, high, ")" if high is None else closing)


def _value(text: str, type_: Type) -> Any:
    if not text or type_.element is None:
        return None
    return read_text(_PART.sub(_unquoted, text), type_.element)


def _unquoted(found: re.Match[str]) -> str:
    if found[1] is not None:
        return _ESCAPE.sub(lambda escape: escape[1] or escape[2], found[1])
    return found[2] or found[3]


def _finite(value: Any) -> bool:
    return value is not None and not isinstance(value, str) and not (isinstance(value, float) and math.isinf(value))


def _next(value: Any, type_: Type) -> Any:
    if not isinstance(value, date):
        if value == _LAST.get(type_.tag):
            raise fault(OUT_OF_RANGE)
        return value + 1
    if value == date.max:
        raise refuse("ranges that end with the last day of the year 9999")
    return value + timedelta(days=1)


def _printed(value: Any, type_: Type) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        if value.utcoffset():
            raise refuse("ranges of timestamps outside UTC")
        text = value.replace(tzinfo=None).isoformat(sep=" ")
        text = (text.rstrip("0") if "." in text else text) + ("+00" if value.tzinfo is not None else "")
    else:
        text = (type_.element and to_text(value, type_.element)) or ""
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '""')
    return f'"{escaped}"'
