"""How a transaction is brought to its end when its caller doesn't wait for it, and what is said of it then."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

from pgmcp.domain.errors import TransactionError, codes
from pgmcp.ports.driver import DriverError
from pgmcp.ports.transactions import Outcome


async def to_its_end(ending: Coroutine[None, None, Outcome], patience_s: float) -> Outcome:
    """End a transaction whatever becomes of the caller: cancelled, it waits a while for the end and then says so.

    Args:
        ending: What ends it.
        patience_s: How long it may take once its caller has given up, in seconds; then it is cancelled.
    """
    loop = asyncio.get_running_loop()
    # Told by the task itself: `shield` would take a turn of the loop more to hear of it.
    ended = loop.create_future()

    async def end() -> Outcome:
        try:
            return await ending
        finally:
            if not ended.done():
                ended.set_result(None)

    task = loop.create_task(end())
    try:
        await ended
    except asyncio.CancelledError:
        done, _ = await asyncio.wait({task}, timeout=patience_s)
        if not done:
            task.cancel()
        # What went wrong is kept in the transaction's outcome; the caller hears of its own cancellation.
        with suppress(DriverError, TransactionError, asyncio.CancelledError):
            await task
        raise
    return await task


def ended(outcome: Outcome) -> TransactionError:
    """The error for whoever wants something of a transaction that is over."""
    return TransactionError(
        codes.TRANSACTION_ENDED,
        f"The transaction has ended: {outcome.replace('_', ' ')}.",
        hint="Begin another one.",
        details={"outcome": outcome},
    )
