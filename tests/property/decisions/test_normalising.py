"""Normalised statements: whatever is spelt alike is made of the same tokens."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase

from hypothesis import given
from hypothesis import strategies as st

from pgmcp.domain.sql.lexer import TokenKind, tokens
from pgmcp.domain.sql.normalising import normalised

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_WORDS = ["SELECT", "select", "a", "B", "é", "K", "1", ".5", "1e", "$1", "'", '"', "E'", "U&", "$x$", "$", "\\"]
_SIGNS = [
    "-",
    "--",
    "/*",
    "*/",
    "*",
    "/",
    "|",
    "!",
    "~",
    "%",
    ">",
    "<",
    "=",
    "&",
    ":",
    "::",
    ",",
    "(",
    ")",
    "[",
    "]",
    ";",
]
_BLANKS = [" ", "  ", "\n", "\r", "\t", "\f", "\u00a0"]
_PIECES = _WORDS + _SIGNS + _BLANKS
TEXTS = st.lists(st.sampled_from(_PIECES), max_size=25).map("".join)


def spelt(text: str) -> list[tuple[TokenKind, str, bool]]:
    """A text's tokens, words without their case, and whether a sign stands right behind another."""
    said, end, sign = [], 0, False
    for each in tokens(text):
        words = each.text.translate(_LOWER) if each.kind is TokenKind.WORD else each.text
        alone = each.kind is not TokenKind.SIGN or words in set("(),[]")
        said.append((each.kind, words, not alone and sign and each.start == end))
        end, sign = each.end, not alone
    return said


@given(TEXTS)
def test_no_token_changes(text: str) -> None:
    """None is lost, none is made, none runs into another: what is normalised says the same."""
    assert spelt(normalised(text)) == spelt(text)


@given(TEXTS)
def test_there_is_no_further(text: str) -> None:
    """What is normalised is left as it is."""
    assert normalised(normalised(text)) == normalised(text)
