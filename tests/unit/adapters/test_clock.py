"""Clocks."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pgmcp.adapters.clock import FixedClock, SystemClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_fixed_clock_moves_when_told() -> None:
    """On both scales; setting it leaves the monotonic one alone."""
    clock = FixedClock(START.astimezone(timezone(timedelta(hours=5))))
    assert (clock.now(), clock.now().tzinfo, clock.monotonic()) == (START, UTC, 0.0)
    clock.advance(1.5)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=1.5), 1.5)
    clock.set(START)
    assert (clock.now(), clock.monotonic()) == (START, 1.5)


def test_a_clock_needs_a_zone() -> None:
    """A moment without one could be any."""
    with pytest.raises(ValueError, match="time zone"):
        FixedClock(START.replace(tzinfo=None))


async def test_the_system_clock_is_on_the_loops_scale() -> None:
    """So that a deadline can be given to asyncio as it is."""
    clock = SystemClock()
    before = asyncio.get_running_loop().time()
    assert before <= clock.monotonic() <= asyncio.get_running_loop().time()
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 60


def test_the_system_clock_tells_time_without_a_loop() -> None:
    """A program may plan before it runs one."""
    before = time.monotonic()
    assert before <= SystemClock().monotonic() <= time.monotonic()
