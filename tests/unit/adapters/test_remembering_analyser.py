"""An analyser that remembers."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser
from pgmcp.adapters.analyser.remembering import RememberingAnalyser
from pgmcp.domain.errors import QueryError
from pgmcp.domain.sql.analysis import Analysis


class Counting:
    """An analyser that tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.threads: list[threading.Thread] = []

    def analyse(self, text: str) -> Analysis:
        """As PostgreSQL's grammar says."""
        self.asked.append(text)
        self.threads.append(threading.current_thread())
        return PgparseAnalyser().analyse(text)


async def test_a_text_is_analysed_once() -> None:
    """Until others have taken its place; one that is refused, each time."""
    inner = Counting()
    analyser = RememberingAnalyser(inner, most=2)
    for text in ("SELECT 1", "SELECT 2", "SELECT 1", "SELECT 3", "SELECT 1", "SELECT 2"):
        assert await analyser.analyse(text) == PgparseAnalyser().analyse(text)
    assert inner.asked == ["SELECT 1", "SELECT 2", "SELECT 3", "SELECT 2"]
    for _ in range(2):
        with pytest.raises(QueryError):
            await analyser.analyse("SELEC 1")
    assert inner.asked[-2:] == ["SELEC 1"] * 2


async def test_long_texts_are_remembered_too() -> None:
    """As many as come to so many characters together: a call asks several times about its own."""
    inner = Counting()
    analyser = RememberingAnalyser(inner, most_characters=25_000)
    texts = [f"SELECT '{letter * 10_000}'" for letter in "abc"]
    for number in (0, 0, 1, 0, 2, 2, 0, 1):
        await analyser.analyse(texts[number])
    assert [texts.index(text) for text in inner.asked] == [0, 1, 2, 1]


async def test_long_texts_are_taken_apart_beside_the_event_loop() -> None:
    """And short ones at once, which a thread would only hold up."""
    inner = Counting()
    analyser = RememberingAnalyser(inner)
    for text in ("SELECT 1", f"SELECT '{'x' * 10_000}'"):
        await analyser.analyse(text)
    assert [thread is threading.current_thread() for thread in inner.threads] == [True, False]


async def test_two_who_ask_at_once() -> None:
    """Get the same, and it is remembered once."""
    long = f"SELECT '{'x' * 10_000}'"
    analyser = RememberingAnalyser(Counting(), most_characters=len(long))
    both = await asyncio.gather(analyser.analyse(long), analyser.analyse(long))
    assert both[0] == both[1] == await analyser.analyse(long)
