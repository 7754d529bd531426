"""MetricsRecorder: the events of calls and statements as samples of the history."""

from __future__ import annotations

from pgmcp.domain.calls import CallId
from pgmcp.domain.drawing import is_drawn
from pgmcp.domain.events import CallEnded, CallStarted, Event, FunctionRan, StatementRan
from pgmcp.domain.samples import Sample
from pgmcp.ports.clock import Clock
from pgmcp.ports.history import History

_NO_CALL = CallId("")


class MetricsRecorder:
    """Counts every call and statement, and keeps the times of those that are drawn; implements `Observer`.

    Args:
        history: Where they go.
        clock: Tells when.
        share: The share of calls whose times are kept, from 0 to 1.
    """

    def __init__(self, history: History, clock: Clock, share: float) -> None:
        self._history = history
        self._clock = clock
        self._share = share

    def observe(self, event: Event) -> None:
        kind = type(event)
        if kind is StatementRan or kind is CallEnded or kind is FunctionRan:
            self._record(event)
        elif kind is not CallStarted:
            self._history.heard(kind.__name__)

    def _record(self, event: Event) -> None:
        at = self._clock.monotonic()
        add = self._history.add
        if isinstance(event, StatementRan):
            sample = Sample(at, "statement", event.kind, event.seconds, event.sqlstate, event.call, event.fingerprint)
            add(sample, kept=is_drawn(event.call, self._share))
        elif isinstance(event, CallEnded):
            call = event.call
            sample = Sample(at, "tool", event.tool, event.seconds, event.error, call, event.relation)
            add(sample, kept=is_drawn(call, self._share))
            for layer, operation, started, seconds, error in event.parts or ():
                add(Sample(started + seconds, layer, operation, seconds, error, call))
        elif isinstance(event, FunctionRan):
            add(Sample(at, event.layer, event.operation, event.seconds, event.error, _NO_CALL))
