"""Who hears the events of one database."""

from __future__ import annotations

from attrs import frozen

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.fanning import FanOut
from pgmcp.adapters.metrics.breaking import BreakerGauge
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.adapters.observers import LogObserver
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Settings
from pgmcp.ports.history import History
from pgmcp.ports.observing import Observer
from pgmcp.ports.resources import Gauge


@frozen(kw_only=True)
class Watching:
    """Who hears the events of one database, and what comes of them.

    Args:
        observer: Everyone who hears, as one.
        history: Where samples are kept.
        gauges: What is known from events alone.
    """

    observer: Observer
    history: History
    gauges: tuple[Gauge, ...]


def watching(settings: Settings, observer: Observer | None) -> Watching:
    """The metrics, telemetry where it is set, and whoever else is given."""
    history = BoundedHistory(settings.metrics_history, SystemClock())
    breaker = BreakerGauge()
    hearing: list[Observer] = [breaker]
    if settings.metrics_history:
        hearing.append(MetricsRecorder(history, SystemClock(), settings.metrics_sample))
    if observer is not None:
        hearing.append(observer)
    if settings.opentelemetry:
        hearing.append(_telemetry(settings))
    gauges = () if settings.driver == "memory" else (breaker,)
    return Watching(observer=FanOut(hearing), history=history, gauges=gauges)


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
