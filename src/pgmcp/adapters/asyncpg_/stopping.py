"""How a session comes to rest whose statement was cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
from attrs import frozen

from pgmcp.ports.driver import DriverError

Cancel = Callable[[int], Awaitable[None]]
"""Stops what the session of a process id runs, from outside."""

# How long a cancel request is given before it is repeated, in seconds.
_REPEAT_S = 0.03

NOTHING = "SELECT"
"""The least that has an answer: no columns, one row. (asyncpg stumbles over the answer to an empty text.)"""


@frozen
class Stopping:
    """Brings a session to rest whose statement was cancelled.

    Args:
        cancel: Stops what the session of a process id runs, from outside.
        within_s: How long the statement may take to stop, in seconds.
    """

    cancel: Cancel
    within_s: float

    async def until_idle(self, connection: asyncpg.Connection) -> None:
        """Wait until a session is idle after a cancellation.

        asyncpg sends one cancel request, and the server drops a request that arrives before its statement does: then it
        is repeated until it meets one.

        Raises:
            TimeoutError: The statement did not stop; asyncpg has ended the session, or its caller is to.
        """
        async with asyncio.timeout(self.within_s):
            # Waits for asyncpg's cancel request, then for the server to be ready; it also ends a preparation that was
            # cancelled between its Flush and the Sync that would have followed.
            idle = asyncio.ensure_future(connection.execute(NOTHING, timeout=self.within_s))
            try:
                repeated = False
                while not (await asyncio.wait({idle}, timeout=_REPEAT_S))[0]:
                    repeated = True
                    # Without a session to be had for it, the waiting goes on.
                    with suppress(DriverError):
                        await self.cancel(connection.get_server_pid())
                with suppress(asyncpg.PostgresError):
                    await idle
                if repeated:
                    # Not the next caller's statement but this one takes a request that came late.
                    await connection.execute(NOTHING, timeout=self.within_s)
            finally:
                idle.cancel()
