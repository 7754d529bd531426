"""BoundedHistory: keeps the newest, counts all, loses none."""

from __future__ import annotations

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.domain.calls import CallId
from pgmcp.domain.samples import BUCKETS_S, OTHER, Layer, Sample, Total
from tests.unit.house import NOON


def sample(at: float, *, operation: str = "read_table", layer: Layer = "tool", **more: str) -> Sample:
    """One that took a millisecond."""
    return Sample(at, layer, operation, 0.001, more.get("error"), CallId("c"), more.get("detail"))


def history(capacity: int = 3) -> BoundedHistory:
    """A small one."""
    return BoundedHistory(capacity, FixedClock(NOON))


def test_the_newest_are_kept() -> None:
    """The oldest go first, and from when on nothing is missing is known."""
    kept = history()
    assert kept.whole_since("tool") == 0
    for at in range(1, 6):
        kept.add(sample(at))
    assert [each.at for each in kept.samples("tool", 0, 9)] == [3, 4, 5]
    assert kept.whole_since("tool") == 2


def test_a_window() -> None:
    """Open at its start, closed at its end: windows side by side share nothing and miss nothing."""
    kept = history()
    for at in (1, 2, 3):
        kept.add(sample(at))
    assert [each.at for each in kept.samples("tool", 1, 2)] == [2]


def test_layers_do_not_push_each_other_out() -> None:
    """Each has its own bound."""
    kept = history()
    kept.add(sample(1))
    for at in range(9):
        kept.add(sample(at, layer="statement", operation="select"))
    assert len(kept.samples("tool", 0, 9)) == 1
    assert len(kept.samples("statement", -1, 9)) == 3


def test_what_is_not_kept_is_counted() -> None:
    """Counts are of everything: operations with their errors, relations, other events."""
    kept = history()
    kept.add(sample(1, detail="orders"), kept=False)
    kept.add(sample(2, error="lock_timeout", detail="orders"), kept=False)
    kept.heard("CacheHit")
    assert kept.samples("tool", 0, 9) == []
    totals = kept.totals()
    buckets = [0] * (len(BUCKETS_S) + 1)
    buckets[BUCKETS_S.index(0.001)] = 2
    assert totals.operations == (
        Total(
            layer="tool",
            operation="read_table",
            count=2,
            seconds=0.002,
            errors={"lock_timeout": 1},
            buckets=tuple(buckets),
        ),
    )
    assert (dict(totals.relations), dict(totals.events)) == ({("read_table", "orders"): 2}, {"CacheHit": 1})


def test_a_reset() -> None:
    """Samples go and counting begins anew; the totals only grow."""
    clock = FixedClock(NOON)
    kept = BoundedHistory(3, clock)
    for at in range(5):
        kept.add(sample(at, detail="orders"))
    clock.advance(7)
    kept.clear()
    kept.add(sample(8, error="lock_timeout", detail="orders"))
    assert [each.at for each in kept.samples("tool", -1, 9)] == [8]
    assert kept.whole_since("tool") == 7
    (now,) = kept.since_reset().operations
    assert (now.count, dict(now.errors), sum(now.buckets)) == (1, {"lock_timeout": 1}, 1)
    assert kept.since_reset().relations == {("read_table", "orders"): 1}
    assert kept.totals().operations[0].count == 6


def test_nothing_since_a_reset() -> None:
    """An operation that did not run since is not there."""
    kept = history()
    kept.add(sample(1))
    kept.clear()
    assert kept.since_reset().operations == ()


def test_names_are_bounded() -> None:
    """Whatever is made up by others ends in one name for the rest."""
    kept = history()
    for number in range(2000):
        kept.add(sample(number, operation=f"tool{number}", detail=f"table{number}", error=f"E{number}"))
        kept.add(sample(number, detail=f"table{number}", error=f"E{number}"))
        kept.heard(f"Event{number}")
    totals = kept.totals()
    named = {each.operation: each for each in totals.operations}
    assert len(named) <= 501
    assert named[OTHER].count == 1500 + 1  # and `read_table`, which came late
    assert len(named[OTHER].errors) <= 101
    assert len(totals.relations) == 1000 + 1
    assert len(totals.events) == 201
