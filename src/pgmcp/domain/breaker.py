"""The circuit breaker of one address: whether it is worth trying to reach a server that could not be reached.

Closed, everyone may try. After some failures one after another it opens, and nobody may for a while. Then it is half
open: one tries for all, and what comes of it closes or opens it again. Only failures to reach the server count.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from attrs import evolve, frozen

# When to ask again while somebody is trying: an answer is there soon, or there is none.
_WHILE_TRYING_S = 1.0


class BreakerState(StrEnum):
    """What the breaker is at a moment."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@frozen(kw_only=True)
class Breaker:
    """A breaker, as it is now; what happens makes another one of it. Moments are on one monotonic scale, in seconds.

    Args:
        failures_allowed: So many failures one after another open it.
        cooldown_s: For so long it stays open.
        failures: Failures since the last success.
        open_until: Until when nobody may try; None while it is closed.
        trying: Whether somebody tries for all at the moment.

    >>> breaker = Breaker(failures_allowed=2, cooldown_s=10).failed(0.0)
    >>> breaker.state(1.0).value, breaker.failed(1.0).state(2.0).value, breaker.failed(1.0).state(11.0).value
    ('closed', 'open', 'half_open')
    """

    failures_allowed: int
    cooldown_s: float
    failures: int = 0
    open_until: float | None = None
    trying: bool = False

    def state(self, now: float) -> BreakerState:
        """What it is at this moment."""
        if self.open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.open_until else BreakerState.HALF_OPEN

    def refuses_for(self, now: float) -> float | None:
        """How long whoever wants to try now had better wait, in seconds; None when trying is free."""
        if self.open_until is None:
            return None
        if now < self.open_until:
            return self.open_until - now
        return min(_WHILE_TRYING_S, self.cooldown_s) if self.trying else None

    def tried(self, now: float) -> Self:
        """Somebody who was not refused tries: half open, nobody else may until it is known what came of it."""
        return evolve(self, trying=self.state(now) is BreakerState.HALF_OPEN)

    def succeeded(self) -> Self:
        """The server was reached, whatever it said."""
        return evolve(self, failures=0, open_until=None, trying=False)

    def failed(self, now: float) -> Self:
        """The server could not be reached. Those who began before it opened don't put off its end."""
        failures = self.failures + 1
        if self.state(now) is BreakerState.OPEN:
            return evolve(self, failures=failures)
        opens = self.trying or failures >= self.failures_allowed
        return evolve(self, failures=failures, open_until=now + self.cooldown_s if opens else None, trying=False)

    def abandoned(self) -> Self:
        """Whoever tried gave up before it was known what would come of it: the next one may."""
        return evolve(self, trying=False)
