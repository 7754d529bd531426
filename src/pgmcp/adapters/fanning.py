"""Several observers as one."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.domain.events import Event
from pgmcp.ports.observing import Observer


class FanOut:
    """Hands each event to every observer in turn; implements `Observer`.

    An observer that raises is a defect, and must neither end a call nor silence the others.

    Args:
        observers: Who hears.

    Attributes:
        failures: How often one raised.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observe = tuple(observer.observe for observer in observers)
        self.failures = 0

    def observe(self, event: Event) -> None:
        for observe in self._observe:
            try:
                observe(event)
            except Exception:  # noqa: BLE001 -- whatever it is, the call it observes goes on
                self.failures += 1
