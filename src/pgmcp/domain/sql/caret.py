"""Pointing at a place in a statement."""

from __future__ import annotations

_WIDTH = 80


def caret(text: str, position: int) -> str:
    r"""The line of a text that a position is in, and below it a caret under the place.

    Args:
        text: The statement.
        position: A character, from 1; one behind the end points behind the last character.

    A long line is cut to what stands around the place.

    >>> print(caret("SELECT 1\nFORM t", 10))
    FORM t
    ^
    """
    at = min(max(position - 1, 0), len(text))
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)].replace("\t", " ").replace("\r", " ")
    column = at - start
    cut = max(0, min(column - _WIDTH // 2, len(line) - _WIDTH))
    return f"{line[cut : cut + _WIDTH]}\n{' ' * (column - cut)}^"
