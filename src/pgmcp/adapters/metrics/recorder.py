"""MetricsRecorder: the events of calls and statements as samples of the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
        self._add = history.add
        self._now = clock.monotonic
        self._share = share
        self._all = share >= 1
        self._hear: dict[type[Event], Callable[[Any], None]] = {
            CallStarted: _nothing,
            StatementRan: self._ran,
            CallEnded: self._ended,
            FunctionRan: self._function,
        }

    def observe(self, event: Event) -> None:
        hear = self._hear.get(type(event))
        if hear is None:
            self._history.heard(type(event).__name__)
        else:
            hear(event)

    def _ran(self, event: StatementRan) -> None:
        call = event.call
        sample = Sample(self._now(), "statement", event.kind, event.seconds, event.sqlstate, call, event.fingerprint)
        self._add(sample, kept=self._all or is_drawn(call, self._share))

    def _ended(self, event: CallEnded) -> None:
        call = event.call
        sample = Sample(self._now(), "tool", event.tool, event.seconds, event.error, call, event.relation)
        self._add(sample, kept=self._all or is_drawn(call, self._share))
        if event.parts:
            self._history.add_parts(event.parts)

    def _function(self, event: FunctionRan) -> None:
        self._add(Sample(self._now(), event.layer, event.operation, event.seconds, event.error, _NO_CALL))


def _nothing(_: Event) -> None:
    """A call's end says all that its beginning does."""
