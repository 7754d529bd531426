"""MetricsRecorder: the events of calls and statements as samples of the history."""

from __future__ import annotations

from collections import deque
from threading import Lock

from pgmcp.adapters.spare_time import in_spare_time
from pgmcp.domain.calls import CallId
from pgmcp.domain.drawing import is_drawn
from pgmcp.domain.events import CallEnded, CallStarted, Event, FunctionRan, StatementRan
from pgmcp.domain.samples import Counted, Noted
from pgmcp.ports.clock import Clock
from pgmcp.ports.history import History

_COUNTED = frozenset({CallEnded, StatementRan, FunctionRan})
_NO_CALL = CallId("")
# What is counted together is counted in less than half the time that it takes one by one, and not on a call's way.
_TOGETHER = 32
# Where nobody comes to count, as where no loop turns, whoever brings the next event does.
_AT_MOST = 1024


class MetricsRecorder:
    """Counts every call and statement, and keeps the times of those that are drawn; implements `Selective`.

    Events are gathered, and counted in spare time once there are enough of them, or when the history is read.

    Args:
        history: Where they go.
        clock: Tells when.
        share: The share of calls whose times are kept, from 0 to 1.
    """

    def __init__(self, history: History, clock: Clock, share: float) -> None:
        self._history = history
        self._now = clock.monotonic
        self._share = share
        self._gathered: deque[tuple[float, Event]] = deque()
        self._settling = Lock()
        history.fed_by(self.settle)

    def hears(self, kind: type[Event]) -> bool:
        """A call's end says all that its beginning does."""
        return kind is not CallStarted

    def observe(self, event: Event) -> None:
        kind = type(event)
        if kind in _COUNTED:
            gathered = self._gathered
            gathered.append((self._now(), event))
            waiting = len(gathered)
            if waiting == _TOGETHER:
                in_spare_time(self.settle)
            elif waiting >= _AT_MOST:
                self.settle()
        elif kind is not CallStarted:
            self._history.heard(kind.__name__)

    def settle(self) -> None:
        """Count what is gathered; whoever comes meanwhile waits until it is in the history."""
        with self._settling:
            gathered, share = self._gathered, self._share
            drawn: list[Counted] = []
            others: list[Counted] = []
            parts: list[Noted] = []
            # Only so many: under threads there is always one more.
            for _ in range(len(gathered)):
                at, event = gathered.popleft()
                # Taken apart by their places: finding each by its name takes twice as long.
                if type(event) is StatementRan:
                    call, operation, seconds, _, error, fingerprint = event
                    sample: Counted = (at, "statement", operation, seconds, error, call, fingerprint)
                    (drawn if is_drawn(call, share) else others).append(sample)
                elif type(event) is CallEnded:
                    call, operation, _, seconds, _, error, relation, timed = event
                    sample = (at, "tool", operation, seconds, error, call, relation)
                    if timed is None:
                        others.append(sample)
                    else:
                        drawn.append(sample)
                        parts += timed
                elif type(event) is FunctionRan:
                    drawn.append((at, event.layer, event.operation, event.seconds, event.error, _NO_CALL, None))
            self._history.add_all(drawn, others, parts)
