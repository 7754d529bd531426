"""BoundedHistory: rings of samples and tallies of everything, behind one lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from threading import Lock
from typing import TypeVar

from pgmcp.adapters.metrics.shelf import Kept, Shelf
from pgmcp.adapters.metrics.tally import bump
from pgmcp.domain.calls import CallId
from pgmcp.domain.events import CallEnded, StatementRan
from pgmcp.domain.samples import LAYERS, OTHER, Layer, Noted, Place, Sample, Total, Totals
from pgmcp.ports.clock import Clock

K = TypeVar("K")

_RELATIONS_AT_MOST = 1000
_EVENTS_AT_MOST = 200
_NO_CALL = CallId("")
_PLACE = itemgetter(0)  # of what is noted
_NOTED = len(("place", "began", "ended"))


class BoundedHistory:
    """Implements `History` in memory.

    What comes together is sorted by what it is called first, and counted by the group: that takes a third of the time
    that it takes one by one. Events are kept as they are; whoever looks, which is seldom, makes samples of them.

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
        at, layer, operation, seconds, error, _, detail = sample
        shelf = self._shelves[layer]
        with self._lock:
            shelf.tally(operation).add((seconds,), error)
            if layer == "tool":
                self._relate(operation, detail, 1)
            if kept:
                shelf.keep(((*sample, at),), at)

    def add_calls(self, calls: Sequence[CallEnded]) -> None:
        groups: dict[tuple[str, str | None, str | None], list[float]] = {}
        timed: list[CallEnded] = []
        by_shape: dict[tuple[Place, ...], list[tuple[Noted, ...]]] = {}
        for call in calls:
            # Taken apart by their places: finding each by its name takes twice as long.
            _, tool, _, seconds, _, error, relation, parts, _ = call
            group = groups.get(of := (tool, error, relation))
            if group is None:
                groups[of] = [seconds]
            else:
                group.append(seconds)
            if parts is not None:
                timed.append(call)
                alike = by_shape.get(shape := tuple(map(_PLACE, parts)))
                if alike is None:
                    by_shape[shape] = [parts]
                else:
                    alike.append(parts)
        with self._lock:
            shelf = self._shelves["tool"]
            for (tool, error, relation), times in groups.items():
                shelf.tally(tool).add(times, error)
                self._relate(tool, relation, len(times))
            if timed:
                latest = max([call[8] for call in timed])
                shelf.keep(timed, latest)
                for alike in by_shape.values():
                    for noted in zip(*alike, strict=True):
                        self._add_parts(noted, latest)

    def add_statements(self, drawn: Sequence[StatementRan], others: Sequence[StatementRan] = ()) -> None:
        groups: dict[tuple[str, str | None], list[float]] = {}
        for statements in (drawn, others):
            for _, kind, seconds, _, sqlstate, _, _, _ in statements:
                group = groups.get(of := (kind, sqlstate))
                if group is None:
                    groups[of] = [seconds]
                else:
                    group.append(seconds)
        with self._lock:
            shelf = self._shelves["statement"]
            for (kind, sqlstate), times in groups.items():
                shelf.tally(kind).add(times, sqlstate)
            if drawn:
                shelf.keep(drawn, max([each[-1] for each in drawn]))

    def fed_by(self, feed: Callable[[], None]) -> None:
        self._feeds.append(feed)

    def heard(self, event: str) -> None:
        with self._lock:
            bump(self._events, event, _EVENTS_AT_MOST, OTHER)

    def samples(self, layer: Layer, since: float, until: float) -> Sequence[Sample]:
        self._be_fed()
        with self._lock:
            kept = list(self._shelves[layer].ring)
        return [_sample(each, layer) for each in kept if since < each[-1] <= until]

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

    def _add_parts(self, noted: Sequence[Noted], latest: float) -> None:
        """Add parts of one place, of calls of which the latest ended then."""
        place = noted[0][0]
        shelf = self._shelves[place.layer]
        seconds = sum([ended - began for _, began, ended in noted])
        shelf.tally(place.operation).add_unsorted(len(noted), seconds, place.error)
        shelf.keep(noted, latest)

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


def _sample(kept: Kept, layer: Layer) -> Sample:
    if isinstance(kept, CallEnded):
        return Sample(kept.at, layer, kept.tool, kept.seconds, kept.error, kept.call, kept.relation)
    if isinstance(kept, StatementRan):
        return Sample(kept.at, layer, kept.kind, kept.seconds, kept.sqlstate, kept.call, kept.fingerprint)
    if len(kept) == _NOTED:
        place, began, ended = kept
        return Sample(ended, layer, place.operation, ended - began, place.error, _NO_CALL)
    return Sample(*kept[:-1])


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
