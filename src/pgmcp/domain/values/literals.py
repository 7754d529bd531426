"""The syntax that PostgreSQL writes arrays and composites in, whatever their elements are.

Source: PostgreSQL documentation, sections 8.15.6 (Array Input and Output Syntax) and 8.16.6 (Composite Type Input and
Output Syntax).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Texts = list["str | Texts | None"]
"""Elements' texts, NULL as None, nested by dimension."""

_PLAIN_ELEMENT = re.compile(r'[^\s{}"\\,;]+', re.ASCII)
_PLAIN_FIELD = re.compile(r'[^\s()"\\,]+', re.ASCII)
_BOUNDS = re.compile(r"\s*((?:\[[+-]?[0-9]+(?::[+-]?[0-9]+)?\])+)\s*=\s*")
_ITEM = {
    ",": re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^{},"\\]|\\.)+)', re.DOTALL),
    ";": re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^{};"\\]|\\.)+)', re.DOTALL),
}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPACE = " \t\n\r\v\f"


class MalformedLiteralError(ValueError):
    """A text that is no array or no composite."""


def write_array(texts: Texts, delimiter: str = ",") -> str:
    """Elements' texts as an array's text, quoted only where they must be, as PostgreSQL prints it.

    >>> write_array(["a", None, "NULL", "b c", ["x"]])
    '{a,NULL,"NULL","b c",{x}}'
    """
    return "{" + delimiter.join(_element(text, delimiter) for text in texts) + "}"


def _element(text: str | Texts | None, delimiter: str) -> str:
    """One element, or one dimension further in."""
    if text is None:
        return "NULL"
    if isinstance(text, list):
        return write_array(text, delimiter)
    # Commas are no delimiter where semicolons are, so that boxes stay readable.
    bare = text.replace(",", "") if delimiter == ";" else text.replace(";", "")
    if _PLAIN_ELEMENT.fullmatch(bare) and text.upper() != "NULL":
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read_array(text: str, delimiter: str = ",") -> tuple[str, Texts]:
    """An array's text as its explicit bounds and its elements' texts.

    Returns:
        The bounds as written without spaces (`[2:3]`), empty for none; the elements, nested by dimension.

    Raises:
        MalformedLiteralError: The text is no array.

    >>> read_array('[2:3]={a,"NULL"}')
    ('[2:3]', ['a', 'NULL'])
    """
    bounds = _BOUNDS.match(text)
    elements, end = _read_level(text, bounds.end() if bounds else _skip(text, 0), delimiter)
    if _skip(text, end) != len(text):
        raise MalformedLiteralError
    return (bounds[1] if bounds else "", elements)


def _read_level(text: str, start: int, delimiter: str) -> tuple[Texts, int]:
    """One pair of braces from `start`, and where it ends."""
    if text[start : start + 1] != "{":
        raise MalformedLiteralError
    elements: Texts = []
    at = _skip(text, start + 1)
    if text[at : at + 1] == "}":
        return elements, at + 1
    while True:
        if text[at : at + 1] == "{":
            inner, at = _read_level(text, at, delimiter)
            elements.append(inner)
        elif found := _ITEM[delimiter].match(text, at):
            elements.append(_item(found))
            at = found.end()
        else:
            raise MalformedLiteralError
        at = _skip(text, at)
        mark = text[at : at + 1]
        at = _skip(text, at + 1)
        if mark == "}":
            return elements, at
        if mark != delimiter:
            raise MalformedLiteralError


def _item(found: re.Match[str]) -> str | None:
    """An element's text without its quotes and escapes; NULL is a word only without quotes."""
    if found[1] is not None:
        return _ESCAPED.sub(r"\1", found[1])
    bare = found[2].rstrip(_SPACE)
    if not bare:
        raise MalformedLiteralError
    return None if bare.upper() == "NULL" else _ESCAPED.sub(r"\1", bare)


def write_composite(fields: Sequence[str | None]) -> str:
    """Fields' texts as a composite's text, as PostgreSQL prints it.

    >>> write_composite(["1", None, "", 'a "b" c'])
    '(1,,"","a ""b"" c")'
    """
    return "(" + ",".join(map(_field, fields)) + ")"


def _field(text: str | None) -> str:
    """One field: nothing for NULL, quoted where it must be."""
    if text is None:
        return ""
    if _PLAIN_FIELD.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '""')
    return f'"{escaped}"'


_FIELD = re.compile(r'(?:"(?:[^"\\]|\\.|"")*"|[^"\\,()]|\\.)*', re.DOTALL)
_FIELD_PART = re.compile(r'"((?:[^"\\]|\\.|"")*)"|\\(.)|([^"\\])', re.DOTALL)
_QUOTED_ESCAPE = re.compile(r'\\(.)|"(")', re.DOTALL)


def read_composite(text: str) -> list[str | None]:
    """A composite's text as its fields' texts, NULL as None.

    Raises:
        MalformedLiteralError: The text is no composite.

    >>> read_composite('(1,,"","a ""b"" c")')
    ['1', None, '', 'a "b" c']
    """
    bare = text.strip(_SPACE)
    if len(bare) < 2 or bare[0] != "(" or bare[-1] != ")":
        raise MalformedLiteralError
    fields: list[str | None] = []
    at = 1
    while True:
        # The pattern matches the empty text too, so there always is a match.
        end = found.end() if (found := _FIELD.match(bare, at)) else at
        fields.append(_FIELD_PART.sub(_part, bare[at:end]) if end > at else None)
        if end == len(bare) - 1:
            return fields
        if bare[end] != ",":
            raise MalformedLiteralError
        at = end + 1


def _part(found: re.Match[str]) -> str:
    """A quoted part, an escaped character or a plain one, as it is meant."""
    if found[1] is not None:
        return _QUOTED_ESCAPE.sub(lambda escape: escape[1] or escape[2], found[1])
    return found[2] or found[3]


def _skip(text: str, at: int) -> int:
    """The next place that is no blank."""
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
