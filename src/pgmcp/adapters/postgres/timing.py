"""A pool that tells how long its sessions took to come about, were waited for and were used.

It is another class than the pool, so that nobody pays for clocks that nobody reads.
"""

from __future__ import annotations

import math

from pgmcp.adapters.postgres.pool import Gate, PoolLimits
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Connection, Driver, Need
from pgmcp.ports.pooling import PoolTimes


class TimedDriver:
    """Opens sessions and tells in what time; implements `Driver`.

    Args:
        driver: Opens them.
        clock: The scale.
        times: Hears of those that were opened.
    """

    def __init__(self, driver: Driver, clock: Clock, times: PoolTimes) -> None:
        self._driver = driver
        self._clock = clock
        self._times = times

    async def connect(self, need: Need) -> Connection:
        """Open a session.

        Raises:
            PgmcpError, DriverError: As the driver's own.
        """
        began = self._clock.monotonic()
        connection = await self._driver.connect(need)
        self._times.created(self._clock.monotonic() - began)
        return connection


class TimedConnectionManager(ConnectionManager):
    """Lends sessions as any pool does.

    Args:
        driver, limits, clock, gate: As for `ConnectionManager`.
        times: Hears of each session that is opened, lent and given back.
    """

    def __init__(self, driver: Driver, limits: PoolLimits, clock: Clock, gate: Gate | None, times: PoolTimes) -> None:
        super().__init__(TimedDriver(driver, clock, times), limits, clock, gate)
        self._times = times
        # Since when each that is lent has been.
        self._since: dict[Connection, float] = {}

    async def acquire(self, need: Need, *, principal: str = "", deadline: float = math.inf) -> Connection:
        """As `ConnectionManager.acquire`."""
        began = self._clock.monotonic()
        connection = await super().acquire(need, principal=principal, deadline=deadline)
        self._since[connection] = now = self._clock.monotonic()
        self._times.waited(now - began)
        return connection

    def release(self, connection: Connection) -> None:
        """As `ConnectionManager.release`."""
        since = self._since.pop(connection, None)
        if since is not None:
            self._times.used(self._clock.monotonic() - since)
        super().release(connection)
