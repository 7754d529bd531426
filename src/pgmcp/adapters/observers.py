"""Events in the log."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from attrs import asdict

from pgmcp.domain.caching.events import CacheFailed, CacheHit, ListeningFailed
from pgmcp.domain.errors import codes
from pgmcp.domain.events import (
    AuditLost,
    BreakerMoved,
    CallEnded,
    CallStarted,
    DefectFound,
    Event,
    Retried,
    StatementRan,
)

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


_FOR_DEBUGGING = (CallStarted, StatementRan, CacheHit)
_ERROR = attrgetter("error")
_NOT_TOLD = frozenset({"stations", "noted", "at", "timed"})
# What no caller could have avoided.
_OURS = frozenset({codes.INTERNAL.name, codes.DATABASE_FAILED.name, codes.AUTHENTICATION_FAILED.name})


class LogObserver:
    """Implements `Observer`: writes events to the log on stderr.

    What an operator should see stands there as a warning, callers' mistakes as news.
    """

    def __init__(self, level: str, form: str) -> None:
        """Log from `level` on, as `console` or `json`."""
        self._level = level
        self._form = form
        self._debug = level == "debug"

    @cached_property
    def _log(self) -> FilteringBoundLogger:
        # Imported at the first event: start-up doesn't pay for it.
        from pgmcp.adapters.logs import logger

        return logger(self._level, self._form)

    def observe(self, event: Event) -> None:
        """Log an event by its name, its fields beside it."""
        level = _level(event)
        if level != "debug" or self._debug:
            getattr(self._log, level)(type(event).__name__, **_told(event))


class QuietLog(LogObserver):
    """The log of a server that nobody looks for a defect in: of what goes well it says nothing.

    Implements `Selective` and `Patient`.
    """

    def hears(self, kind: type[Event]) -> bool:
        """Most events by far are read at `debug` alone."""
        return kind not in _FOR_DEBUGGING

    def statements_ran(self, statements: Sequence[StatementRan]) -> None:
        """Nothing of it."""

    def calls_ended(self, calls: Sequence[CallEnded]) -> None:
        """Write of those that failed."""
        for call in filter(_ERROR, calls):
            self.observe(call)


def _level(event: Event) -> str:
    """How much an operator should mind."""
    match event:
        case CallEnded(error=None) | CallStarted() | StatementRan():
            return "debug"
        case CallEnded(error=str(error)):
            ours = error in _OURS or codes.catalogue()[error].retry == "later"
            return "warning" if ours else "info"
        case AuditLost() | DefectFound():
            return "error"
        case CacheFailed() | ListeningFailed():
            return "warning"
        case BreakerMoved(state=state):
            return "info" if state == "closed" else "warning"
        case Retried():
            return "info"
        case _:
            return "debug"


def _told(event: Event) -> dict[str, Any]:
    """A line's fields: the times of a call's parts are for metrics and traces, it has its own, None says nothing."""
    fields = event._asdict() if isinstance(event, tuple) else asdict(event)
    return {name: value for name, value in fields.items() if name not in _NOT_TOLD and value is not None}
