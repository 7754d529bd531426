"""Counts of one operation, and the bound on how many names are told apart."""

from __future__ import annotations

from bisect import bisect_left
from typing import TypeVar

from pgmcp.domain.samples import BUCKETS_S, OTHER, Layer, Total

K = TypeVar("K")

# SQLSTATEs can be made up by whoever writes a function.
_ERRORS_AT_MOST = 100


class Tally:
    """Counts of one operation that only grow."""

    __slots__ = ("buckets", "count", "errors", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.errors: dict[str, int] = {}
        self.buckets = [0] * (len(BUCKETS_S) + 1)

    def add(self, seconds: float, error: str | None) -> None:
        """Count one."""
        self.count += 1
        self.seconds += seconds
        # A bucket's upper bound belongs to it, as Prometheus counts. https://prometheus.io/docs/concepts/metric_types/
        self.buckets[bisect_left(BUCKETS_S, seconds)] += 1
        if error is not None:
            bump(self.errors, error, _ERRORS_AT_MOST, OTHER)

    def total(self, layer: Layer, operation: str) -> Total:
        """What was counted so far."""
        return Total(
            layer=layer,
            operation=operation,
            count=self.count,
            seconds=self.seconds,
            errors=dict(self.errors),
            buckets=tuple(self.buckets),
        )


def bump(counts: dict[K, int], key: K, most: int, other: K) -> None:
    """Count a key, or `other` where `most` different ones are counted already."""
    if key not in counts and len(counts) >= most:
        key = other
    counts[key] = counts.get(key, 0) + 1
