"""What is noted of one call on its way: the times of its parts, and the relation that it works on."""

from __future__ import annotations

from pgmcp.domain.samples import Layer, Part
from pgmcp.domain.tracking import Tracker
from pgmcp.ports.clock import Clock


class Watch:
    """Takes the times of one call's parts; implements `Tracker`.

    Args:
        clock: Its scale.
        timed: Whether the call was drawn to be timed.

    Attributes:
        started: When the call began, on the clock's scale.
        relation: The relation that the call's plan is about; None where it is about none, or has no plan yet.
    """

    __slots__ = ("_clock", "_parts", "relation", "started")

    def __init__(self, clock: Clock, *, timed: bool) -> None:
        self._clock = clock
        self._parts: list[Part] | None = [] if timed else None
        self.started = clock.monotonic()
        self.relation: str | None = None

    @property
    def parts(self) -> tuple[Part, ...] | None:
        """What has ended so far, in that order; None where the call is not timed."""
        return None if self._parts is None else tuple(self._parts)

    @property
    def tracker(self) -> Tracker | None:
        """Itself, where the call is timed."""
        return None if self._parts is None else self

    def now(self) -> float:
        """The clock's own scale."""
        return self._clock.monotonic()

    def ran(self, layer: Layer, operation: str, started: float, error: str | None) -> None:
        """Note a part."""
        if self._parts is not None:
            self._parts.append(Part(layer, operation, started, self._clock.monotonic() - started, error))
