"""A statement as others may have spelt it: without comments, with one blank at most, its words in lower case.

What is normalised alike means the same to PostgreSQL; the other way round is not promised. Values stay as they are.
Source: PostgreSQL documentation, section 4.1 (Lexical Structure): key words and names without quotes don't heed case,
white space counts where it parts tokens.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase

from pgmcp.domain.sql.lexer import Token, TokenKind, tokens

# Only ASCII: what becomes of other letters is the server's encoding's to say.
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
# They are no part of any operator, number or name, so that white space beside them never parts anything.
_ALONE = frozenset("(),[]")
# They may be part of an operator with other signs, of nothing else.
_OPERATORS = frozenset("=<>*/%!|~^")


def normalised(text: str) -> str:
    r"""The text that statements share which differ in white space, comments and the case of words alone.

    >>> normalised("SELECT  a,\n b FROM \"T\" -- why\n WHERE c = 'X  Y'")
    'select a,b from "T" where c=\'X  Y\''
    """
    parts: list[str] = []
    end, before = 0, Token(TokenKind.SIGN, "(", 0)
    for token in tokens(text):
        if token.start > end and _parted(before, token):
            parts.append(_blank(text[end : token.start], token.kind))
        parts.append(token.text.translate(_LOWER) if token.kind is TokenKind.WORD else token.text)
        end, before = token.end, token
    return "".join(parts)


def _parted(before: Token, behind: Token) -> bool:
    """Whether white space between two tokens may be what makes them two."""
    if before.text in _ALONE or behind.text in _ALONE:
        return False
    signs = (before.kind is TokenKind.SIGN) + (behind.kind is TokenKind.SIGN)
    return signs != 1 or not (before.text in _OPERATORS or behind.text in _OPERATORS)


def _blank(gap: str, behind: TokenKind) -> str:
    """What stands for white space and comments; a line break before a string goes on with the string before it."""
    return "\n" if behind is TokenKind.STRING and ("\n" in gap or "\r" in gap) else " "
