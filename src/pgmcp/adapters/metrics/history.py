"""BoundedHistory: the newest samples and tallies of everything, behind one lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from operator import sub
from threading import Lock
from typing import Any, TypeVar

from pgmcp.adapters.metrics.blocks import Passed, Ran, packed
from pgmcp.adapters.metrics.shelf import Shelf
from pgmcp.adapters.metrics.tally import bump
from pgmcp.domain.events import CallEnded, StatementRan
from pgmcp.domain.samples import LAYERS, OTHER, Layer, Noted, Place, Sample, Total, Totals
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
        ids, tools, _, times, _, errors, relations, parts, ends = zip(*calls, strict=True)
        noted = [each for each in parts if each is not None]
        with self._lock:
            shelf = self._shelves["tool"]
            for (tool, error, relation), seconds in _grouped(times, tools, errors, relations):
                shelf.tally(tool).add(seconds, error)
                self._relate(tool, relation, len(seconds))
            if noted:
                if len(noted) < len(calls):
                    timed = [each for each in calls if each.parts is not None]
                    ids, tools, _, times, _, errors, relations, _, ends = zip(*timed, strict=True)
                latest = max(ends)
                shelf.keep(Ran("tool", packed(ends), tools, packed(times), errors, ids, relations, latest))
                self._add_parts(noted, latest)

    def add_statements(self, drawn: Sequence[StatementRan], others: Sequence[StatementRan] = ()) -> None:
        if not drawn and not others:
            return
        ids, kinds, times, _, states, fingerprints, _, ends = zip(*drawn, *others, strict=True)
        with self._lock:
            shelf = self._shelves["statement"]
            for (kind, sqlstate), seconds in _grouped(times, kinds, states):
                shelf.tally(kind).add(seconds, sqlstate)
            if drawn:
                if others:
                    ids, kinds, times, _, states, fingerprints, _, ends = zip(*drawn, strict=True)
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

    def _add_parts(self, noted: Sequence[tuple[Noted, ...]], latest: float) -> None:
        """Add parts of calls of which the latest ended then."""
        flat: tuple[Any, ...] = tuple(chain.from_iterable(chain.from_iterable(noted)))
        places, ended = flat[0::3], flat[2::3]
        seconds = tuple(map(sub, ended, flat[1::3]))
        for place, ends, times in _by_place(places, ended, seconds, len(noted[0])):
            shelf = self._shelves[place.layer]
            shelf.tally(place.operation).add_unsorted(len(times), sum(times), place.error)
            shelf.keep(Passed(place, packed(ends), packed(times), latest))

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


def _grouped(times: Sequence[float], *names: Sequence[Any]) -> Iterable[tuple[tuple[Any, ...], Sequence[float]]]:
    """How long what is called alike took, by what it is called; `names` has a column for each part of that."""
    first = tuple(column[0] for column in names)
    # As where one tool is called again and again: comparing is an instruction or two for each.
    if all(column.count(name) == len(times) for column, name in zip(names, first, strict=True)):
        return ((first, times),)
    groups: defaultdict[tuple[Any, ...], list[float]] = defaultdict(list)
    for name, seconds in zip(zip(*names, strict=True), times, strict=True):
        groups[name].append(seconds)
    return groups.items()


def _by_place(
    places: tuple[Place, ...], ended: Sequence[float], seconds: Sequence[float], period: int
) -> Iterable[tuple[Place, Sequence[float], Sequence[float]]]:
    """Parts by their place: when they ended, and how long they took; `period` is how many a call may have."""
    # As where all calls went the same way: the places of one come again and again.
    if period and places == places[:period] * (len(places) // period):
        return [(place, ended[at::period], seconds[at::period]) for at, place in enumerate(places[:period])]
    groups: defaultdict[Place, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for place, end, took in zip(places, ended, seconds, strict=True):
        ends, times = groups[place]
        ends.append(end)
        times.append(took)
    return [(place, *columns) for place, columns in groups.items()]


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
