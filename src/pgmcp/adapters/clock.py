"""Clocks: the machine's own, and one that stands still until it is set."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's time.

    `monotonic` is the scale of asyncio's own loop, and of uvloop's, which looks at it only once a turn.
    """

    # Without a function of ours around them: a call asks for the time a good dozen times.
    timestamp = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class FixedClock:
    """A clock for tests: it shows what it was set to, and moves only when told to.

    Args:
        now: The moment it starts at, aware.

    >>> clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    >>> clock.advance(90)
    >>> clock.now().isoformat(), clock.monotonic()
    ('2026-01-01T00:01:30+00:00', 90.0)
    """

    def __init__(self, now: datetime) -> None:
        self._now = _in_utc(now)
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def timestamp(self) -> float:
        return self._now.timestamp()

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, on both scales."""
        self._seconds += seconds
        self._now += timedelta(seconds=seconds)

    def set(self, now: datetime) -> None:
        """Show another moment; the monotonic scale stays where it is, as when a machine's clock is put right."""
        self._now = _in_utc(now)


def _in_utc(moment: datetime) -> datetime:
    """The moment in UTC.

    Raises:
        ValueError: The moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("the moment of a clock needs a time zone")
    return moment.astimezone(UTC)
