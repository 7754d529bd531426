"""MetricsRecorder: the events of calls and statements as samples of the history."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.domain.calls import CallId
from pgmcp.domain.events import CallEnded, CallStarted, Event, FunctionRan, StatementRan
from pgmcp.domain.samples import Sample
from pgmcp.ports.clock import Clock
from pgmcp.ports.history import History

_NO_CALL = CallId("")


class MetricsRecorder:
    """Counts every call and statement, and keeps the times of those that were drawn; `Selective` and `Patient`.

    Args:
        history: Where they go.
        clock: Tells when.
    """

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._now = clock.monotonic

    def hears(self, kind: type[Event]) -> bool:
        """A call's end says all that its beginning does."""
        return kind is not CallStarted

    def observe(self, event: Event) -> None:
        match event:
            case CallEnded():
                self.calls_ended((event,))
            case StatementRan():
                self.statements_ran((event,))
            case FunctionRan(layer=layer, operation=operation, seconds=seconds, error=error):
                self._history.add(Sample(self._now(), layer, operation, seconds, error, _NO_CALL))
            case CallStarted():
                pass
            case _:
                self._history.heard(type(event).__name__)

    def calls_ended(self, calls: Sequence[CallEnded]) -> None:
        self._history.add_calls(calls)

    def statements_ran(self, statements: Sequence[StatementRan]) -> None:
        self._history.add_statements(statements)
