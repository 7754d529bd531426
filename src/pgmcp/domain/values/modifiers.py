"""What a type's modifier leaves room for: the lengths of `varchar(n)` and `char(n)`, the digits of `numeric(p,s)`.

Source: PostgreSQL documentation, sections 8.1.2 (numeric) and 8.3 (character types).
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation, localcontext

_LENGTH = re.compile(r"(?:varchar|char|bpchar|character varying|character)\((\d+)\)")
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
    """
    if text is None:
        return False
    if found := _LENGTH.fullmatch(declared):
        # Spaces beyond the length are cut without a word.
        return text[int(found[1]) :].strip(" ") != ""
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
