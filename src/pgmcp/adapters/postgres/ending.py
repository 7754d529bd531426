"""How a transaction is brought to its end when its caller doesn't wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

from pgmcp.domain.errors import TransactionError
from pgmcp.ports.driver import DriverError
from pgmcp.ports.transactions import Outcome


async def to_its_end(ending: Coroutine[None, None, Outcome], patience_s: float) -> Outcome:
    """End a transaction whatever becomes of the caller: cancelled, it waits a while for the end and then says so.

    Args:
        ending: What ends it.
        patience_s: How long it may take once its caller has given up, in seconds; then it is cancelled.
    """
    task = asyncio.get_running_loop().create_task(ending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        done, _ = await asyncio.wait({task}, timeout=patience_s)
        if not done:
            task.cancel()
        # What went wrong is kept in the transaction's outcome; the caller hears of its own cancellation.
        with suppress(DriverError, TransactionError, asyncio.CancelledError):
            await task
        raise
