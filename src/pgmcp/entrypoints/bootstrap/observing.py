"""Who hears the events of one database."""

from __future__ import annotations

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.fanning import FanOut
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.adapters.observers import LogObserver
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Settings
from pgmcp.ports.history import History
from pgmcp.ports.observing import Observer


def history_of(settings: Settings) -> History:
    """Where a database's samples are kept."""
    return BoundedHistory(settings.metrics_history, SystemClock())


def heard_by(settings: Settings, history: History, observer: Observer | None) -> Observer:
    """Everyone who hears: the metrics, and whoever else is given."""
    hearing: list[Observer] = []
    if settings.metrics_history:
        hearing.append(MetricsRecorder(history, SystemClock(), settings.metrics_sample))
    if observer is not None:
        hearing.append(observer)
    if settings.opentelemetry:
        hearing.append(_telemetry(settings))
    return FanOut(hearing)


def _telemetry(settings: Settings) -> Observer:
    try:
        from pgmcp.adapters.telemetry.observer import OtelObserver
    except ImportError:
        raise ValidationError(
            codes.SETTING_INVALID,
            "OpenTelemetry is not installed.",
            hint="Run: pip install 'pgmcp[otel]'",
            path="opentelemetry",
        ) from None
    named = {} if settings.name is None else {"db.namespace": settings.name}
    return OtelObserver(SystemClock(), named)


def log_observer(settings: Settings) -> Observer:
    """The observer of a server: the log on stderr."""
    return LogObserver(settings.log_level, settings.log_format)
