"""numeric: rounding to a declared precision, and digits written out.

Source: PostgreSQL documentation, section 8.1.2 (Arbitrary Precision Numbers).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from pgmcp.adapters.memory.faults import OUT_OF_RANGE, fault

# numeric has up to 131,072 digits before the point and 16,383 behind it.
_WIDE = Context(prec=200_000, rounding=ROUND_HALF_UP, Emin=-300_000, Emax=300_000)


def plain(number: Decimal) -> Decimal:
    """The number as numeric keeps it: no exponent above zero, no negative zero."""
    if not number.is_finite():
        return number
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        number = number.quantize(Decimal(1), context=_WIDE)
    return number or number.copy_abs()


def rounded(number: Decimal, precision: int, scale: int) -> Decimal:
    """The number in a column of type `numeric(precision, scale)`, rounded away from zero at the half.

    Raises:
        QueryError: `bad_value`, for one that needs more digits before the point.
    """
    if number.is_nan():
        return number
    if not number.is_infinite():
        number = number.quantize(Decimal(1).scaleb(-scale), context=_WIDE)
        if not number or number.adjusted() < precision - scale:
            return plain(number)
    raise fault(OUT_OF_RANGE)
