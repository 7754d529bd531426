"""Tasks that work beside the calls, and how they are ended."""

from __future__ import annotations

import asyncio
from typing import Any

# How long a cancellation is given before it is repeated, in seconds: more than a cancelled statement takes to settle.
_AGAIN_S = 3.0


async def stopped(task: asyncio.Task[Any], *, again_s: float = _AGAIN_S) -> None:
    """Cancel a task until it has ended.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, which psycopg waits with, forgets a cancellation that
    comes together with what it waited for, and the task goes on (https://github.com/python/cpython/issues/86296).

    Args:
        task: What never ends by itself.
        again_s: How long to wait before it is told again, in seconds.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=again_s)
