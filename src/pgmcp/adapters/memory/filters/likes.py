"""LIKE and its kin: patterns of wildcards.

Source: PostgreSQL documentation, section 9.7.1 (LIKE).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pgmcp.adapters.memory.faults import BAD_ESCAPE, fault
from pgmcp.adapters.memory.filters.casing import lower

Test = Callable[[str], bool]


def like(pattern: str, *, fold: bool, path: str) -> Test:
    r"""A test for texts that match the whole pattern.

    `%` stands for any text, `_` for one character, and `\` makes either of them the character itself.
    With `fold` both sides are put in lower case first, as ILIKE does in a UTF-8 database.

    Raises:
        QueryError: `bad_value`, for a pattern that ends with a lone escape character.

    >>> like("50\\%", fold=False, path="filters.name.like")("50%")
    True
    """
    parts: list[str] = []
    chars = iter(lower(pattern) if fold else pattern)
    for char in chars:
        if char == "%":
            parts.append(".*")
        elif char == "_":
            parts.append(".")
        elif char == "\\":
            escaped = next(chars, None)
            if escaped is None:
                raise fault(BAD_ESCAPE, path=path)
            parts.append(re.escape(escaped))
        else:
            parts.append(re.escape(char))
    matches = re.compile("".join(parts), re.DOTALL).fullmatch
    if fold:
        return lambda text: matches(lower(text)) is not None
    return lambda text: matches(text) is not None


def starts_with(prefix: str, *, fold: bool) -> Test:
    """A test for texts that begin with `prefix`."""
    if fold:
        prefix = lower(prefix)
        return lambda text: lower(text).startswith(prefix)
    return lambda text: text.startswith(prefix)


def ends_with(suffix: str, *, fold: bool) -> Test:
    """A test for texts that end with `suffix`."""
    if fold:
        suffix = lower(suffix)
        return lambda text: lower(text).endswith(suffix)
    return lambda text: text.endswith(suffix)
