"""Shares of a server: how often and how much a caller may, decided by the clock alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from attrs import field, frozen

MINUTE_S = 60.0


@frozen(kw_only=True)
class Bucket:
    """An allowance that fills again at an even pace; it may go into debt, and then has to fill first.

    Args:
        per_minute: What fills it in a minute, and the most that it holds.
        level: What is in it.
        at: When that was, on a monotonic scale, in seconds.

    >>> bucket = Bucket.full(60, at=0.0).taken(60, now=0.0)
    >>> bucket.wait_s(1, now=0.0), bucket.wait_s(1, now=0.5), bucket.wait_s(1, now=1.0)
    (1.0, 0.5, 0.0)
    """

    per_minute: int
    level: float
    at: float

    @classmethod
    def full(cls, per_minute: int, *, at: float) -> Self:
        """One that nobody has taken from."""
        return cls(per_minute=per_minute, level=float(per_minute), at=at)

    def taken(self, amount: float, *, now: float) -> Self:
        """The bucket after so much was taken, whether or not it was there."""
        return type(self)(per_minute=self.per_minute, level=self._level(now) - amount, at=max(now, self.at))

    def wait_s(self, amount: float, *, now: float) -> float:
        """How long until so much is there; 0 if it is."""
        missing = min(amount, self.per_minute) - self._level(now)
        return max(0.0, missing * MINUTE_S / self.per_minute)

    def _level(self, now: float) -> float:
        passed = max(0.0, now - self.at)
        return min(float(self.per_minute), self.level + passed * self.per_minute / MINUTE_S)


@frozen(kw_only=True)
class Limits:
    """What one principal may; 0 sets no limit.

    Args:
        calls: Calls in a minute.
        tools: Calls in a minute by tool, beside those of all tools together.
        running: Calls at the same time.
        rows: Rows given or changed in a minute.
        bytes: Bytes of rows given in a minute.
    """

    calls: int = 0
    tools: Mapping[str, int] = field(factory=dict, hash=False)
    running: int = 0
    rows: int = 0
    bytes: int = 0

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return bool(self.calls or self.tools or self.running or self.rows or self.bytes)
