"""Calls that run, and those that nobody waits for any more."""

from __future__ import annotations

import asyncio

import pytest

from pgmcp.entrypoints.mcp.calls import CallAbandonedError, Exchange, RunningCalls
from pgmcp.entrypoints.mcp.toolbox import ToolAnswer

ANSWER = ToolAnswer(text=b"{}", is_error=False)


async def test_a_call_whose_client_left_before_it_began() -> None:
    """It does nothing: its client's leaving may be heard of first."""
    began: list[int] = []

    async def call() -> ToolAnswer:
        began.append(1)
        return ANSWER

    exchange = Exchange(arguments=b"{}", detached=True)
    exchange.abandon()
    with pytest.raises(CallAbandonedError):
        await RunningCalls(settle_s=1.0).run(call(), exchange)
    assert began == []


async def test_a_call_whose_client_leaves_while_it_runs() -> None:
    """It is cancelled, once, and has its time to settle."""
    running, cancelled = asyncio.Event(), 0

    async def call() -> ToolAnswer:
        nonlocal cancelled
        running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            await asyncio.sleep(0)
            raise
        return ANSWER

    exchange = Exchange(arguments=b"{}", detached=True)
    task = asyncio.ensure_future(RunningCalls(settle_s=1.0).run(call(), exchange))
    await running.wait()
    exchange.abandon()
    exchange.abandon()
    with pytest.raises(CallAbandonedError):
        await task
    assert cancelled == 1


async def test_a_call_that_ends() -> None:
    """Its answer is its caller's."""

    async def call() -> ToolAnswer:
        return ANSWER

    assert await RunningCalls(settle_s=1.0).run(call(), Exchange(arguments=b"{}")) is ANSWER
