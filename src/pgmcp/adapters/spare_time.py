"""Work that can wait a little is done while calls wait for the database, not on their way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def in_spare_time(work: Callable[[], None]) -> None:
    """Do it once the event loop has turned to what is ready; at once in a thread that has no loop.

    A call that has handed its statement to the driver lets the loop turn: what is done then is done while the
    database works.

    Args:
        work: Short, and must not raise.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        work()
    else:
        loop.call_soon(work)
