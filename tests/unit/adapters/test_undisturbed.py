"""Work that comes to its end whatever is cancelled meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from pgmcp.adapters.undisturbed import undisturbed


async def test_a_cancellation_meanwhile_ends_nothing() -> None:
    """However often; the caller goes on, as it has a cancellation of its own to raise."""
    go_on, said = asyncio.Event(), list[str]()

    async def work() -> None:
        await go_on.wait()
        said.append("done")

    async def caller() -> None:
        await undisturbed(work())
        said.append("went on")

    task = asyncio.create_task(caller())
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
    assert said == []
    go_on.set()
    await task
    assert said == ["done", "went on"]


async def test_what_goes_wrong_is_raised() -> None:
    """A defect is nobody's to keep quiet about."""

    async def work() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await undisturbed(work())
