"""Calls that run, and those that nobody waits for any more."""

from __future__ import annotations

import asyncio

import pytest

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.calls import CallAbandonedError, Exchange, RunningCalls
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.toolbox import ToolAnswer
from tests.e2e.mcp_transport.fake_toolbox import FakeToolbox

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


async def test_a_stopped_call_settles_however_little_grace_there_was() -> None:
    """Its time to settle is its own: the server doesn't end while a statement is still being stopped."""
    cancelled, released = asyncio.Event(), asyncio.Event()

    async def call() -> ToolAnswer:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            await released.wait()
            raise
        return ANSWER

    calls = MCPServer(FakeToolbox(), ServeLimits(shutdown_grace_s=0), Principal("tester")).calls
    calls.follow(Exchange(arguments=b"{}"), call())
    await asyncio.sleep(0)
    ending = asyncio.create_task(calls.cancel_all())
    await cancelled.wait()
    assert await asyncio.wait({ending}, timeout=0.05) == (set(), {ending})
    released.set()
    await ending
