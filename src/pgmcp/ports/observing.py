"""The one place that events go to: metrics, traces and logs hear it."""

from typing import Protocol

from pgmcp.domain.events import Event


class Observer(Protocol):
    """Hears every event; must be quick, must not raise, and gets no row value, parameter or secret to hear."""

    def observe(self, event: Event) -> None:
        """Take note of an event."""
        ...
