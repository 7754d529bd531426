"""JSON texts as values, and what is refused of them."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from json.scanner import make_scanner
from typing import Any, NoReturn

from pgmcp.domain.aside import LONG_TEXT, uncollected
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.escapes import check_escapes, check_pairs
from pgmcp.domain.json.numbers import Number

MAX_DEPTH = 500
"""How many levels of objects and arrays a text may have: well inside Python's own limit of calls."""

_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_OTHER_BYTES = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = [1 if byte in b"[{" else -1 for byte in range(256)]


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
        check_pairs(text)  # UTF-8 has no half of a pair
    _check_depth(text)
    try:
        value = _read(text) if len(text) <= LONG_TEXT else _read_long(text)
    except json.JSONDecodeError as error:
        raise _malformed(f"The JSON is malformed: {_lowered(error.msg)}.", error.pos, text) from error
    except RecursionError as error:
        raise _too_deep(None) from error
    check_escapes(text, value)
    return value


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
