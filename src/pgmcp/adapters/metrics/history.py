"""BoundedHistory: rings of samples and tallies of everything, behind one lock."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from math import inf
from threading import Lock
from typing import Final, TypeVar

from pgmcp.adapters.metrics.tally import Tally, bump
from pgmcp.domain.calls import CallId
from pgmcp.domain.samples import BUCKETS_S, LAYERS, OTHER, Counted, Layer, Noted, Sample, Total, Totals
from pgmcp.ports.clock import Clock

K = TypeVar("K")

_OPERATIONS_AT_MOST = 500
_RELATIONS_AT_MOST = 1000
_EVENTS_AT_MOST = 200
_NO_CALL = CallId("")
_COUNTED: Final = 7  # what a sample has more than a part, by which they are told apart


class _Shelf:
    """The samples and counts of one layer."""

    __slots__ = ("capacity", "coming", "ring", "rotated", "tallies")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        # All stay as they came: they are made into samples when somebody looks, which is seldom.
        self.ring: deque[Counted | Noted] = deque(maxlen=capacity)
        # On its way to the ring: what comes together is kept together.
        self.coming: list[Counted | Noted] = []
        # The latest end of a sample that had to go.
        self.rotated = -inf
        self.tallies: dict[str, Tally] = {}

    def keep(self) -> None:
        """Keep what comes, in the place of the oldest once there is none left."""
        coming = self.coming
        if not coming:
            return
        going = len(self.ring) + len(coming) - self.capacity
        if going > 0:
            # Samples come nearly, but not quite, in the order of their ends.
            oldest = islice(chain(self.ring, coming), going)
            self.rotated = max(self.rotated, *map(_ended, oldest))
        self.ring.extend(coming)
        coming.clear()

    def tally(self, operation: str) -> Tally:
        """A new tally for an operation that was not heard of before."""
        return self.tallies.setdefault(operation if len(self.tallies) < _OPERATIONS_AT_MOST else OTHER, Tally())


class BoundedHistory:
    """Implements `History` in memory.

    A lock costs less than a tenth of a microsecond where nobody waits for it, and lets counts be read as they were at
    one moment; nothing is awaited or computed under it.

    Args:
        capacity: Samples kept of each layer, so that busy layers don't push calls out.
        clock: Tells when it began.
    """

    def __init__(self, capacity: int, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._lock = Lock()
        self._shelves: dict[Layer, _Shelf] = {layer: _Shelf(capacity) for layer in LAYERS}
        self._relations: dict[tuple[str, str], int] = {}
        self._events: dict[str, int] = {}
        self._reset = Totals()
        self._feeds: list[Callable[[], None]] = []

    def add(self, sample: Sample, *, kept: bool = True) -> None:
        self.add_all((sample,) if kept else (), () if kept else (sample,))

    def add_all(self, drawn: Sequence[Counted], others: Sequence[Counted] = (), parts: Sequence[Noted] = ()) -> None:
        shelves, relations = self._shelves, self._relations
        with self._lock:
            for samples in (drawn, others):
                for sample in samples:
                    _, layer, operation, seconds, error, _, detail = sample
                    shelf = shelves[layer]
                    tally = shelf.tallies.get(operation) or shelf.tally(operation)
                    tally.count += 1
                    tally.seconds += seconds
                    # A bucket's upper bound belongs to it.
                    # https://prometheus.io/docs/concepts/metric_types/#histogram
                    tally.buckets[bisect_left(BUCKETS_S, seconds)] += 1
                    if error is not None:
                        tally.fail(error)
                    if detail is not None and layer == "tool":
                        pair = (operation, detail)
                        if pair in relations:
                            relations[pair] += 1
                        else:
                            bump(relations, pair, _RELATIONS_AT_MOST, (OTHER, OTHER))
                    if samples is drawn:
                        shelf.coming.append(sample)
            for part in parts:
                (layer, operation, error), started, ended = part
                shelf = shelves[layer]
                tally = shelf.tallies.get(operation) or shelf.tally(operation)
                tally.count += 1
                tally.seconds += ended - started
                if error is not None:
                    tally.fail(error)
                shelf.coming.append(part)
            for shelf in shelves.values():
                shelf.keep()

    def fed_by(self, feed: Callable[[], None]) -> None:
        self._feeds.append(feed)

    def heard(self, event: str) -> None:
        with self._lock:
            bump(self._events, event, _EVENTS_AT_MOST, OTHER)

    def samples(self, layer: Layer, since: float, until: float) -> Sequence[Sample]:
        self._be_fed()
        with self._lock:
            kept = list(self._shelves[layer].ring)
        return [sample for sample in map(_sample, kept) if since < sample.at <= until]

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
                shelf.ring.clear()
                shelf.rotated = -inf
            self._began = self._clock.monotonic()

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


def _sample(kept: Counted | Noted) -> Sample:
    if len(kept) == _COUNTED:
        return Sample(*kept)
    (layer, operation, error), started, ended = kept
    return Sample(ended, layer, operation, ended - started, error, _NO_CALL)


def _ended(kept: Counted | Noted) -> float:
    """When something that is kept ended."""
    return kept[0] if len(kept) == _COUNTED else kept[2]


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
