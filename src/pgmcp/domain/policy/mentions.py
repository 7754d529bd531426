"""Whether a text of the catalogue (a comment, an expression, an index's definition) names a column that is hidden."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pgmcp.domain.policy.patterns import Pattern

_MOST_PARTS = 12


def mentions(text: str | None, patterns: Sequence[Pattern]) -> bool:
    """Whether a text names what one of the patterns means, as a word or as a part of a name such as `t_ssn_idx`.

    It rather says yes: a text less is better than a name too many.

    >>> mentions("CHECK (length(ssn) = 9)", [Pattern("ssn")]), mentions("customers_ssn_idx", [Pattern("s?n")])
    (True, True)
    """
    if not text or not patterns:
        return False
    folded = text.casefold()
    exact = [pattern.text.casefold() for pattern in patterns]
    if any(_stands_in(name, folded) for name in exact):
        return True
    open_ended = [Pattern(pattern.text.casefold()) for pattern in patterns if not pattern.is_exact]
    return any(pattern.matches(name) for pattern in open_ended for name in _names(folded))


def _stands_in(name: str, text: str) -> bool:
    # Letters and digits beside it make another word; an underscore parts words of one name.
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) is not None


def _names(text: str) -> Iterable[str]:
    """The words of a text, and every run of parts of those that underscores hold together."""
    for word in set(re.findall(r"\w+", text)):
        yield word
        parts = word.split("_")[:_MOST_PARTS]
        for start in range(len(parts)):
            for end in range(start + 1, len(parts) + 1):
                yield "_".join(parts[start:end])
