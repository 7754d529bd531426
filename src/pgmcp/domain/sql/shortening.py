"""A statement without the numbers that its long lists repeat: what it is made of is found in a few of them as well.

A list of 25,000 numbers takes PostgreSQL's grammar 50,000 tokens, and nothing in it is worth a look. Only digits,
commas and balanced parentheses around them are left out, which are no code wherever they stand: in a list, in a string,
in a comment or in a name.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from attrs import field, frozen

# Characters of a list that are worth a cut, and items of it that are left.
_WORTH_IT, _SEEN = 200, 8
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?+"
_BLANK = r"[ \n]*+"
_ITEM = rf"(?:{_NUMBER}|\({_BLANK}{_NUMBER}(?:{_BLANK},{_BLANK}{_NUMBER})*+{_BLANK}\))"
# Behind a number may stand what belongs to it, such as an exponent or a cast: then it is none of the list's.
_MORE = rf"(?:,{_BLANK}{_ITEM}(?![^\s,)]){_BLANK})"
# Each is looked at once, as no part of one that is too short is another.
_RUN, _FIRST = re.compile(rf"{_MORE}++"), re.compile(rf"{_MORE}{{{_SEEN}}}")


@frozen
class Shortened:
    """A text with less in its lists.

    Args:
        text: What is left.
        places: Characters of it (from 0, ascending) behind which something is missing.
        missing: How many characters are missing up to each of these, all told.
    """

    text: str = field(repr=False)
    places: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()

    def whole(self, at: int) -> int:
        """Where a character of what is left stands in the whole text, each from 0."""
        cut = bisect_right(self.places, at)
        return at + self.missing[cut - 1] if cut else at


def shortened(text: str) -> Shortened:
    """The text with its long lists of numbers cut short.

    >>> short = shortened("SELECT 1 IN (" + "1, " * 500 + "2) OR x")
    >>> len(short.text), short.whole(short.text.index("x")) == 13 + 3 * 500 + 6
    (44, True)
    """
    pieces: list[str] = []
    cuts: list[int] = []
    at = 0
    for run in _RUN.finditer(text):
        first = _FIRST.match(text, run.start()) if run.end() - run.start() > _WORTH_IT else None
        if first is not None and first.end() < run.end():
            pieces.append(text[at : first.end()])
            cuts.append(run.end() - first.end())
            at = run.end()
    if not cuts:
        return Shortened(text)
    pieces.append(text[at:])
    return Shortened("".join(pieces), tuple(accumulate(map(len, pieces[:-1]))), tuple(accumulate(cuts)))
