"""json and jsonb: the wrapper that tells JSON null from SQL NULL, and Python values that keep every digit.

On the wire a column's JSON null is `{"$json":null}`, and an object whose only key is `$json` is wrapped once more. In
Python both are a `Json`, and everything else is the plain value.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import frozen

from pgmcp.domain.escapes import unkeepable
from pgmcp.domain.json import Number, SpelledDecimal, dumps
from pgmcp.domain.values.unfit import Unfit

WRAPPER = "$json"
# Python turns text into an int up to 4,300 digits only, and slowly near there; a Decimal holds any number of them.
_LONGEST_INT = 1000


@frozen
class Json:
    """A JSON value told apart from what Python would take it for: `Json(None)` is JSON null, not SQL NULL."""

    value: Any


def needs_wrapping(value: Any) -> bool:
    """Whether a JSON value would be mistaken for another at the top of a column: null, and what looks wrapped."""
    return value is None or (isinstance(value, dict) and len(value) == 1 and WRAPPER in value)


def wrapped(value: Any) -> Any:
    """A JSON value as Python has it at the top of a column: in a `Json` where it would be mistaken."""
    return Json(value) if needs_wrapping(value) else value


def unwrapped(value: Any) -> Any:
    """The JSON value that a caller means by a `Json`, by `{"$json": X}`, or by the plain value."""
    if isinstance(value, Json):
        return value.value
    if isinstance(value, dict) and len(value) == 1 and WRAPPER in value:
        return value[WRAPPER]
    return value


def document_text(value: Any, *, binary: bool) -> str:
    """A JSON value as the text that PostgreSQL reads; `binary` for jsonb, which has no room for U+0000.

    Raises:
        Unfit: JSON has no such value.
    """
    try:
        text = dumps(unwrapped(value))
    except (TypeError, ValueError) as error:
        raise Unfit("a JSON value") from error
    if binary and (what := unkeepable(text)):
        raise Unfit(f"JSON without {what}, which jsonb can't hold")
    return text


def exact_number(spelling: str) -> int | Decimal | Number:
    """A JSON number as the plainest Python number that `dumps` spells in the same way.

    >>> exact_number("12"), exact_number("1.50"), exact_number("1E5").spelling
    (12, Decimal('1.50'), '1E5')
    """
    if len(spelling) < _LONGEST_INT and spelling.lstrip("-").isdigit() and spelling != "-0":
        return int(spelling)
    try:
        number = Decimal(spelling)
    except InvalidOperation:
        # An exponent beyond Python's, of some eighteen digits: JSON may have it, json columns keep it.
        return Number(spelling)
    return number if str(number) == spelling else SpelledDecimal(spelling)


def exact(value: Any) -> Any:
    """A JSON value with each `Number` as a Python number that keeps its digits."""
    if isinstance(value, Number):
        return exact_number(value)
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return value
