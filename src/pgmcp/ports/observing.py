"""The one place that events go to: metrics, traces and logs hear it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from pgmcp.domain.events import CallEnded, Event, StatementRan


class Observer(Protocol):
    """Hears every event; must be quick, must not raise, and gets no row value, parameter or secret to hear."""

    def observe(self, event: Event) -> None:
        """Take note of an event."""
        ...


@runtime_checkable
class Selective(Observer, Protocol):
    """An observer that some kinds of events say nothing to; it is spared them."""

    def hears(self, kind: type[Event]) -> bool:
        """Whether events of a kind are anything to it; always the same answer."""
        ...


def hears(observer: Observer, kind: type[Event]) -> bool:
    """Whether an observer hears events of a kind: all but one that is selective hear of everything."""
    return not isinstance(observer, Selective) or observer.hears(kind)


@runtime_checkable
class Patient(Observer, Protocol):
    """An observer that hears what comes of every call later, and of many calls at once.

    That a call failed comes without delay, and so does every other kind of event, behind all that happened before it.
    """

    def statements_ran(self, statements: Sequence[StatementRan]) -> None:
        """Take note of statements, in the order of their ends."""
        ...

    def calls_ended(self, calls: Sequence[CallEnded]) -> None:
        """Take note of calls, in the order of their ends."""
        ...
