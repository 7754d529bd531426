"""A statement as others may have spelt it: without comments, with one blank at most, its words in lower case.

What is normalised alike means the same to PostgreSQL; the other way round is not promised. Values stay as they are.
Source: PostgreSQL documentation, section 4.1 (Lexical Structure): key words and names without quotes don't heed case,
white space counts where it parts tokens.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase

from pgmcp.domain.sql.lexer import TokenKind, tokens

# Only ASCII: what becomes of other letters is the server's encoding's to say.
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
# They are no part of any operator, number or name, so that white space beside them never parts anything.
_ALONE = frozenset("(),[]")


def normalised(text: str) -> str:
    r"""The text that statements share which differ in white space, comments and the case of words alone.

    >>> normalised("SELECT  a,\n b FROM \"T\" -- why\n WHERE c = 'X  Y'")
    'select a,b from "T" where c = \'X  Y\''
    """
    parts: list[str] = []
    end, before = 0, "("
    for token in tokens(text):
        said = token.text.translate(_LOWER) if token.kind is TokenKind.WORD else token.text
        if token.start > end and said not in _ALONE and before not in _ALONE:
            parts.append(_blank(text[end : token.start], token.kind))
        parts.append(said)
        end, before = token.end, said
    return "".join(parts)


def _blank(gap: str, behind: TokenKind) -> str:
    """What stands for white space and comments; a line break before a string goes on with the string before it."""
    return "\n" if behind is TokenKind.STRING and ("\n" in gap or "\r" in gap) else " "
