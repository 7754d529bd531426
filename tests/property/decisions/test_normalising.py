"""Normalised statements: whatever is spelt alike is made of the same tokens."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase

from hypothesis import given
from hypothesis import strategies as st

from pgmcp.domain.sql.lexer import TokenKind, tokens
from pgmcp.domain.sql.normalising import normalised

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_PIECES = ["SELECT", "select", "a", "B", "1", ".5", "1e", "'", '"', "E'", "U&", "$1", "$x$", "$", "\\", "-", "--", "/*"]
_PIECES += ["*/", "<", "=", "::", ",", "(", ")", "[", "]", ";", " ", "  ", "\n", "\r", "\t", "\f", "\u00a0", "é", "K"]
TEXTS = st.lists(st.sampled_from(_PIECES), max_size=25).map("".join)


def spelt(text: str) -> list[tuple[TokenKind, str]]:
    """A text's tokens, words without their case."""
    found = tokens(text)
    return [(each.kind, each.text.translate(_LOWER) if each.kind is TokenKind.WORD else each.text) for each in found]


@given(TEXTS)
def test_no_token_changes(text: str) -> None:
    """None is lost, none is made, none runs into another: what is normalised says the same."""
    assert spelt(normalised(text)) == spelt(text)


@given(TEXTS)
def test_there_is_no_further(text: str) -> None:
    """What is normalised is left as it is."""
    assert normalised(normalised(text)) == normalised(text)
