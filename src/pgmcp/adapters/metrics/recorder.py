"""MetricsRecorder: the events of calls and statements as samples of the history."""

from __future__ import annotations

from collections import deque
from threading import Lock

from pgmcp.domain.calls import CallId
from pgmcp.domain.drawing import is_drawn
from pgmcp.domain.events import CallEnded, CallStarted, Event, FunctionRan, StatementRan
from pgmcp.domain.samples import Part, Sample
from pgmcp.ports.clock import Clock
from pgmcp.ports.history import History

_NO_CALL = CallId("")
# What is counted together is counted in less than half the time that it takes one by one, on the way of a call.
_TOGETHER = 128


class MetricsRecorder:
    """Counts every call and statement, and keeps the times of those that are drawn; implements `Selective`.

    Events are gathered, and counted once there are enough of them or the history is read.

    Args:
        history: Where they go.
        clock: Tells when.
        share: The share of calls whose times are kept, from 0 to 1.
    """

    def __init__(self, history: History, clock: Clock, share: float) -> None:
        self._history = history
        self._now = clock.monotonic
        self._share = share
        self._gathered: deque[tuple[float, CallEnded | StatementRan | FunctionRan]] = deque()
        self._settling = Lock()
        history.fed_by(self.settle)

    def hears(self, kind: type[Event]) -> bool:
        """A call's end says all that its beginning does."""
        return kind is not CallStarted

    def observe(self, event: Event) -> None:
        if isinstance(event, (CallEnded, StatementRan, FunctionRan)):
            gathered = self._gathered
            gathered.append((self._now(), event))
            if len(gathered) >= _TOGETHER:
                self.settle()
        elif self.hears(type(event)):
            self._history.heard(type(event).__name__)

    def settle(self) -> None:
        """Count what is gathered; whoever comes meanwhile waits until it is in the history."""
        with self._settling:
            gathered, share = self._gathered, self._share
            drawn: list[Sample] = []
            others: list[Sample] = []
            parts: list[Part] = []
            # Only so many: under threads there is always one more.
            for _ in range(len(gathered)):
                at, event = gathered.popleft()
                if isinstance(event, FunctionRan):
                    drawn.append(Sample(at, event.layer, event.operation, event.seconds, event.error, _NO_CALL))
                    continue
                if isinstance(event, StatementRan):
                    call, kind, seconds, _, error, fingerprint = event
                    sample = Sample(at, "statement", kind, seconds, error, call, fingerprint)
                else:
                    call, tool, _, seconds, _, error, relation, timed = event
                    sample = Sample(at, "tool", tool, seconds, error, call, relation)
                    parts += timed or ()
                (drawn if is_drawn(call, share) else others).append(sample)
            self._history.add_all(drawn, others, parts)
