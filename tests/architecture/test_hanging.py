"""A test that hangs says where."""

from __future__ import annotations

import asyncio

from tests.fixtures.hanging import waits


async def test_where_a_task_waits_is_told() -> None:
    """Through every coroutine down to what is awaited; a task that has ended waits for nothing."""

    async def inner() -> None:
        await asyncio.get_running_loop().create_future()

    async def outer() -> None:
        await inner()

    async def ended() -> None:
        """Do nothing."""

    waiting, over = asyncio.create_task(outer(), name="waiting"), asyncio.create_task(ended(), name="over")
    await over
    told = list(waits())
    waiting.cancel()
    at = told.index("waiting")
    assert "over" not in told
    assert [line.rpartition(".")[2] for line in told[at + 1 : at + 3]] == ["outer", "inner"]
    assert told[at + 3].startswith("  on Future")
