"""An analyser that remembers."""

from __future__ import annotations

import pytest

from pgmcp.adapters.analyser.pgparse_ import PgparseAnalyser
from pgmcp.adapters.analyser.remembering import RememberingAnalyser
from pgmcp.domain.errors import QueryError
from pgmcp.domain.sql.analysis import Analysis


class Counting:
    """An analyser that tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def analyse(self, text: str) -> Analysis:
        """As PostgreSQL's grammar says."""
        self.asked.append(text)
        return PgparseAnalyser().analyse(text)


def test_a_text_is_analysed_once() -> None:
    """Until others have taken its place; a long one, and one that is refused, each time."""
    inner = Counting()
    analyser = RememberingAnalyser(inner, most=2)
    long = f"SELECT '{'x' * 5000}'"
    for text in ("SELECT 1", "SELECT 2", "SELECT 1", "SELECT 3", "SELECT 1", "SELECT 2", long, long):
        assert analyser.analyse(text) == PgparseAnalyser().analyse(text)
    assert inner.asked == ["SELECT 1", "SELECT 2", "SELECT 3", "SELECT 2", long, long]
    for _ in range(2):
        with pytest.raises(QueryError):
            analyser.analyse("SELEC 1")
    assert inner.asked[-2:] == ["SELEC 1"] * 2
