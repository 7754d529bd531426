"""A statement with its names written as they are, where they were written by Unicode escapes.

Each stands where it stood, with blanks behind it, so that places in the statement stay what they were. For what is said
of a statement only: what is run, and what is judged, is the caller's own text.
Source: PostgreSQL documentation, section 4.1.2.3 (String Constants and Identifiers with Unicode Escapes).
"""

from __future__ import annotations

import re

from pgmcp.domain.sql.lexer import TokenKind, tokens

_PREFIX = "U&"


def plainly(text: str) -> str:
    r"""The statement with plain names.

    >>> plainly("SELECT U&\"s\\0073n\", U&\"!0061\" UESCAPE '!' FROM t")
    'SELECT "ssn"      , "a"                   FROM t'
    """
    if '&"' not in text:
        return text
    listed = list(tokens(text))
    written = list(text)
    for at, token in enumerate(listed):
        if token.kind is not TokenKind.QUOTED or not token.text.upper().startswith(_PREFIX):
            continue
        escape, end = "\\", token.end
        if at + 2 < len(listed) and listed[at + 1].says("uescape") and listed[at + 2].kind is TokenKind.STRING:
            escape, end = listed[at + 2].text.strip("'"), listed[at + 2].end
        name = _read(token.text[len(_PREFIX) :], escape)
        written[token.start : end] = name.ljust(end - token.start)
    return "".join(written)


def _read(name: str, escape: str) -> str:
    """A quoted name without its escapes; what is no escape PostgreSQL refuses, whatever is made of it here."""
    if len(escape) != 1:
        return name
    sign = re.escape(escape)
    units = re.sub(rf"{sign}(?:({sign})|\+([0-9A-Fa-f]{{6}})|([0-9A-Fa-f]{{4}}))", _character, name)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(found: re.Match[str]) -> str:
    code = found[2] or found[3]
    if code is None:
        return found[1]
    number = int(code, 16)
    character = chr(number) if number <= 0x10FFFF else found[0]
    return '""' if character == '"' else character
