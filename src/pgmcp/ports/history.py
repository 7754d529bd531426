"""Where samples are kept: for a while, within a bound; and counted for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pgmcp.domain.events import CallEnded, StatementRan
from pgmcp.domain.samples import Layer, Sample, Totals


class History(Protocol):
    """Keeps the newest samples and counts all; safe under threads and tasks, cheap a sample."""

    def add(self, sample: Sample, *, kept: bool = True) -> None:
        """Count a sample and, if it shall be kept, keep it in the place of the oldest of its layer.

        Args:
            sample: What ran.
            kept: Whether it is kept; counted it is in any case.
        """
        ...

    def add_calls(self, calls: Sequence[CallEnded]) -> None:
        """Count calls, which takes less time a call than one by one; keep those that were timed, and their parts."""
        ...

    def add_statements(self, statements: Sequence[StatementRan]) -> None:
        """Count statements, as `add_calls` does; keep those of calls that were timed."""
        ...

    def fed_by(self, feed: Callable[[], None]) -> None:
        """Call `feed` before every reading: it adds what somebody has gathered meanwhile."""
        ...

    def heard(self, event: str) -> None:
        """Count an event of another kind, by its name."""
        ...

    def samples(self, layer: Layer, since: float, until: float) -> Sequence[Sample]:
        """The kept samples of a layer that ended after `since` and not after `until`, in the order they came."""
        ...

    def whole_since(self, layer: Layer) -> float:
        """The moment from which on nothing of a layer that was to be kept is missing."""
        ...

    def totals(self) -> Totals:
        """All counts since the start; they only grow."""
        ...

    def since_reset(self) -> Totals:
        """All counts since the last `clear`, or since the start."""
        ...

    def clear(self) -> None:
        """Forget the samples, and count from nothing in `since_reset`."""
        ...
