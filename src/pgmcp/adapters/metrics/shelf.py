"""The samples and counts of one layer."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Any

from pgmcp.adapters.metrics.tally import Tally
from pgmcp.domain.samples import OTHER

_OPERATIONS_AT_MOST = 500

Kept = tuple[Any, ...]
"""Whatever has the moment of its end as its last part: events and parts of calls stay as they came."""


class Shelf:
    """Keeps the newest of a layer, and a tally of each operation; whoever holds the history's lock works on it.

    Args:
        capacity: How many are kept.

    Attributes:
        ring: What is kept, in the order that it came.
        rotated: A moment that nothing of what had to go ended after; not much later than the latest end of it.
        tallies: By operation.
    """

    __slots__ = ("_came", "_leaving", "capacity", "ring", "rotated", "tallies")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.ring: deque[Kept] = deque(maxlen=capacity)
        self.rotated = -inf
        self.tallies: dict[str, Tally] = {}
        # How many came together that are in the ring still, and the latest end among them; of the first of these, how
        # many are gone.
        self._came: deque[tuple[int, float]] = deque()
        self._leaving = 0

    def keep(self, coming: Sequence[Kept], latest: float) -> None:
        """Keep what comes, in the place of the oldest once there is none left.

        Args:
            coming: It.
            latest: The latest end among it.
        """
        if not coming:
            return
        going = len(self.ring) + len(coming) - self.capacity
        self._came.append((len(coming), latest))
        self.ring.extend(coming)
        if going > 0:
            self._let_go(going)

    def clear(self) -> None:
        """Keep nothing, and miss nothing."""
        self.ring.clear()
        self._came.clear()
        self._leaving = 0
        self.rotated = -inf

    def _let_go(self, going: int) -> None:
        self._leaving += going
        came = self._came
        while self._leaving > 0:
            count, latest = came[0]
            # What comes together ends together, or nearly: it is as good as gone when some of it is.
            self.rotated = max(self.rotated, latest)
            if self._leaving < count:
                return
            self._leaving -= count
            came.popleft()

    def tally(self, operation: str) -> Tally:
        """The tally of an operation; past the most that are told apart, that of all others."""
        found = self.tallies.get(operation)
        if found is None:
            name = operation if len(self.tallies) < _OPERATIONS_AT_MOST else OTHER
            found = self.tallies.setdefault(name, Tally())
        return found
