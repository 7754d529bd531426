"""JSON without loss: what is read keeps every digit, and what JSON leaves open is refused instead of guessed.

A number becomes a `Number`, the very characters that were written: `1.50`, `-0`, `1E5` and `1e400` stay what they are.
Refused, each with its place: a key that stands twice, NaN and infinities, U+0000, half of a surrogate pair, and more
levels than `MAX_DEPTH`.

Source: RFC 8259, sections 4 (names should be unique), 6 (numbers), 8.2 (surrogates) and 9 (limits are the reader's).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import accumulate, chain, repeat
from json.scanner import make_scanner
from math import isfinite
from typing import Any, NoReturn, Self

from pgmcp.domain.aside import LONG_TEXT, uncollected
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.escapes import bad_escape
from pgmcp.domain.nesting import Parts, written

MAX_DEPTH = 500
"""How many levels of objects and arrays a text may have: well inside Python's own limit of calls."""

_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_OTHER_BYTES = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = [1 if byte in b"[{" else -1 for byte in range(256)]
encode_text: Callable[[str], str] = json.encoder.encode_basestring
"""A text as a JSON string, without escapes where JSON needs none."""


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


def loads(text: str | bytes) -> Any:
    """Read a JSON text without losing anything.

    Args:
        text: One JSON value; bytes are UTF-8.

    Returns:
        dict, list, str, `Number`, bool or None.

    Raises:
        ValidationError: It is not JSON, or can't be kept exactly; `details.position` counts characters from 1.

    >>> loads('{"total": 1.50, "ids": [1e400]}')
    {'total': Number(1.50), 'ids': [Number(1e400)]}
    """
    if isinstance(text, bytes):
        text = _decoded(text)
    elif not text.isascii():
        _check_pairs(text)  # UTF-8 has no half of a pair
    _check_depth(text)
    try:
        value = _read(text) if len(text) <= LONG_TEXT else _read_long(text)
    except json.JSONDecodeError as error:
        raise _malformed(f"The JSON is malformed: {_lowered(error.msg)}.", error.pos, text) from error
    except RecursionError as error:
        raise _too_deep(None) from error
    _check_escapes(text)
    return value


def dumps(value: Any) -> str:
    """Write a value as compact JSON: a `Number` verbatim, text as itself, without escapes where JSON needs none.

    Args:
        value: dict with text keys, list, tuple, str, `Number`, int, float, Decimal, bool or None, nested.

    Returns:
        The JSON text.

    Raises:
        TypeError: A value or a key of another kind.
        ValueError: NaN or an infinity, which JSON has no word for; or it holds itself.

    >>> dumps({"total": Number("1.50"), "ok": True})
    '{"total":1.50,"ok":true}'
    """
    return written(value, _spelt)


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


def _spelt(value: Any) -> str | Parts:
    """A value's JSON, or the parts of an object's or an array's."""
    return (_SPELLINGS.get(type(value)) or _spelling_of_kin(value))(value)


def _spelling_of_kin(value: Any) -> Callable[[Any], str | Parts]:
    for kind, spell in _SPELLINGS.items():
        if isinstance(value, kind):
            return spell
    raise TypeError(f"JSON has no {type(value).__name__}")


