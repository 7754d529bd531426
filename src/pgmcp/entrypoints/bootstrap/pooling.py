"""The pool of one database, put together, and what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import asdict

from pgmcp.adapters.metrics.gauges import StateGauge
from pgmcp.domain.settings import Settings
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Driver
from pgmcp.ports.pooling import PoolTimes
from pgmcp.ports.resources import Gauge

if TYPE_CHECKING:
    # The drivers' side is imported where it is used.
    from pgmcp.adapters.postgres.pool import Gate
    from pgmcp.adapters.postgres.sessions import ConnectionManager


def make_pool(
    settings: Settings, driver: Driver, gate: Gate | None, clock: Clock, times: PoolTimes | None
) -> ConnectionManager:
    """The pool that the settings bound; one that tells of its sessions' times where somebody hears of them."""
    from pgmcp.adapters.postgres.pool import PoolLimits
    from pgmcp.adapters.postgres.sessions import ConnectionManager
    from pgmcp.adapters.postgres.timing import TimedConnectionManager

    limits = PoolLimits.of(settings)
    if times is None:
        return ConnectionManager(driver, limits, clock, gate)
    return TimedConnectionManager(driver, limits, clock, gate, times)


def pool_gauge(settings: Settings, pool: ConnectionManager) -> Gauge:
    """What the pool says of itself."""
    bounds = {"min": settings.pool_min, "max": settings.pool_max}
    return StateGauge("pool", lambda: {**bounds, **asdict(pool.state)})
