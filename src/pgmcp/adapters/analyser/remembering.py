"""An analyser that remembers what it said: callers ask the same few statements again and again."""

from __future__ import annotations

from collections import OrderedDict

from pgmcp.domain.sql.analysis import Analysis
from pgmcp.ports.analysing import SqlAnalyser

_MOST = 500
# Characters of a text that is remembered, so that all of them together stay within some megabytes.
_LONGEST = 4096


class RememberingAnalyser:
    """Implements `SqlAnalyser`: what a text is follows from the text alone, so it never grows old.

    Args:
        analyser: Says what a text is that is not remembered; what it refuses, it is asked again.
        most: How many texts are remembered; the least recently used goes first.
    """

    def __init__(self, analyser: SqlAnalyser, *, most: int = _MOST) -> None:
        self._analyser = analyser
        self._most = most
        self._known: OrderedDict[str, Analysis] = OrderedDict()

    def analyse(self, text: str) -> Analysis:
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
            return known
        found = self._analyser.analyse(text)
        if len(text) <= _LONGEST:
            self._known[text] = found
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return found
