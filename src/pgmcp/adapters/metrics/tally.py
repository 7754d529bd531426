"""Counts of one operation, and the bound on how many names are told apart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeVar

from pgmcp.domain.samples import BUCKETS_S, OTHER, Layer, Total

K = TypeVar("K")

# SQLSTATEs can be made up by whoever writes a function.
_ERRORS_AT_MOST = 100


class Tally:
    """Counts of one operation that only grow; whoever holds the history's lock adds to them."""

    __slots__ = ("buckets", "count", "errors", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.errors: dict[str, int] = {}
        self.buckets = [0] * (len(BUCKETS_S) + 1)

    def add(self, times: Sequence[float], error: str | None) -> None:
        """Count what ended alike.

        Args:
            times: How long each took, in seconds; at least one.
            error: What all of them ended with.
        """
        self.add_unsorted(len(times), sum(times), error)
        # A bucket's upper bound belongs to it. https://prometheus.io/docs/concepts/metric_types/#histogram
        least, most = bisect_left(BUCKETS_S, min(times)), bisect_left(BUCKETS_S, max(times))
        if least == most:
            self.buckets[least] += len(times)
            return
        for seconds in times:
            self.buckets[bisect_left(BUCKETS_S, seconds)] += 1

    def add_unsorted(self, count: int, seconds: float, error: str | None) -> None:
        """Count what ended alike, without sorting it by how long it took; `seconds` are of all together."""
        self.count += count
        self.seconds += seconds
        if error is not None:
            bump(self.errors, error, _ERRORS_AT_MOST, OTHER, count)

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


def bump(counts: dict[K, int], key: K, most: int, other: K, by: int = 1) -> None:
    """Count a key so many times, or `other` where `most` different ones are counted already."""
    if key not in counts and len(counts) >= most:
        key = other
    counts[key] = counts.get(key, 0) + by
