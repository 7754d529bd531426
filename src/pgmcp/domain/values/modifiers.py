"""What a type's modifier leaves room for: the length of `varchar(n)` or `bit(n)`, the digits of `numeric(p,s)`.

Source: PostgreSQL documentation, sections 8.1.2 (numeric), 8.3 (character types) and 8.10 (bit strings); pgvector's.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation, localcontext

_LENGTH = re.compile(r"(?:varchar|char|bpchar|character varying|character)\((\d+)\)")
_BITS = re.compile(r"(bit|varbit|bit varying)\((\d+)\)")
_DIMENSIONS = re.compile(r"(?:vector|halfvec)\((\d+)\)")
_DIGITS = re.compile(r"numeric\((\d+),(-?\d+)\)")
# numeric(1000,-1000) is the widest that PostgreSQL takes.
_MOST_DIGITS = 2100


def exceeds(text: str | None, declared: str) -> bool:
    """Whether a value would be refused for its size alone.

    Args:
        text: The value in PostgreSQL's text form; None for NULL.
        declared: The column's type with its modifier, as answers show it.

    Returns:
        False also for types without a modifier, and for texts that are no value of the type.

    >>> exceeds("abcdef", "varchar(5)"), exceeds("abc  ", "char(3)"), exceeds("99.996", "numeric(4,2)")
    (True, False, True)
    >>> exceeds("10", "bit(3)"), exceeds("10", "varbit(3)"), exceeds("[1,2]", "vector(3)")
    (True, False, True)
    """
    if text is None:
        return False
    if found := _LENGTH.fullmatch(declared):
        # Spaces beyond the length are cut without a word.
        return text[int(found[1]) :].strip(" ") != ""
    if found := _BITS.fullmatch(declared):
        # `bit(n)` takes neither more nor fewer.
        wanted = int(found[2])
        return text.strip("01") == "" and (len(text) > wanted or (found[1] == "bit" and len(text) < wanted))
    if found := _DIMENSIONS.fullmatch(declared):
        return text.startswith("[") and text.count(",") + 1 != int(found[1])
    if found := _DIGITS.fullmatch(declared):
        return _too_wide(text, int(found[1]), int(found[2]))
    return False


def _too_wide(text: str, precision: int, scale: int) -> bool:
    """Whether a number, rounded to its scale (halves away from zero), has too many digits before the point."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    if number.is_nan():
        return False
    with localcontext(prec=_MOST_DIGITS):
        return abs(number) >= Decimal(1).scaleb(precision - scale) - Decimal(5).scaleb(-scale - 1)
