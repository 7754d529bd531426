"""Where the main statement begins behind a WITH list.

Source: PostgreSQL documentation, SELECT (the WITH clause with SEARCH and CYCLE).
"""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.domain.sql.lexer import Token, tokens


def main_start(text: str) -> int:
    """The character at which the main statement begins, 0 without a WITH list before it.

    >>> main_start("WITH a AS (SELECT 1) SELECT * FROM a")
    21
    >>> main_start("SELECT 1")
    0
    """
    return behind_list(list(tokens(text)))


def behind_list(listed: Sequence[Token]) -> int:
    """As `main_start`, of a statement's tokens."""
    if not listed or not listed[0].says("with"):
        return 0
    at = 2 if len(listed) > 1 and listed[1].says("recursive") and not _is_name(listed, 1) else 1
    while at < len(listed):
        at = _behind_clauses(listed, _behind_body(listed, at))
        if at >= len(listed) or not listed[at].says(","):
            break
        at += 1
    return listed[at].start if at < len(listed) else 0


def _is_name(listed: Sequence[Token], at: int) -> bool:
    """Whether a word is an expression's name and no keyword: only a name has AS or a column list behind it."""
    return at + 1 < len(listed) and listed[at + 1].says("as", "(")


def _behind_body(listed: Sequence[Token], at: int) -> int:
    """Behind `name (columns) AS NOT MATERIALIZED (…)`."""
    at += 1
    if at < len(listed) and listed[at].says("("):
        at = _behind_parentheses(listed, at)
    while at < len(listed) and listed[at].says("as", "not", "materialized"):
        at += 1
    return _behind_parentheses(listed, at)


def _behind_clauses(listed: Sequence[Token], at: int) -> int:
    """Behind `SEARCH … SET name` and `CYCLE … USING name`."""
    for opening, closing in (("search", "set"), ("cycle", "using")):
        if at < len(listed) and listed[at].says(opening):
            while at < len(listed) and not listed[at].says(closing):
                at += 1
            at += 2
    return at


def _behind_parentheses(listed: Sequence[Token], at: int) -> int:
    depth = 0
    while at < len(listed):
        depth += listed[at].says("(") - listed[at].says(")")
        at += 1
        if depth == 0:
            break
    return at
