"""What comes together is counted and kept as if it had come one by one, however alike or unlike it is."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.domain.calls import CallId
from pgmcp.domain.events import CallEnded, StatementRan
from pgmcp.domain.samples import BUCKETS_S, LAYERS, Parts, Place, Sample, Stations
from tests.unit.house import NOON

PLAN, RUN, SELECT = Place("station", "plan"), Place("station", "execute"), Place("repository", "select")
FAILED = Place("repository", "select", "lock_timeout")
# Sums of these are exact, so that they are the same in every order; the bounds of the classes are among the others.
EIGHTHS = st.integers(0, 300).map(lambda number: number / 8)
TIMES = st.one_of(EIGHTHS, st.sampled_from(BUCKETS_S))
USUAL = ((PLAN, RUN, None), (SELECT,))
PARTS = st.one_of(
    st.none(),
    st.just(USUAL),
    st.tuples(
        st.lists(st.sampled_from([PLAN, RUN, None]), max_size=4).map(tuple),
        st.lists(st.sampled_from([SELECT, FAILED]), max_size=3).map(tuple),
    ),
)
CALLS = st.tuples(
    st.sampled_from(["read_table", "execute_query"]),
    TIMES,
    st.sampled_from([None, None, "lock_timeout"]),
    st.sampled_from([None, "orders", "lines"]),
    PARTS,
)
STATEMENTS = st.tuples(st.sampled_from(["select", "insert"]), TIMES, st.sampled_from([None, "57014"]), st.booleans())
ALIKE = ("read_table", 0.001, None, "orders", USUAL)


def call(number: int, told: Any) -> CallEnded:
    """One of several; each of its parts took a time of its own."""
    tool, seconds, error, relation, places = told
    stations: Stations | None = None
    noted: Parts | None = None
    if places is not None:
        passed, ran = places
        stations = tuple(field for at, place in enumerate(passed) for field in (place, at / 8 * (1 + number)))
        noted = tuple(field for at, place in enumerate(ran) for field in (place, 1.0, 1 + at / 8 + number))
    return CallEnded(CallId(f"c{number}"), tool, "ana", seconds, 1, error, relation, stations, noted, float(number))


def statement(number: int, told: Any) -> StatementRan:
    """One of several."""
    kind, seconds, sqlstate, timed = told
    return StatementRan(CallId(f"c{number}"), kind, seconds, 1, sqlstate, f"f{number}", None, float(number), timed)


def found(history: BoundedHistory) -> Any:
    """All that there is to know; sums of times that have no exact form are rounded."""
    totals = history.totals()
    return (
        Counter(each for layer in LAYERS for each in history.samples(layer, -1, 10_000)),
        {(each.layer, each.operation): evolve(each, seconds=round(each.seconds, 9)) for each in totals.operations},
        totals.relations,
    )


def parted(event: CallEnded) -> list[Sample]:
    """Its parts by themselves."""
    return [
        Sample(ended, place.layer, place.operation, ended - began, place.error, CallId(""))
        for place, began, ended in event.parts
    ]


@given(st.lists(CALLS, max_size=20))
@example([ALIKE] * 7)
@example([ALIKE, ("read_table", 0.5, None, None, None)] * 3)
@example([(*ALIKE[:4], ((PLAN, None), ())), (*ALIKE[:4], ((PLAN, RUN, PLAN, None), (SELECT, SELECT)))])
@example([(*ALIKE[:4], ((), ())), ALIKE])
@example([(*ALIKE[:4], ((PLAN, None, RUN, None), (SELECT, FAILED)))] * 3)
@example([(*ALIKE[:4], ((PLAN, None), (each,))) for each in (SELECT, FAILED)])
def test_calls(asked: list[Any]) -> None:
    """With their relations, errors, classes of time and parts."""
    together, one_by_one = (BoundedHistory(1000, FixedClock(NOON)) for _ in range(2))
    calls = [call(number, told) for number, told in enumerate(asked)]
    together.add_calls(calls)
    for each in calls:
        kept = each.noted is not None
        one_by_one.add(
            Sample(each.at, "tool", each.tool, each.seconds, each.error, each.call, each.relation), kept=kept
        )
        for sample in parted(each):
            one_by_one.add(sample)
    counts, totals, relations = found(together)
    expected, expected_totals, expected_relations = found(one_by_one)
    assert (counts, relations) == (expected, expected_relations)
    # Of parts nobody is told in classes of time, so that they aren't sorted into any.
    assert {name: evolve(each, buckets=()) for name, each in totals.items()} == {
        name: evolve(each, buckets=()) for name, each in expected_totals.items()
    }
    for name, each in totals.items():
        assert each.buckets == expected_totals[name].buckets or name[0] != "tool"


@given(st.lists(STATEMENTS, max_size=20))
@example([("select", 0.001, None, True)] * 7)
@example([("select", 0.0, None, False)] * 2)
def test_statements(asked: list[Any]) -> None:
    """Those that are kept, and those that are only counted."""
    together, one_by_one = (BoundedHistory(1000, FixedClock(NOON)) for _ in range(2))
    made = [statement(number, told) for number, told in enumerate(asked)]
    together.add_statements(made)
    for each in made:
        sample = Sample(each.at, "statement", each.kind, each.seconds, each.sqlstate, each.call, each.fingerprint)
        one_by_one.add(sample, kept=each.timed)
    assert found(together) == found(one_by_one)


@given(st.lists(st.integers(1, 5), max_size=12), st.integers(1, 7))
def test_the_newest_are_kept(batches: list[int], capacity: int) -> None:
    """Exactly as many as there is room for, whatever came with them; nothing after `whole_since` is missing."""
    history = BoundedHistory(capacity, FixedClock(NOON))
    number = 0
    for size in batches:
        history.add_calls([call(number + at + 1, ALIKE) for at in range(size)])
        number += size
    for layer, most in (("tool", 1), ("repository", 1), ("station", 2)):
        kept = history.samples(layer, -1, 10_000)  # type: ignore[arg-type] # a layer's name
        assert len(kept) == min(capacity, number * most)
    kept = history.samples("tool", -1, 10_000)
    assert [each.at for each in kept] == list(range(number - len(kept) + 1, number + 1))
    whole = history.whole_since("tool")
    assert [each.at for each in kept if each.at > whole] == [at for at in range(1, number + 1) if at > whole]
