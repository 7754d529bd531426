"""A driver that leaves a server alone which could not be reached."""

from __future__ import annotations

import math

from pgmcp.domain.breaker import Breaker
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.events import BreakerMoved
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Connection, Driver, DriverError, Need
from pgmcp.ports.observing import Observer

# SQLSTATE class 08 is the connection's; 57P01 to 57P03 say that the server stops or starts. Whatever else a server says
# (too many connections, a wrong password), it was reached. PostgreSQL 18, appendix A.
_CONNECTION_CLASS = "08"
_NOT_THERE = frozenset({"57P01", "57P02", "57P03"})
# Who gives up on a session that has not come about in that time, in seconds, has learned something of the server: it
# takes milliseconds, or some hundred of them with TLS from the other end of the world.
_SLOW_S = 2.0


class BreakingDriver:
    """Opens sessions unless the breaker of their address is open; implements `Driver`.

    Args:
        driver: Opens them.
        breaker: As it begins.
        clock: The breaker's scale.
        observer: Hears of every change of its state.
    """

    def __init__(self, driver: Driver, *, breaker: Breaker, clock: Clock, observer: Observer) -> None:
        self._driver = driver
        self._breaker = breaker
        self._clock = clock
        self._observer = observer
        self._told = breaker.state(clock.monotonic())

    def check(self, need: Need) -> None:
        """Refuse at once whoever would only wait for a session that can't be opened.

        Raises:
            DatabaseError: `breaker_open`, with when to come back.
        """
        wait_s = self._breaker.refuses_for(self._clock.monotonic())
        if wait_s is not None:
            raise DatabaseError(
                codes.BREAKER_OPEN,
                "The database could not be reached several times, so it is left alone for a moment.",
                hint="Call again after `retry_after_ms`; `pgmcp check` looks at each part.",
                details={"retry_after_ms": math.ceil(wait_s * 1000)},
            )

    def fell_silent(self, need: Need) -> None:
        """Count a session that was there and on which the server said nothing any more: it hangs, or can't be reached.

        Whoever opens another one in its place takes it back, if the server is well.
        """
        self._become(self._breaker.failed(self._clock.monotonic()))

    async def connect(self, need: Need) -> Connection:
        """Open a session.

        Raises:
            DatabaseError: `breaker_open`.
            DriverError: As the driver's own.
        """
        self.check(need)
        began = self._clock.monotonic()
        self._become(self._breaker.tried(began))
        try:
            connection = await self._driver.connect(need)
        except DriverError as error:
            if _is_unreachable(error.fault.sqlstate):
                self._become(self._breaker.failed(self._clock.monotonic()))
            else:
                self._become(self._breaker.succeeded())
            raise
        except BaseException:
            now = self._clock.monotonic()
            self._become(self._breaker.failed(now) if now - began >= _SLOW_S else self._breaker.abandoned())
            raise
        self._become(self._breaker.succeeded())
        return connection

    def _become(self, breaker: Breaker) -> None:
        self._breaker = breaker
        state = breaker.state(self._clock.monotonic())
        if state is not self._told:
            self._told = state
            self._observer.observe(BreakerMoved(state=state, failures=breaker.failures))


def _is_unreachable(sqlstate: str | None) -> bool:
    return sqlstate is None or sqlstate[:2] == _CONNECTION_CLASS or sqlstate in _NOT_THERE
