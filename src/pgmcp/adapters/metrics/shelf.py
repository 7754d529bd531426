"""The samples and counts of one layer."""

from __future__ import annotations

from collections import deque
from math import inf

from pgmcp.adapters.metrics.blocks import Block
from pgmcp.adapters.metrics.tally import Tally
from pgmcp.domain.samples import OTHER

_OPERATIONS_AT_MOST = 500


class Shelf:
    """Keeps the newest of a layer, and a tally of each operation; whoever holds the history's lock works on it.

    Args:
        capacity: How many are kept.

    Attributes:
        blocks: What is kept, in the order that it came; of the first of it some may be gone.
        gone: How many.
        rotated: A moment that nothing of what had to go ended after; not much later than the latest end of it.
        tallies: By operation.
    """

    __slots__ = ("_held", "blocks", "capacity", "gone", "rotated", "tallies")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.blocks: deque[Block] = deque()
        self.gone = 0
        self.rotated = -inf
        self.tallies: dict[str, Tally] = {}
        self._held = 0  # in the blocks, gone or not

    def keep(self, coming: Block) -> None:
        """Keep what comes, in the place of the oldest once there is none left."""
        self.blocks.append(coming)
        self._held += coming.count
        going = self._held - self.gone - self.capacity
        if going > 0:
            self._let_go(going)

    def clear(self) -> None:
        """Keep nothing, and miss nothing."""
        self.blocks.clear()
        self.gone = self._held = 0
        self.rotated = -inf

    def _let_go(self, going: int) -> None:
        self.gone += going
        while self.gone > 0:
            first = self.blocks[0]
            # What comes together ends together, or nearly: it is as good as gone when some of it is.
            self.rotated = max(self.rotated, first.latest)
            if self.gone < first.count:
                return
            self.gone -= first.count
            self._held -= first.count
            self.blocks.popleft()

    def tally(self, operation: str) -> Tally:
        """The tally of an operation; past the most that are told apart, that of all others."""
        found = self.tallies.get(operation)
        if found is None:
            name = operation if len(self.tallies) < _OPERATIONS_AT_MOST else OTHER
            found = self.tallies.setdefault(name, Tally())
        return found
