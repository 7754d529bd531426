"""The calls that are running: each in a task of its own, so that it is cancelled once, and can be waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from attrs import define, field

from pgmcp.entrypoints.mcp.toolbox import ToolAnswer

T = TypeVar("T")


@define(kw_only=True, eq=False)
class Exchange:
    """One `tools/call`: what its transport knows of it and the SDK does not carry, and the task that carries it out.

    Args:
        arguments: The text of the arguments, exactly as sent.
        detached: Whether the caller may leave without ending a write.
    """

    arguments: bytes = field(repr=False)
    detached: bool = False
    _task: asyncio.Task[Any] | None = field(default=None, init=False, repr=False)
    _abandoned: bool = field(default=False, init=False)

    def start(self, call: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start the call in a task of its own; one that was abandoned before does nothing."""
        task = asyncio.get_running_loop().create_task(call)
        self._task = task
        if self._abandoned:
            task.cancel()
        return task

    def abandon(self) -> None:
        """Cancel the call, because nobody waits for its answer any more; a second time does nothing."""
        if self._abandoned:
            return
        self._abandoned = True
        if self._task is not None:
            self._task.cancel()

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for its answer any more."""
        return self._abandoned

    async def settled(self, timeout_s: float | None = None) -> None:
        """Wait until the call has ended, if it ever started.

        Args:
            timeout_s: How long to wait, in seconds; None for as long as it takes.
        """
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=timeout_s)


class CallAbandonedError(Exception):
    """The call was cancelled by the server itself: its caller left, or the server stops."""


class RunningCalls:
    """The calls that are running.

    The SDK cancels through anyio, which cancels again at every step until its scope is left. A call has to settle
    what it runs before it ends, so it gets a task of its own, and that is cancelled once.

    Args:
        settle_s: How long a cancelled call may take to settle, in seconds.
    """

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._exchanges: set[Exchange] = set()

    async def run(self, call: Coroutine[Any, Any, ToolAnswer], exchange: Exchange) -> ToolAnswer:
        """Carry a call out.

        Args:
            call: The call, not yet started.
            exchange: What it belongs to; abandoning that cancels the call.

        Returns:
            The call's answer.

        Raises:
            CallAbandonedError: It was cancelled from here, not by its caller.
            asyncio.CancelledError: Its caller cancelled it; it has settled, or had its time to.
        """
        task = exchange.start(call)
        self._exchanges.add(exchange)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            exchange.abandon()
            # Only the SDK gets here, and it has brought anyio along.
            import anyio

            with anyio.CancelScope(shield=True):
                await exchange.settled(self._settle_s)
            raise
        finally:
            self._exchanges.discard(exchange)
        if task.cancelled():
            raise CallAbandonedError
        return task.result()

    def follow(self, exchange: Exchange, call: Coroutine[Any, Any, ToolAnswer | None]) -> None:
        """Start a call that answers for itself, and see to it that it is cancelled with the others."""
        self._exchanges.add(exchange)
        exchange.start(call).add_done_callback(lambda _: self._exchanges.discard(exchange))

    async def cancel_all(self) -> None:
        """Cancel every running call and wait until all have settled, or had their time to."""
        exchanges = list(self._exchanges)
        for exchange in exchanges:
            exchange.abandon()
        await asyncio.gather(*(exchange.settled(self._settle_s) for exchange in exchanges))
