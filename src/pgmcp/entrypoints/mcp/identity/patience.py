"""Refusals that take their time once there are many: whoever sends bad tokens waits, and not those with good ones."""

from __future__ import annotations

import time
from collections.abc import Callable

# So many are answered at once before any has to wait: clients that come back with tokens that ended meanwhile.
_BURST_S = 5.0
_LONGEST_S = 1.0


class Patience:
    """Says how long a refusal waits, for all who are refused together: nobody who knocks is known.

    A leaky bucket, so nothing is kept of anybody. A waiting refusal costs its connection alone, of which the system
    has so many; no wait is longer than a second.

    Args:
        per_second: How many refusals in a second are answered at once, in the long run.
        monotonic: Seconds that never go back.
    """

    def __init__(self, per_second: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._each_s = 1 / per_second
        self._monotonic = monotonic
        self._free_at = float("-inf")

    def wait_s(self) -> float:
        """How long the next refusal waits, in seconds; it is counted."""
        now = self._monotonic()
        waiting_s = max(0.0, self._free_at - now - _BURST_S)
        if waiting_s < _LONGEST_S:
            self._free_at = max(self._free_at, now) + self._each_s
        return min(waiting_s, _LONGEST_S)
