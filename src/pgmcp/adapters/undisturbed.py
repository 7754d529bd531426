"""Work that has to come to its end, however often its caller is told to give up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


async def undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Do work to its end for a caller that has been cancelled already, and may be again, as when the server ends too.

    Args:
        work: What to do; it has a bound of its own, and what it can't do it deals with itself.
    """
    task = asyncio.get_running_loop().create_task(work)
    while not task.done():
        # Nothing is lost: the caller's first cancellation goes on once this is over.
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    await task
