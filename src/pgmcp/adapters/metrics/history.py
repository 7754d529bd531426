"""BoundedHistory: the newest samples and tallies of everything, behind one lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, compress, islice
from threading import Lock
from typing import TypeVar

from pgmcp.adapters.metrics.blocks import Passed, Ran, packed
from pgmcp.adapters.metrics.columns import grouped, passages
from pgmcp.adapters.metrics.shelf import Shelf
from pgmcp.adapters.metrics.tally import bump
from pgmcp.domain.events import CallEnded, StatementRan
from pgmcp.domain.samples import LAYERS, OTHER, Layer, Parts, Sample, Stations, Total, Totals
from pgmcp.ports.clock import Clock

K = TypeVar("K")

_RELATIONS_AT_MOST = 1000
_EVENTS_AT_MOST = 200


class BoundedHistory:
    """Implements `History` in memory.

    What comes together is turned into columns, counted by the group and kept by the column: each step is one for all of
    it, so that an event takes a sixth of the time that it takes alone.

    A lock costs less than a tenth of a microsecond where nobody waits for it, and lets counts be read as they were at
    one moment; nothing is awaited under it.

    Args:
        capacity: Samples kept of each layer, so that busy layers don't push calls out.
        clock: Tells when it began.
    """

    def __init__(self, capacity: int, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._lock = Lock()
        self._shelves: dict[Layer, Shelf] = {layer: Shelf(capacity) for layer in LAYERS}
        self._relations: dict[tuple[str, str], int] = {}
        self._events: dict[str, int] = {}
        self._reset = Totals()
        self._feeds: list[Callable[[], None]] = []

    def add(self, sample: Sample, *, kept: bool = True) -> None:
        at, layer, operation, seconds, error, call, detail = sample
        shelf = self._shelves[layer]
        with self._lock:
            shelf.tally(operation).add((seconds,), error)
            if layer == "tool":
                self._relate(operation, detail, 1)
            if kept:
                shelf.keep(
                    Ran(layer, packed((at,)), (operation,), packed((seconds,)), (error,), (call,), (detail,), at)
                )

    def add_calls(self, calls: Sequence[CallEnded]) -> None:
        if not calls:
            return
        ids, tools, _, times, _, errors, relations, stations, noted, ends = zip(*calls, strict=True)
        untimed = noted.count(None)
        with self._lock:
            shelf = self._shelves["tool"]
            for (tool, error, relation), seconds in grouped(times, tools, errors, relations):
                shelf.tally(tool).add(seconds, error)
                self._relate(tool, relation, len(seconds))
            if untimed < len(calls):
                if untimed:
                    timed = [each for each in calls if each.noted is not None]
                    ids, tools, _, times, _, errors, relations, stations, noted, ends = zip(*timed, strict=True)
                latest = max(ends)
                shelf.keep(Ran("tool", packed(ends), tools, packed(times), errors, ids, relations, latest))
                self._add_parts(stations, noted, latest)

    def add_statements(self, statements: Sequence[StatementRan]) -> None:
        if not statements:
            return
        ids, kinds, times, _, states, fingerprints, _, ends, timed = zip(*statements, strict=True)
        with self._lock:
            shelf = self._shelves["statement"]
            for (kind, sqlstate), seconds in grouped(times, kinds, states):
                shelf.tally(kind).add(seconds, sqlstate)
            if any(timed):
                if not all(timed):
                    drawn = compress(statements, timed)
                    ids, kinds, times, _, states, fingerprints, _, ends, _ = zip(*drawn, strict=True)
                shelf.keep(Ran("statement", packed(ends), kinds, packed(times), states, ids, fingerprints, max(ends)))

    def fed_by(self, feed: Callable[[], None]) -> None:
        self._feeds.append(feed)

    def heard(self, event: str) -> None:
        with self._lock:
            bump(self._events, event, _EVENTS_AT_MOST, OTHER)

    def samples(self, layer: Layer, since: float, until: float) -> Sequence[Sample]:
        self._be_fed()
        with self._lock:
            shelf = self._shelves[layer]
            blocks, gone = list(shelf.blocks), shelf.gone
        kept = chain.from_iterable(block.samples() for block in blocks)
        return [each for each in islice(kept, gone, None) if since < each.at <= until]

    def whole_since(self, layer: Layer) -> float:
        self._be_fed()
        with self._lock:
            return max(self._began, self._shelves[layer].rotated)

    def totals(self) -> Totals:
        self._be_fed()
        with self._lock:
            return self._counted()

    def since_reset(self) -> Totals:
        self._be_fed()
        with self._lock:
            return _difference(self._counted(), self._reset)

    def clear(self) -> None:
        self._be_fed()
        with self._lock:
            self._reset = self._counted()
            for shelf in self._shelves.values():
                shelf.clear()
            self._began = self._clock.monotonic()

    def _relate(self, tool: str, relation: str | None, count: int) -> None:
        if relation is not None:
            bump(self._relations, (tool, relation), _RELATIONS_AT_MOST, (OTHER, OTHER), count)

    def _add_parts(self, stations: Sequence[Stations], noted: Sequence[Parts], latest: float) -> None:
        """Add parts of calls of which the latest ended then."""
        for place, begins, ends in passages(stations, noted):
            shelf = self._shelves[place.layer]
            # Sums are right to a fraction of a microsecond; a difference for each takes as long as all else here.
            shelf.tally(place.operation).add_unsorted(len(ends), sum(ends) - sum(begins), place.error)
            shelf.keep(Passed(place, packed(begins), packed(ends), latest))

    def _be_fed(self) -> None:
        for feed in self._feeds:
            feed()

    def _counted(self) -> Totals:
        return Totals(
            operations=tuple(
                tally.total(layer, operation)
                for layer, shelf in self._shelves.items()
                for operation, tally in shelf.tallies.items()
            ),
            relations=dict(self._relations),
            events=dict(self._events),
        )


def _difference(now: Totals, then: Totals) -> Totals:
    """What was counted between two moments, operations without any left out."""
    before = {(each.layer, each.operation): each for each in then.operations}
    return Totals(
        operations=tuple(
            each if (old := before.get((each.layer, each.operation))) is None else _between(each, old)
            for each in now.operations
            if each.count > getattr(before.get((each.layer, each.operation)), "count", 0)
        ),
        relations=_less(now.relations, then.relations),
        events=_less(now.events, then.events),
    )


def _between(now: Total, then: Total) -> Total:
    return Total(
        layer=now.layer,
        operation=now.operation,
        count=now.count - then.count,
        seconds=now.seconds - then.seconds,
        errors=_less(now.errors, then.errors),
        buckets=tuple(more - less for more, less in zip(now.buckets, then.buckets, strict=True)),
    )


def _less(now: Mapping[K, int], then: Mapping[K, int]) -> dict[K, int]:
    return {key: count - then.get(key, 0) for key, count in now.items() if count > then.get(key, 0)}
