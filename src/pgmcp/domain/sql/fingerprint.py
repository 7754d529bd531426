"""A statement with its values taken out, and a digest that statements of one form share.

Only words that stand without any quotes are kept: what a caller put into quotes of either kind may be a value, also
where PostgreSQL takes it for a name.
"""

from __future__ import annotations

import re
from hashlib import sha256

from pgmcp.domain.sql.lexer import Token, TokenKind, tokens
from pgmcp.domain.sql.shortening import shortened

_LONGEST = 2_000
_DIGEST_CHARACTERS = 16
_LIST = re.compile(r"\? (?:, \? )+")
_ROWS = re.compile(r"\( \? \) (?:, \( \? \) )+")


def without_values(text: str) -> str:
    r"""A statement's words and signs, with `?` for each value; lists of values are one.

    >>> without_values("SELECT a FROM \"T\" WHERE b IN (1, 2.5, 'x') AND c = $1 -- secret")
    'select a from "?" where b in ( ? ) and c = $'
    """
    said = "".join(f"{_shown(token)} " for token in tokens(shortened(text).text))
    short = _ROWS.sub("( ? ) ", _LIST.sub("? ", said)).rstrip()
    return short if len(short) <= _LONGEST else f"{short[:_LONGEST]}…"


def fingerprint(bare: str) -> str:
    """The digest of what `without_values` gives."""
    return sha256(bare.encode("utf-8", "replace")).hexdigest()[:_DIGEST_CHARACTERS]


def _shown(token: Token) -> str:
    match token.kind:
        case TokenKind.WORD:
            return token.text.lower()
        case TokenKind.QUOTED:
            return '"?"'
        case TokenKind.PARAMETER:
            return "$"
        case TokenKind.SIGN:
            return token.text
        case TokenKind.STRING | TokenKind.NUMBER:
            return "?"
