"""Counts of what the cache does, made of its events on their way to whoever else hears them."""

from __future__ import annotations

from collections import Counter

from pgmcp.domain.caching.events import CacheFailed, CacheHit, CacheInvalidated, CacheMissed, CachePassed
from pgmcp.domain.caching.operating import CacheCounts
from pgmcp.domain.events import Event
from pgmcp.ports.observing import Observer

# Tables that are counted apart.
_MOST_TABLES = 1000
_HIT, _MISS, _END = range(3)


class CountingLedger:
    """Implements `CacheLedger`, and `Observer` before another one.

    Args:
        observer: Hears every event too.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._hits: Counter[str] = Counter()
        self._misses: Counter[str] = Counter()
        self._stores: Counter[str] = Counter()
        self._passed: Counter[str] = Counter()
        self._invalidations: Counter[str] = Counter()
        self._tables: dict[str, list[int]] = {}
        self._failures = 0

    def observe(self, event: Event) -> None:
        match event:
            case CacheHit():
                self._hits[event.kind] += 1
                self._count(event.tables, _HIT)
            case CacheMissed():
                self._misses[event.kind] += 1
                self._stores[event.kind] += event.stored
                self._count(event.tables, _MISS)
            case CachePassed():
                self._passed[event.reason] += 1
            case CacheInvalidated():
                self._invalidations[event.reason] += 1
                self._count(event.tables, _END)
            case CacheFailed():
                self._failures += 1
            case _:
                pass
        self._observer.observe(event)

    def counts(self) -> CacheCounts:
        most = sorted(self._tables.items(), key=lambda each: (-each[1][_HIT] - each[1][_MISS], each[0]))
        return CacheCounts(
            hits=dict(self._hits),
            misses=dict(self._misses),
            stores=dict(self._stores),
            passed=dict(self._passed),
            invalidations=dict(self._invalidations),
            tables={name: (hits, misses, ends) for name, (hits, misses, ends) in most},
            failures=self._failures,
        )

    def _count(self, tables: tuple[str, ...], what: int) -> None:
        for name in tables:
            counts = self._tables.get(name)
            if counts is None:
                if len(self._tables) >= _MOST_TABLES:
                    continue
                counts = self._tables[name] = [0, 0, 0]
            counts[what] += 1
