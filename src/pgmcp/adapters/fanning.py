"""Several observers as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pgmcp.domain.events import Event
from pgmcp.ports.observing import Observer, Selective


class FanOut:
    """Hands each event to every observer that hears its kind, in turn; implements `Observer`.

    An observer that raises is a defect, and must neither end a call nor silence the others.

    Args:
        observers: Who hears.

    Attributes:
        failures: How often one raised.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        # By the kind of event: nobody is asked twice.
        self._hearing: dict[type[Event], tuple[Callable[[Event], None], ...]] = {}
        self.failures = 0

    def observe(self, event: Event) -> None:
        hearing = self._hearing.get(type(event))
        if hearing is None:
            hearing = self._ask(type(event))
        for observe in hearing:
            try:
                observe(event)
            except Exception:  # noqa: BLE001 -- whatever it is, the call it observes goes on
                self.failures += 1

    def _ask(self, kind: type[Event]) -> tuple[Callable[[Event], None], ...]:
        found = tuple(each.observe for each in self._observers if not isinstance(each, Selective) or each.hears(kind))
        self._hearing[kind] = found
        return found
