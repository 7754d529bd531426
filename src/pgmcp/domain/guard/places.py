"""Where a statement speaks of something, so that a refusal can point at it."""

from __future__ import annotations

from pgmcp.domain.sql.lexer import Token, TokenKind, tokens

_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED})


def place_of(text: str, name: str) -> int | None:
    """The character (from 1) at which a statement first names something, with whatever it is qualified by.

    Returns:
        The place, as PostgreSQL itself would tell it; None where the name doesn't stand in the statement.

    >>> place_of('SELECT 1 FROM "Tab", app.secrets', "secrets")
    22
    """
    listed = list(tokens(text))
    at = next((index for index, token in enumerate(listed) if _is(token, name)), None)
    if at is None:
        return None
    while at > 1 and listed[at - 1].says(".") and listed[at - 2].kind in _NAMES:
        at -= 2
    return listed[at].start + 1


def _is(token: Token, name: str) -> bool:
    if token.kind is TokenKind.QUOTED:
        return token.text[1:-1].replace('""', '"') == name
    return token.kind is TokenKind.WORD and token.text.lower() == name


def explained(text: str) -> str | None:
    """The statement that an EXPLAIN is about; None for any other statement.

    >>> explained("explain (analyze, format json) SELECT 1"), explained("SELECT 1")
    ('SELECT 1', None)
    """
    listed = list(tokens(text))
    if not listed or not listed[0].says("explain"):
        return None
    at = 1
    if at < len(listed) and listed[at].says("("):
        while at < len(listed) and not listed[at].says(")"):
            at += 1
        at += 1
    else:
        while at < len(listed) and listed[at].says("analyze", "analyse", "verbose"):
            at += 1
    return text[listed[at].start :] if at < len(listed) else ""
