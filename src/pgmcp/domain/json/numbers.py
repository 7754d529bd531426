"""Numbers that keep how they are written."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Self


class Number(str):
    """A JSON number as it was written, digit by digit."""

    __slots__ = ()

    def __repr__(self) -> str:
        """As it was written, told apart from a string."""
        return f"Number({self})"


class SpelledDecimal(Decimal):
    """A Decimal that Python would spell otherwise than its document does, such as `1E5`; `dumps` keeps `spelling`."""

    __slots__ = ("spelling",)
    spelling: str

    def __new__(cls, spelling: str) -> Self:
        """Read a number and keep how it is written."""
        made = super().__new__(cls, spelling)
        made.spelling = spelling
        return made


def digits(number: float | Decimal) -> str:
    """An int, a float or a Decimal as JSON and PostgreSQL spell it, however long.

    Raises:
        ValueError: NaN or an infinity.
    """
    if isinstance(number, SpelledDecimal):
        return number.spelling
    if isinstance(number, int):
        # str() refuses integers of more than 4,300 digits; a Decimal holds them exactly.
        return int.__repr__(number) if number.bit_length() < 10_000 else format(Decimal(number), "f")
    if not (isfinite(number) if isinstance(number, float) else number.is_finite()):
        raise ValueError("not a finite number")
    return float.__repr__(number) if isinstance(number, float) else str(number)
