"""The cache under writers, readers and kills, for a while; `benchmarks/coherence.py` does it for as long as said."""

from __future__ import annotations

import pytest

from benchmarks.coherence import watch_coherence
from tests.fixtures.postgres import MakeDatabase


@pytest.mark.slow
async def test_no_read_is_older_than_what_was_acknowledged(make_database: MakeDatabase) -> None:
    """Nor ever shows less than a commit that pgmcp acknowledged before it began."""
    seen = await watch_coherence(await make_database(), seconds=20)
    assert seen.wrong == []
    assert min(seen.reads, seen.hits, seen.writes, len(seen.delays_s)) > 0
