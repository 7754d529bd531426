"""Several observers as one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import RLock

from pgmcp.adapters.spare_time import in_spare_time
from pgmcp.domain.caching.events import CacheHit
from pgmcp.domain.events import CallEnded, Event, StatementRan
from pgmcp.ports.observing import Observer, Patient, Selective

# What comes of every call.
_EVERYDAY = frozenset({CallEnded, StatementRan})
# Events of 16 reads: handed on together they take half the time that they take one by one, and not on a call's way.
_TOGETHER = 32
# Where nobody comes to hand them on, as where no loop turns, whoever brings the next one does.
_AT_MOST = 1024

Hear = Callable[[Event], None]


class FanOut:
    """Hands each event to every observer that hears its kind, in turn; implements `Observer`.

    Everyday events wait for patient observers until there are enough of them, and are handed on in spare time: on its
    own way a call pays for putting them down. Whatever else happens hands them on first.

    An observer that raises is a defect, and must neither end a call nor silence the others.

    Args:
        observers: Who hears.

    Attributes:
        failures: How often one raised.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        self._patient = tuple(each for each in self._observers if isinstance(each, Patient))
        # By the kind of event: nobody is asked twice. Who hears it at once, and whether it waits for others.
        self._hearing: dict[type[Event], tuple[tuple[Hear, ...], bool]] = {}
        self._waiting: deque[Event] = deque()
        # One at a time, so that whoever comes meanwhile finds all of it handed on.
        self._settling = RLock()
        self.failures = 0

    def observe(self, event: Event) -> None:
        kind = type(event)
        hearing, waits = self._hearing.get(kind) or self._ask(kind)
        if waits:
            waiting = self._waiting
            waiting.append(event)
            count = len(waiting)
            if count == _TOGETHER:
                in_spare_time(self.settle)
            elif count >= _AT_MOST or (type(event) is CallEnded and event.error is not None):
                self.settle()
        for observe in hearing:
            try:
                observe(event)
            except Exception:  # noqa: BLE001 -- whatever it is, the call it observes goes on
                self.failures += 1

    def settle(self) -> None:
        """Hand on what waits; nothing that was observed before waits any more then."""
        with self._settling:
            waiting = self._waiting
            # Only so many: under threads there is always one more.
            events = [waiting.popleft() for _ in range(len(waiting))]
            if not events:
                return
            for each in self._patient:
                try:
                    each.observe_all(events)
                except Exception:  # noqa: BLE001 -- as above
                    self.failures += 1

    def _ask(self, kind: type[Event]) -> tuple[tuple[Hear, ...], bool]:
        found = [each for each in self._observers if not isinstance(each, Selective) or each.hears(kind)]
        if kind in _EVERYDAY:
            at_once: list[Hear] = [each.observe for each in found if each not in self._patient]
            waits = len(at_once) < len(found)
        else:
            at_once = [each.observe for each in found]
            waits = False
            # A hit of the cache is only counted, and comes of a call as often as a statement does.
            if self._patient and found and kind is not CacheHit:
                at_once.insert(0, self._settle_before)
        self._hearing[kind] = made = (tuple(at_once), waits)
        return made

    def _settle_before(self, _: Event) -> None:
        self.settle()
