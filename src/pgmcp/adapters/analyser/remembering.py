"""An analyser that remembers what it said, and says it without holding up anybody else."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Protocol

from pgmcp.domain.sql.analysis import Analysis

_MOST = 500
# Characters of all texts together that are remembered.
_MOST_CHARACTERS = 2**20
# A text of so many characters is taken apart in a few milliseconds; a longer one beside the event loop.
_LONG = 4096


class Parser(Protocol):
    """Takes a statement apart where it is called, in time that grows with the statement."""

    def analyse(self, text: str) -> Analysis:
        """What the text is; raises as `SqlAnalyser` does."""
        ...


class RememberingAnalyser:
    """Implements `SqlAnalyser`: what a text is follows from the text alone, so it never grows old.

    Args:
        parser: Says what a text is that is not remembered; what it refuses, it is asked again.
        most: How many texts are remembered; the least recently used goes first.
        most_characters: How long they may be all together.
    """

    def __init__(self, parser: Parser, *, most: int = _MOST, most_characters: int = _MOST_CHARACTERS) -> None:
        self._parser = parser
        self._most = most
        self._most_characters = most_characters
        self._known: OrderedDict[str, Analysis] = OrderedDict()
        self._characters = 0

    async def analyse(self, text: str) -> Analysis:
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
            return known
        if len(text) <= _LONG:
            found = self._parser.analyse(text)
        else:
            found = await asyncio.to_thread(self._parser.analyse, text)
        self._keep(text, found)
        return found

    def _keep(self, text: str, found: Analysis) -> None:
        if text in self._known:
            return  # another call came first
        self._known[text] = found
        self._characters += len(text)
        while len(self._known) > self._most or self._characters > self._most_characters:
            gone, _ = self._known.popitem(last=False)
            self._characters -= len(gone)
