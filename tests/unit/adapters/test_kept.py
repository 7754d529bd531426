"""Kept: what counts as a use, and until when a value is there."""

from __future__ import annotations

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.postgres.kept import Kept, Tally
from tests.unit.house import NOON


def test_what_is_recalled_is_counted_where_it_is_there() -> None:
    """Whoever finds nothing goes on to `get`, which counts that."""
    clock, tally = FixedClock(NOON), Tally()
    kept: Kept[str, int] = Kept(clock, most=2, ttl_s=10, tally=tally)
    assert kept.recall("a") is None
    kept.put("a", 1)
    clock.advance(10)
    assert (kept.recall("a"), tally.hits, tally.misses) == (1, 1, 0)
    clock.advance(0.5)
    assert (kept.recall("a"), kept.get("a"), tally.hits, tally.misses) == (None, None, 1, 1)


def test_a_value_that_was_only_recalled_goes_first() -> None:
    """One that was got stays."""
    kept: Kept[str, int] = Kept(FixedClock(NOON), most=2)
    kept.put("a", 1)
    kept.put("b", 2)
    kept.get("a")
    kept.recall("b")
    kept.put("c", 3)
    assert [kept.recall(key) for key in "abc"] == [1, None, 3]


def test_what_was_being_found_out_at_a_clearing_is_not_kept() -> None:
    """Nobody knows whether it was found out before or behind what the clearing was for."""
    kept: Kept[str, int] = Kept(FixedClock(NOON), most=2)
    era = kept.era
    assert kept.put("a", 1, era) == 1
    kept.clear()
    assert kept.put("b", 2, era) == 2
    kept.put("c", 3, kept.era)
    assert [kept.recall(key) for key in "abc"] == [None, None, 3]
