"""Escapes of JSON that stand for what no PostgreSQL text can hold: U+0000, and code points that are half of a pair.

Source: RFC 8259, section 8.2, and PostgreSQL's documentation, section 8.14 (JSON Types).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.places import inner

# Backslashes stand in strings alone: once a text has parsed, its escapes can be walked without telling strings apart.
_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<nul>u0000)|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def bad_escape(text: str) -> tuple[str, int] | None:
    r"""What the first such escape in a JSON text stands for, and where it is.

    >>> bad_escape(r'"\u00e9 \u0000"'), bad_escape(r'"\ud83d\ude00"')
    (('U+0000', 8), None)
    """
    # Each of them begins so, and hardly any text with escapes has one that does.
    if "\\u0000" not in text and "\\ud" not in text and "\\uD" not in text:
        return None
    found = next((found for found in _ESCAPES.finditer(text) if found.lastgroup), None)
    return found and ("U+0000" if found["nul"] else "half of a surrogate pair", found.start())


def unkeepable(text: str) -> str | None:
    """What in a JSON text no PostgreSQL text can hold: "U+0000" or "half of a surrogate pair"; None without either."""
    found = bad_escape(text)
    return found and found[0]


def check_pairs(text: str) -> None:
    """Refuse code points that are half of a pair.

    Raises:
        ValidationError: `invalid_text`.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _bad_text("half of a surrogate pair", error.start, None) from error


def check_escapes(text: str, value: Any) -> None:
    """Refuse escapes of what a PostgreSQL text can't hold: U+0000, and code points that are half of a pair.

    Args:
        text: A JSON text.
        value: What it says.

    Raises:
        ValidationError: `invalid_text`, with the place of the value and the escape's position in the text.
    """
    if (found := bad_escape(text)) is not None:
        raise _bad_text(*found, inner("", *place_of_bad_text(value)).removeprefix(".") or None)


def place_of_bad_text(value: Any) -> tuple[str | int, ...]:
    r"""The keys and positions that lead to the first text of a JSON value that no PostgreSQL text can hold.

    >>> place_of_bad_text({"data": {"note": ["a", "\0"]}})
    ('data', 'note', 1)
    """
    at: list[str | int] = []
    walks = [_members(value)]
    while walks:
        for key, item in walks[-1]:
            if _is_bad(key) or _is_bad(item):
                return (*at, key)
            if isinstance(item, dict | list):
                at.append(key)
                walks.append(_members(item))
                break
        else:
            walks.pop()
            at[-1:] = ()
    return ()


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    return iter(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())


def _is_bad(value: Any) -> bool:
    return isinstance(value, str) and ("\0" in value or any("\ud800" <= each <= "\udfff" for each in value))


def _bad_text(what: str, position: int, path: str | None) -> ValidationError:
    """The error for characters that PostgreSQL has no room for."""
    return ValidationError(
        codes.INVALID_TEXT,
        f"A text holds {what}, which PostgreSQL can't store.",
        hint="Remove it, or send the bytes to a bytea column as hexadecimal digits.",
        path=path,
        details={"position": position + 1},
    )
