"""Numbers in PostgreSQL's text form: integers, numeric, money and floats.

Source: PostgreSQL documentation, sections 8.1 (Numeric Types), 8.2 (Monetary Types) and 4.1.2.6 (Numeric Constants).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from math import isfinite, isinf
from typing import Any

from pgmcp.domain.json import Number, digits
from pgmcp.domain.values.unfit import Unfit

_SPACE = " \t\n\r\v\f"
_DECIMAL = r"(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)?"
_RADIX = r"0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+"
_INTEGER_TEXT = re.compile(rf"[+-]?(?:[0-9](?:_?[0-9])*|{_RADIX})")
_NUMERIC_TEXT = re.compile(rf"[+-]?(?:{_DECIMAL}|{_RADIX})")
_FLOAT_TEXT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# strtod, which reads floats for PostgreSQL, knows C's hexadecimal form too, and NaN with a sign or a payload.
_C_FLOAT_TEXT = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F.]+(?:[pP][+-]?[0-9]+)?|[nN][aA][nN](?:\([0-9a-zA-Z_]*\))?)")
_FEW_DIGITS = re.compile(r"-?[0-9]{1,19}").fullmatch
_SPECIAL_TEXT = re.compile(r"nan|[+-]?inf(?:inity)?", re.IGNORECASE)
_MOST_DIGITS = 131_072

_MONEY_BOUND = Decimal("92233720368547758.08")


def _integer_writer(low: int, high: int) -> Callable[[Any], str]:
    """A writer of integers between two bounds."""
    expected = f"an integer from {low} to {high}"

    def write(value: Any) -> str:
        # Nearly every integer there is; what is odd about the others is found out below.
        if (type(value) is int or (type(value) is Number and _FEW_DIGITS(value))) and low <= int(value) <= high:
            return str(int(value))
        if isinstance(value, bool):
            raise Unfit(expected)
        if isinstance(value, str) and not isinstance(value, Number):
            number = _integer_of_text(value, expected)
        else:
            number = _integral(as_decimal(value, expected), expected)
        if not low <= number <= high:
            raise Unfit(expected)
        return str(number)

    return write


def _integer_of_text(text: str, expected: str) -> int:
    """The integer that PostgreSQL reads in a text; none of the types has room for more than 20 decimal digits."""
    stripped = text.strip(_SPACE)
    if not _INTEGER_TEXT.fullmatch(stripped):
        raise Unfit(expected)
    negative, bare = stripped.startswith("-"), stripped.lstrip("+-").replace("_", "").lower()
    radix = {"0x": 16, "0o": 8, "0b": 2}.get(bare[:2], 10)
    bare = bare[2:] if radix != 10 else bare
    bare = bare.lstrip("0") or "0"
    if len(bare) > 64:
        raise Unfit(expected)
    return -int(bare, radix) if negative else int(bare, radix)


def _integral(number: Decimal, expected: str) -> int:
    """A Decimal without a fraction as an int; one too large for any type is refused before it is written out."""
    if not number.is_finite() or number.adjusted() > 64:
        raise Unfit(expected)
    if number != number.to_integral_value():
        raise Unfit(expected)
    return int(number)


def as_decimal(value: Any, expected: str = "a number") -> Decimal:
    """A JSON or Python number as the Decimal of the same value.

    Raises:
        Unfit: It is no number.
    """
    if isinstance(value, bool) or not isinstance(value, Number | int | float | Decimal):
        raise Unfit(expected)
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise Unfit(expected) from error


def numeric_text(value: Any) -> str:
    """A value of `numeric` in its text form; digits stay as they are written."""
    expected = 'a number, or a string of its digits, or "NaN", "Infinity", "-Infinity"'
    if isinstance(value, str) and not isinstance(value, Number):
        stripped = value.strip(_SPACE)
        if _SPECIAL_TEXT.fullmatch(stripped):
            return value
        if not _NUMERIC_TEXT.fullmatch(stripped):
            raise Unfit(expected)
        return value
    number = as_decimal(value, expected)
    if not number.is_finite():
        return special_text(number)
    if number and number.adjusted() >= _MOST_DIGITS:
        raise Unfit(f"a number with at most {_MOST_DIGITS} digits before the point")
    return str(value) if isinstance(value, Number) else digits(value)


def money_text(value: Any) -> str:
    """An amount of `money` as a plain number: statements cast it through numeric, so that no locale has a say."""
    expected = "an amount such as 12.34, without a currency sign, from -92233720368547758.08 to 92233720368547758.07"
    if isinstance(value, str) and not isinstance(value, Number):
        text = value.strip(_SPACE).replace("_", "")
        if not _FLOAT_TEXT.fullmatch(text):
            raise Unfit(expected)
        value = Number(text)
    number = as_decimal(value, expected)
    if not number.is_finite() or not -_MONEY_BOUND <= number < _MONEY_BOUND:
        raise Unfit(expected)
    return str(value) if isinstance(value, Number) else digits(value)


def _float_writer(narrow: Callable[[float], float], expected: str) -> Callable[[Any], str]:
    """A writer of floats; `narrow` gives the nearest value that the type holds."""

    def write(value: Any) -> str:
        if isinstance(value, str) and not isinstance(value, Number):
            text = value.strip(_SPACE)
            if _SPECIAL_TEXT.fullmatch(text) or _C_FLOAT_TEXT.fullmatch(text):
                return value
            if not _FLOAT_TEXT.fullmatch(text):
                raise Unfit(expected)
        else:
            number = as_decimal(value, expected)
            if not number.is_finite():
                return special_text(number)
            text = str(value) if isinstance(value, Number) else digits(value)
        near = narrow(float(text))
        if isinf(near) or (near == 0 and text.lower().partition("e")[0].strip("+-0.")):
            raise Unfit(expected)
        return text

    return write


def nearest_float4(number: float) -> float:
    """The nearest value of single precision; an infinity where there is none."""
    try:
        packed = struct.pack("f", number)
    except OverflowError:
        return number * float("inf")
    return float(struct.unpack("f", packed)[0])


def special_text(number: Decimal) -> str:
    """NaN or an infinity as PostgreSQL spells them."""
    if number.is_nan():
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def float8_text(number: float) -> str:
    """A double as PostgreSQL prints it: the shortest digits that read back the same, from 1e+15 on with an exponent.

    >>> float8_text(0.1), float8_text(1e15), float8_text(-0.0)
    ('0.1', '1e+15', '-0')
    """
    return _float_text(number, repr, 15)


def float4_text(number: float) -> str:
    """A single as PostgreSQL prints it: the shortest digits that read back the same, from 1e+06 on with an exponent.

    >>> float4_text(0.1), float4_text(16777216.0)
    ('0.1', '1.6777216e+07')
    """
    return _float_text(nearest_float4(number), _shortest_float4, 6)


def _float_text(number: float, shortest: Callable[[float], str], highest: int) -> str:
    """A float in PostgreSQL's layout; numbers from ten to the power of `highest` on have an exponent."""
    if not isfinite(number):
        return special_text(Decimal(number))
    sign, figures, exponent = Decimal(shortest(number)).normalize().as_tuple()
    lead = "-" if sign else ""
    if not number or not isinstance(exponent, int):
        return f"{lead}0"
    written = "".join(map(str, figures))
    power = len(written) + exponent - 1
    if not -5 < power < highest:
        fraction = f".{written[1:]}" if len(written) > 1 else ""
        return f"{lead}{written[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if exponent >= 0:
        return f"{lead}{written}{'0' * exponent}"
    if power >= 0:
        return f"{lead}{written[: power + 1]}.{written[power + 1 :]}"
    return f"{lead}0.{'0' * (-power - 1)}{written}"


def _shortest_float4(number: float) -> str:
    """The fewest digits that single precision reads back as the same value of its own; nine always do."""
    texts = (f"{number:.{count}g}" for count in range(1, 9))
    return next((text for text in texts if nearest_float4(float(text)) == number), f"{number:.9g}")


NUMBER_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "int2": _integer_writer(-(2**15), 2**15 - 1),
    "int4": _integer_writer(-(2**31), 2**31 - 1),
    "int8": _integer_writer(-(2**63), 2**63 - 1),
    # PostgreSQL takes negative object identifiers and counts them from the top.
    "oid": _integer_writer(-(2**31), 2**32 - 1),
    "numeric": numeric_text,
    "money": money_text,
    "float4": _float_writer(nearest_float4, 'a number up to about ±3.4e38, or "NaN", "Infinity", "-Infinity"'),
    "float8": _float_writer(float, 'a number up to about ±1.8e308, or "NaN", "Infinity", "-Infinity"'),
}
