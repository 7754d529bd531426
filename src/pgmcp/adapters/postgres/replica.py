"""Reads on one server, everything else on another."""

from __future__ import annotations

from pgmcp.adapters.postgres.breaking import BreakingDriver
from pgmcp.ports.driver import Connection, Need


class ReplicaDriver:
    """Opens sessions for reading on a replica; implements `Driver`. Each server has its own breaker.

    Args:
        primary: Opens the others.
        replica: Opens those for reading.
    """

    def __init__(self, primary: BreakingDriver, replica: BreakingDriver) -> None:
        self._by_need = {Need.READ: replica, Need.WRITE: primary}

    def check(self, need: Need) -> None:
        """Refuse at once where the breaker of that need's server is open.

        Raises:
            DatabaseError: `breaker_open`.
        """
        self._by_need[need].check(need)

    def fell_silent(self, need: Need) -> None:
        """Count it against that need's server."""
        self._by_need[need].fell_silent(need)

    async def connect(self, need: Need) -> Connection:
        """Open a session.

        Raises:
            DatabaseError: `breaker_open`.
            DriverError: As the driver's own.
        """
        return await self._by_need[need].connect(need)
