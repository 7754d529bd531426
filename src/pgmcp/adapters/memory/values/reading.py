"""PostgreSQL's text forms as Python values, and what it says of a text that is none.

Source: PostgreSQL documentation, chapter 8 (Data Types) and appendix A (PostgreSQL Error Codes).
"""

from __future__ import annotations

import re
from typing import Any

from pgmcp.adapters.memory.faults import (
    BAD_DATE,
    BAD_TEXT,
    DATE_OUT_OF_RANGE,
    INTERVAL_OVERFLOW,
    OFFSET_OUT_OF_RANGE,
    OUT_OF_RANGE,
    fault,
)
from pgmcp.adapters.memory.refusals import refuse
from pgmcp.adapters.memory.values.arrays import dimensions
from pgmcp.adapters.memory.values.documents import bare, normal
from pgmcp.adapters.memory.values.taking import read_at_once
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.nesting import within_levels
from pgmcp.domain.values.documents import wrapped
from pgmcp.domain.values.interval import Interval
from pgmcp.domain.values.parse import from_text
from pgmcp.domain.values.text import holds_lists, to_text
from pgmcp.domain.values.types import FLOATS, INSTANTS, INTEGERS, Kind, Type
from pgmcp.domain.values.unfit import Unfit

# Documents are compared, copied and looked into by a call or two for each of their levels.
_MOST_LEVELS = 200
_NUMBER = re.compile(r"[+-]?[0-9]+")
_FAR_OFFSET = re.compile(r":[0-9.]+[+-](?:1[6-9]|[2-9][0-9])(?::?[0-9]{2})*\s*$")
_FIGURES = re.compile(r"[0-9]+[-:][0-9]")
# Words that PostgreSQL reads in dates and times, by their first letters.
_DATE_WORDS = re.compile(
    r"\b(?:now|today|tomorrow|yesterday|epoch|allballs|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|[ap]m)",
    re.IGNORECASE,
)
_SHORT_NETWORK = re.compile(r"[0-9]+(?:\.[0-9]+){0,2}(?:/[0-9]+)?|0x[0-9a-f]+", re.IGNORECASE)
_YEAR = re.compile(r"(?P<year>[0-9]{4,})-.*?(?P<bc> BC)?")
_LAST_YEARS = {"date": 5_874_897, "timestamp": 294_276, "timestamptz": 294_276}
_FIRST_YEAR_BC = 4714
_BOUNDS = re.compile(r"\[([+-]?[0-9]+)(?::([+-]?[0-9]+))?\]")


def read_text(text: str, type_: Type, path: str | None = None) -> Any:
    """PostgreSQL's text form as the value, arguments as `fault` has them.

    Raises:
        QueryError: `bad_value`; `feature_not_supported` for a document that is too deep for the memory database, and
            for spellings that PostgreSQL alone reads.
    """
    value = read_at_once(text, type_)
    if value is not None:
        return value
    try:
        value = _kept(from_text(text, type_), text.strip(), type_.root)
        if not within_levels(bare(value), _MOST_LEVELS):
            raise refuse(f"a value of more than {_MOST_LEVELS} levels", path)
        return value if type_.tag != "jsonb" else wrapped(normal(bare(value)))
    except (Unfit, ValueError, ArithmeticError) as error:
        raise _complaint(text.strip(), type_.root.tag, path) from error


def _kept(value: Any, text: str, root: Type) -> Any:
    """A value as PostgreSQL keeps it.

    Raises:
        Unfit: It doesn't.
    """
    if isinstance(value, Interval):
        if max(abs(value.months), abs(value.days)) >= 2**31 or abs(value.microseconds) >= 2**63:
            raise Unfit("a shorter interval")
    elif root.tag in _LAST_YEARS and isinstance(value, str) and (found := _YEAR.fullmatch(value)):
        if int(found["year"]) > (_FIRST_YEAR_BC if found["bc"] else _LAST_YEARS[root.tag]):
            raise Unfit("an earlier year")
    elif root.kind is Kind.ARRAY and root.element is not None and not holds_lists(root.element):
        return _with_bounds(value, text, root) if text.startswith("[") else _regular(value)
    return value


def _with_bounds(value: Any, text: str, root: Type) -> Any:
    """An array whose text says its bounds; where they begin elsewhere than at 1, its text as PostgreSQL prints it."""
    bounds, _, items = text.partition("=")
    inside = _regular(from_text(items, root))
    pairs = [(int(low), int(high)) if high else (1, int(low)) for low, high in _BOUNDS.findall(bounds)]
    if tuple(high - low + 1 for low, high in pairs) != dimensions(inside):
        raise Unfit("as many elements as the bounds say")
    return f"{bounds.strip()}={to_text(_short(inside), root)}" if isinstance(value, str) else inside


def _short(item: Any) -> Any:
    """Truth values by the letters that PostgreSQL prints."""
    if isinstance(item, list):
        return [_short(each) for each in item]
    return {True: "t", False: "f"}[item] if isinstance(item, bool) else item


def _regular(items: list[Any]) -> list[Any]:
    """Lists of lists that are all of one length on each level."""
    level = [items]
    while any(isinstance(item, list) for each in level for item in each):
        inner = [item for each in level for item in each]
        if not all(isinstance(item, list) for item in inner) or len({len(item) for item in inner}) > 1:
            raise Unfit("sub-arrays of one length")
        level = inner
    return items


def _complaint(text: str, tag: str, path: str | None) -> PgmcpError:
    """What PostgreSQL says of a text that is no value of a type."""
    if tag in INSTANTS | {"time"} and _DATE_WORDS.search(text):
        return refuse("dates and times in words", path)
    if tag == "cidr" and _SHORT_NETWORK.fullmatch(text):
        return refuse("network addresses that are not written out", path)
    return fault(_code(text, tag), path=path)


def _code(text: str, tag: str) -> str:
    if tag in INTEGERS | FLOATS | {"numeric"}:
        return OUT_OF_RANGE if _NUMBER.fullmatch(text) else BAD_TEXT
    if tag == "interval" and _NUMBER.match(text):
        return INTERVAL_OVERFLOW
    if tag in INSTANTS | {"time", "interval"}:
        if _FAR_OFFSET.search(text):
            return OFFSET_OUT_OF_RANGE
        return DATE_OUT_OF_RANGE if _FIGURES.match(text) else BAD_DATE
    return BAD_TEXT
