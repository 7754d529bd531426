"""Counts of one operation, and the bound on how many names are told apart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
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
        ordered = sorted(times)
        least, most = bisect_left(BUCKETS_S, ordered[0]), bisect_left(BUCKETS_S, ordered[-1])
        below = 0
        for bucket in range(least, most):
            so_far = bisect_right(ordered, BUCKETS_S[bucket])
            self.buckets[bucket] += so_far - below
            below = so_far
        self.buckets[most] += len(ordered) - below

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
