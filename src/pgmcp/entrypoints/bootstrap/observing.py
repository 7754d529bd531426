"""Who hears the events of one database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from attrs import frozen

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.fanning import FanOut
from pgmcp.adapters.metrics.breaking import BreakerGauge
from pgmcp.adapters.metrics.gauges import GaugedResources, ProcessGauge, StateGauge
from pgmcp.adapters.metrics.history import BoundedHistory
from pgmcp.adapters.metrics.recorder import MetricsRecorder
from pgmcp.adapters.observers import LogObserver, QuietLog
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Settings
from pgmcp.ports.history import History
from pgmcp.ports.leases import LeaseKeeper
from pgmcp.ports.observing import Observer
from pgmcp.ports.pooling import PoolTimes
from pgmcp.ports.resources import Gauge, Resources
from pgmcp.services.cache_operating import CacheOperating


@frozen(kw_only=True)
class Watching:
    """Who hears the events of one database, and what comes of them.

    Args:
        observer: Everyone who hears, as one.
        history: Where samples are kept.
        gauges: What is known from events alone.
        pool: Hears of the pool's sessions; None where nobody does.
    """

    observer: Observer
    history: History
    gauges: tuple[Gauge, ...]
    pool: PoolTimes | None


def watching(settings: Settings, observer: Observer | None) -> Watching:
    """The metrics, telemetry where it is set, and whoever else is given."""
    history = BoundedHistory(settings.metrics_history, SystemClock())
    breaker = BreakerGauge()
    hearing: list[Observer] = [breaker]
    if settings.metrics_history:
        hearing.append(MetricsRecorder(history, SystemClock()))
    if observer is not None:
        hearing.append(observer)
    pool: PoolTimes | None = None
    if settings.opentelemetry:
        telemetry, pool = _telemetry(settings)
        hearing.append(telemetry)
    gauges = () if settings.driver == "memory" else (breaker,)
    heard = FanOut(hearing)
    history.fed_by(heard.settle)
    return Watching(observer=heard, history=history, gauges=gauges, pool=pool)


def _telemetry(settings: Settings) -> tuple[Observer, PoolTimes]:
    try:
        from pgmcp.adapters.telemetry.observer import OtelObserver
        from pgmcp.adapters.telemetry.pool import OtelPoolTimes
    except ImportError:
        raise ValidationError(
            codes.SETTING_INVALID,
            "OpenTelemetry is not installed.",
            hint="Run: pip install 'pgmcp[otel]'",
            path="opentelemetry",
        ) from None
    return OtelObserver(SystemClock(), _database(settings)), OtelPoolTimes(_pool(settings))


def all_gauges(
    settings: Settings,
    gauges: Sequence[Gauge],
    leases: LeaseKeeper,
    cache: CacheOperating,
    resources: AsyncExitStack,
) -> Resources:
    """Everything that is used by one database, told to OpenTelemetry too where it is set.

    Args:
        settings: Whether it is.
        gauges: Those of its adapters.
        leases: The transactions that callers hold.
        cache: What is kept.
        resources: Ends the telling.
    """
    held = StateGauge("leases", lambda: {"open": len(leases.open())})
    found = GaugedResources((ProcessGauge(), *gauges, held, StateGauge("cache", cache.reading)))
    if settings.opentelemetry:
        from pgmcp.adapters.telemetry.gauges import GaugeExport

        resources.callback(GaugeExport(found, _pool(settings)).close)
    return found


def _pool(settings: Settings) -> str:
    """What OpenTelemetry calls the pool: by its database and server, as it recommends."""
    return "/".join(str(each) for each in _database(settings).values()) or settings.driver


def _database(settings: Settings) -> dict[str, str | int]:
    """What OpenTelemetry calls the database: its name and where its server is, as far as the address says so."""
    from pgmcp.adapters.postgres.address import Address

    told = settings.dsn.reveal() if settings.dsn is not None else ""
    shown = (
        urlsplit(str(Address.read(told))) if told and not told.startswith(("embedded:", "memory:")) else urlsplit("")
    )
    found: dict[str, str | int] = {}
    name = settings.name or shown.path.removeprefix("/")
    if name:
        found["db.namespace"] = name
    # Several servers, or a socket's folder, are no address of one.
    if shown.hostname and "," not in shown.netloc:
        found["server.address"] = shown.hostname
        found |= {"server.port": shown.port} if shown.port is not None else {}
    return found


def log_observer(settings: Settings) -> Observer:
    """The observer of a server: the log on stderr."""
    kind = LogObserver if settings.log_level == "debug" else QuietLog
    return kind(settings.log_level, settings.log_format)
