"""Several observers as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import RLock
from typing import TypeVar

from pgmcp.adapters.spare_time import in_spare_time
from pgmcp.domain.caching.events import CacheHit
from pgmcp.domain.events import CallEnded, Event, LeaseBegan, LeaseEnded, StatementRan
from pgmcp.ports.observing import Observer, Patient, hears

E = TypeVar("E")

# Calls that are told of together: each takes a third of the time that it takes alone, and not on its own way. It is
# code that calls don't run, so that each time it is as if they ran anew; all of it takes a quarter of a millisecond.
_CALLS_TOGETHER = 64
# A call has a statement or a few, as a rule. What has more is told of before its end.
_STATEMENTS_TOGETHER = 128
# By those who are patient; of such a call there is one as often as there is a statement.
_ONLY_COUNTED = frozenset({CacheHit, LeaseBegan, LeaseEnded})
# Where nobody comes to tell, as where no loop turns, whoever brings the next event does.
_AT_MOST = 1024

Hear = Callable[[Event], None]
Hearing = tuple[tuple[Hear, ...], "list[Event] | None", int]
"""Who hears events of a kind at once; where they wait for the others, if they do; and how many of them are enough."""


class FanOut:
    """Hands each event to every observer that hears its kind, in turn; implements `Selective`.

    Ends of calls and statements wait for patient observers until there are enough of them, and are told in spare time:
    on its own way a call pays for putting them down. Whatever else happens has them told first.

    An observer that raises is a defect, and must neither end a call nor silence the others.

    Args:
        observers: Who hears.

    Attributes:
        failures: How often one raised.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        self._patient = tuple(each for each in self._observers if isinstance(each, Patient))
        # By the kind of event: nobody is asked twice.
        self._hearing: dict[type[Event], Hearing] = {}
        self._calls: list[CallEnded] = []
        self._statements: list[StatementRan] = []
        # One at a time, so that whoever comes meanwhile finds all of it told.
        self._settling = RLock()
        self.failures = 0

    def hears(self, kind: type[Event]) -> bool:
        """Whether anybody does."""
        return any(hears(each, kind) for each in self._observers)

    def observe(self, event: Event) -> None:
        kind = type(event)
        hearing, waiting, enough = self._hearing.get(kind) or self._ask(kind)
        if waiting is not None:
            waiting.append(event)
            if len(waiting) >= enough:
                self._have_enough(len(waiting), enough)
            if kind is CallEnded and event.error is not None:  # type: ignore[union-attr] # the kind says that it has one
                self.settle()
        for observe in hearing:
            try:
                observe(event)
            except Exception:  # noqa: BLE001 -- whatever it is, the call it observes goes on
                self.failures += 1

    def settle(self) -> None:
        """Tell of what waits; nothing that was observed before waits any more then."""
        with self._settling:
            statements, calls = _taken(self._statements), _taken(self._calls)
            for each in self._patient:
                try:
                    if statements:
                        each.statements_ran(statements)
                    if calls:
                        each.calls_ended(calls)
                except Exception:  # noqa: BLE001 -- as above
                    self.failures += 1

    def _have_enough(self, count: int, enough: int) -> None:
        if count == enough:
            in_spare_time(self.settle)
        elif count >= _AT_MOST:
            self.settle()

    def _ask(self, kind: type[Event]) -> Hearing:
        found = [each for each in self._observers if hears(each, kind)]
        at_once: list[Hear] = [each.observe for each in found]
        waiting: tuple[list[Event] | None, int] = (None, 0)
        if kind is CallEnded or kind is StatementRan:
            at_once = [each.observe for each in found if each not in self._patient]
            if len(at_once) < len(found):
                waiting = self._place(kind)
        elif found and self._patient and kind not in _ONLY_COUNTED:
            at_once.insert(0, self._settle_before)
        self._hearing[kind] = made = (tuple(at_once), *waiting)
        return made

    def _place(self, kind: type[Event]) -> tuple[list[Event], int]:
        if kind is CallEnded:
            return self._calls, _CALLS_TOGETHER  # type: ignore[return-value] # only what is of the kind is put there
        return self._statements, _STATEMENTS_TOGETHER  # type: ignore[return-value] # as above

    def _settle_before(self, _: Event) -> None:
        self.settle()


def _taken(waiting: list[E]) -> list[E]:
    """All that waits, taken away; what other threads put down meanwhile stays, behind it."""
    taken = waiting[:]
    del waiting[: len(taken)]
    return taken
