"""MetricsRecorder: the events of calls and statements as samples of the history."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.domain.calls import CallId
from pgmcp.domain.drawing import is_drawn
from pgmcp.domain.events import CallEnded, CallStarted, Event, FunctionRan, StatementRan
from pgmcp.domain.samples import Counted, Noted
from pgmcp.ports.clock import Clock
from pgmcp.ports.history import History

_EVERYDAY = frozenset({CallEnded, StatementRan})
_NO_CALL = CallId("")


class MetricsRecorder:
    """Counts every call and statement, and keeps the times of those that are drawn.

    Implements `Selective` and `Patient`: what is counted together is counted in less than half the time that it takes
    one by one.

    Args:
        history: Where they go.
        clock: Tells when.
        share: The share of calls whose times are kept, from 0 to 1.
    """

    def __init__(self, history: History, clock: Clock, share: float) -> None:
        self._history = history
        self._now = clock.monotonic
        self._share = share

    def hears(self, kind: type[Event]) -> bool:
        """A call's end says all that its beginning does."""
        return kind is not CallStarted

    def observe(self, event: Event) -> None:
        kind = type(event)
        if kind in _EVERYDAY:
            self.observe_all((event,))
        elif isinstance(event, FunctionRan):
            ran: Counted = (self._now(), event.layer, event.operation, event.seconds, event.error, _NO_CALL, None)
            self._history.add_all((ran,))
        elif kind is not CallStarted:
            self._history.heard(kind.__name__)

    def observe_all(self, events: Sequence[Event]) -> None:
        drawn: list[Counted] = []
        others: list[Counted] = []
        parts: list[Noted] = []
        share = self._share
        for event in events:
            # Taken apart by their places: finding each by its name takes twice as long.
            if type(event) is StatementRan:
                call, operation, seconds, _, error, fingerprint, at = event
                sample: Counted = (at, "statement", operation, seconds, error, call, fingerprint)
                (drawn if is_drawn(call, share) else others).append(sample)
            elif type(event) is CallEnded:
                call, operation, _, seconds, _, error, relation, timed, at = event
                sample = (at, "tool", operation, seconds, error, call, relation)
                if timed is None:
                    others.append(sample)
                else:
                    drawn.append(sample)
                    parts += timed
        self._history.add_all(drawn, others, parts)
