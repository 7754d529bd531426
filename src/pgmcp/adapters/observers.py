"""Events in the log."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from attrs import asdict

from pgmcp.domain.caching.events import CacheFailed, ListeningFailed
from pgmcp.domain.errors import codes
from pgmcp.domain.events import AuditLost, CallEnded, Event

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


# What no caller could have avoided.
_OURS = frozenset({codes.INTERNAL.name, codes.DATABASE_FAILED.name, codes.AUTHENTICATION_FAILED.name})


class LogObserver:
    """Writes events to the log on stderr: what an operator should see as warnings, callers' mistakes as news."""

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
        name = type(event).__name__
        if isinstance(event, AuditLost):
            self._log.error(name, **asdict(event))
        elif isinstance(event, CacheFailed | ListeningFailed):
            self._log.warning(name, **asdict(event))
        elif not isinstance(event, CallEnded) or event.error is None:
            # Most events by far, and most servers don't want to read them: nothing is made of them then.
            if self._debug:
                self._log.debug(name, **asdict(event))
        elif event.error in _OURS or codes.catalogue()[event.error].retry == "later":
            self._log.warning(name, **asdict(event))
        else:
            self._log.info(name, **asdict(event))
