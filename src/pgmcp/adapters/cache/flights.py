"""One read for all who want the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pgmcp.domain.results import Result
from pgmcp.ports.caching import Ticket


class SingleFlights:
    """Implements `Flights`, for one event loop; as many are in the air as calls are."""

    def __init__(self) -> None:
        self._flying: dict[tuple[bytes, Ticket], asyncio.Future[Result | None]] = {}

    async def share(
        self, key: bytes, ticket: Ticket, deadline: float, read: Callable[[], Awaitable[Result]]
    ) -> tuple[Result, bool]:
        flying = self._flying.get((key, ticket))
        if flying is not None:
            found = await _of_another(flying, deadline)
            # Not in another flight's stead: whoever was let down reads alone, so that nobody waits twice.
            return (found, True) if found is not None else (await read(), False)
        flight = self._flying[key, ticket] = asyncio.get_running_loop().create_future()
        try:
            result = await read()
            flight.set_result(result)
            return result, False
        finally:
            del self._flying[key, ticket]
            if not flight.done():
                flight.set_result(None)


async def _of_another(flight: asyncio.Future[Result | None], deadline: float) -> Result | None:
    """What another call read; None where its read failed or takes longer than this call has."""
    try:
        async with asyncio.timeout_at(deadline):
            return await asyncio.shield(flight)
    except TimeoutError:
        return None
