"""LIKE and its kin: patterns of wildcards.

Source: PostgreSQL documentation, section 9.7.1 (LIKE).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pgmcp.adapters.memory.faults import BAD_ESCAPE, fault
from pgmcp.adapters.memory.filters.casing import Casing

Test = Callable[[str], bool]

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_STEP = re.compile(r"\\?.|\\", re.DOTALL)
_LONE = "\\"


def like(pattern: str, *, fold: Casing | None, path: str) -> Test:
    r"""A test for texts that match the whole pattern.

    `%` stands for any text, `_` for one character, and `\` makes either of them the character itself.
    With `fold` both sides are put in lower case first, as ILIKE does.

    A pattern that ends with a lone escape character is an error for the texts on which the server comes to it, which is
    `bad_value` of the test; it matches no others.

    >>> like("50\\%", fold=None, path="filters.name.like")("50%")
    True
    """
    if _ESCAPED.sub("", pattern).endswith("\\"):
        return _unfinished(pattern, fold=fold, path=path)
    parts: list[str] = []
    chars = iter(fold.lower(pattern) if fold else pattern)
    for char in chars:
        if char == "%":
            parts.append(".*")
        elif char == "_":
            parts.append(".")
        elif char == "\\":
            parts.append(re.escape(next(chars)))
        else:
            parts.append(re.escape(char))
    matches = re.compile("".join(parts), re.DOTALL).fullmatch
    if fold:
        return lambda text: matches(fold.lower(text)) is not None
    return lambda text: matches(text) is not None


def _unfinished(pattern: str, *, fold: Casing | None, path: str) -> Test:
    """A test by a pattern whose last escape character has nothing behind it: an error once the server comes to it.

    Source: `MatchText` in PostgreSQL's `src/backend/utils/adt/like_match.c`.
    """
    steps = _STEP.findall(fold.lower(pattern) if fold else pattern)

    def test(text: str) -> bool:
        if _comes_to_lone(steps, fold.lower(text) if fold else text):
            raise fault(BAD_ESCAPE, path=path)
        return False

    return test


def _comes_to_lone(steps: Sequence[str], text: str) -> bool:
    """Whether the server, which goes through steps and text together, comes to the last step with text left."""
    at = 0
    for number, step in enumerate(steps):
        if at == len(text):
            return False
        if step == "%":
            rest = steps[number + 1 :]
            behind = next((place for place, each in enumerate(rest) if each not in {"%", "_"}), len(rest))
            at += rest[:behind].count("_")
            if at > len(text):
                return False
            # What comes behind is looked at even where `_` took what was left of the text.
            return rest[behind] == _LONE or any(
                _comes_to_lone(rest[behind:], text[begin:]) for begin in range(at, len(text))
            )
        if step == _LONE:
            return True
        if step != "_" and step.removeprefix("\\") != text[at]:
            return False
        at += 1
    return False


def starts_with(prefix: str, *, fold: Casing | None) -> Test:
    """A test for texts that begin with `prefix`."""
    if fold:
        prefix = fold.lower(prefix)
        return lambda text: fold.lower(text).startswith(prefix)
    return lambda text: text.startswith(prefix)


def ends_with(suffix: str, *, fold: Casing | None) -> Test:
    """A test for texts that end with `suffix`."""
    if fold:
        suffix = fold.lower(suffix)
        return lambda text: fold.lower(text).endswith(suffix)
    return lambda text: text.endswith(suffix)
