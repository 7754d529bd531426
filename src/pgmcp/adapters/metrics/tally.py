"""Counts of one operation, and the bound on how many names are told apart."""

from __future__ import annotations

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

    def fail(self, error: str) -> None:
        """Count an error."""
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