def _listed(values: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return zip(chain("[", repeat(",")), values, strict=False)


def _members(members: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    lead = "{"
    for name, item in members.items():
        if not isinstance(name, str):
            raise TypeError("a JSON object's keys are text")
        yield f"{lead}{encode_text(str(name))}:", item
        lead = ","


# In this order for what is of a kind without being it: a Number is a str, a bool an int.
_SPELLINGS: dict[type, Callable[[Any], str | Parts]] = {
    Number: str,
    str: encode_text,
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: digits,
    float: digits,
    Decimal: digits,
    dict: lambda value: (_members(value), "}") if value else "{}",
    list: lambda value: (_listed(value), "]") if value else "[]",
    tuple: lambda value: (_listed(value), "]") if value else "[]",
}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's pairs as a dict, unless a key stands twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        last = {key: place for place, (key, _) in enumerate(pairs)}
        twice = next(key for place, (key, _) in enumerate(pairs) if last[key] != place)
        raise ValidationError(
            codes.DUPLICATE_KEY,
            "An object names the same key twice, and readers differ on which one counts.",
            hint="Keep one of the two.",
            details={"key": twice[:100]},
        )
    return made


def _refuse_constant(name: str) -> NoReturn:
    """Refuse the three words that Python's reader takes and JSON doesn't have."""
    raise ValidationError(
        codes.MALFORMED_JSON,
        f"JSON has no number {name}.",
        hint=f'Write it as text: "{name}".',
        details={"found": name},
    )


def _number(text: str) -> Number:
    """A number by a function of Python's, which lets other threads have a turn; the class alone lets none."""
    return Number(text)


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant
)
_SCAN = make_scanner(_STRICT)  # type: ignore[arg-type]  # typeshed wants a scanner where a decoder is read
_PATIENT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_number, parse_float=_number, parse_constant=_refuse_constant
)


def _read(text: str) -> Any:
    """The one value of a text; nearly always it stands there without white space around it."""
    try:
        value, end = _SCAN(text, 0)
    except StopIteration:
        return _STRICT.decode(text)
    return value if end == len(text) else _STRICT.decode(text)


def _read_long(text: str) -> Any:
    """The one value of a long text, which may be read in a thread."""
    with uncollected():
        return _PATIENT.decode(text)


def _decoded(data: bytes) -> str:
    """UTF-8 as text."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValidationError(
            codes.MALFORMED_JSON,
            "The bytes are not UTF-8.",
            hint="JSON travels as UTF-8 without a byte order mark.",
            details={"byte": error.start + 1},
        ) from error


def _check_depth(text: str) -> None:
    """Refuse too many levels before Python's reader climbs them; most texts have too few brackets to be looked at."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    # Strings are blanked, not cut, so that places stay what they are.
    bare = _STRINGS.sub(lambda found: " " * len(found[0]), text) if '"' in text else text
    brackets = bare.encode(errors="replace").translate(None, _OTHER_BYTES)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKETS.finditer(bare):
        depth += _STEPS[ord(bracket[0])]
        if depth > MAX_DEPTH:
            raise _too_deep(bracket.start())


def _check_pairs(text: str) -> None:
    """Refuse code points that are half of a pair."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _bad_text("half of a surrogate pair", error.start) from error


def _check_escapes(text: str) -> None:
    """Refuse escapes of what a PostgreSQL text can't hold: U+0000, and code points that are half of a pair."""
    if (found := bad_escape(text)) is not None:
        raise _bad_text(*found)


def _lowered(message: str) -> str:
    """A sentence of Python's reader, to stand inside one of ours."""
    return (message[:1].lower() + message[1:]).removesuffix(" at")


def _malformed(message: str, position: int, text: str) -> ValidationError:
    """The error for a text that is no JSON, with the place as offset, line and column, each from 1."""
    line_start = text.rfind("\n", 0, position) + 1
    return ValidationError(
        codes.MALFORMED_JSON,
        message,
        hint="Send one JSON value as RFC 8259 has it: names and texts in double quotes, no comment, no trailing comma.",
        details={
            "position": position + 1,
            "line": text.count("\n", 0, position) + 1,
            "column": position - line_start + 1,
        },
    )


def _too_deep(position: int | None) -> ValidationError:
    """The error for more levels than `MAX_DEPTH`."""
    return ValidationError(
        codes.MALFORMED_JSON,
        f"The JSON has more than {MAX_DEPTH} levels.",
        hint="Flatten it, or send it in parts.",
        details={} if position is None else {"position": position + 1},
    )


def _bad_text(what: str, position: int) -> ValidationError:
    """The error for characters that PostgreSQL has no room for."""
    return ValidationError(
        codes.INVALID_TEXT,
        f"A text holds {what}, which PostgreSQL can't store.",
        hint="Remove it, or send the bytes to a bytea column as hexadecimal digits.",
        details={"position": position + 1},
    )
