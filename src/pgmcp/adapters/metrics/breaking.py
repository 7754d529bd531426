"""BreakerGauge: how the breaker stands, as its events tell."""

from __future__ import annotations

from pgmcp.domain.events import BreakerMoved, Event
from pgmcp.ports.resources import Reading


class BreakerGauge:
    """Remembers the breaker's last move; implements `Selective` and `Gauge`."""

    name = "breaker"

    def __init__(self) -> None:
        self._last = BreakerMoved(state="closed", failures=0)

    def hears(self, kind: type[Event]) -> bool:
        return kind is BreakerMoved

    def observe(self, event: Event) -> None:
        if type(event) is BreakerMoved:
            self._last = event

    def read(self) -> Reading:
        return {"state": self._last.state, "failures": self._last.failures}
