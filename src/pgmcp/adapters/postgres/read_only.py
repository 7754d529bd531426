"""The last look at a session for reading before anybody reads with it."""

from __future__ import annotations

from pgmcp.domain.errors import SecurityError, codes
from pgmcp.ports.driver import Connection, Driver, Need

# PostgreSQL 14 and later report it, so asking costs nothing.
# https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-ASYNC
_REPORTED = "default_transaction_read_only"


class ReadOnlyDriver:
    """A driver whose sessions for reading are read-only by the server's own word; implements `Driver`.

    What stands between us and the server may drop what a session starts with and say nothing: PgBouncer does with all
    that its `ignore_startup_parameters` names.

    Args:
        driver: Opens the sessions.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def connect(self, need: Need) -> Connection:
        """Open a session.

        Raises:
            SecurityError: `write_refused`: it is for reading, and could write.
            DriverError: As the driver's own.
        """
        connection = await self._driver.connect(need)
        if need is Need.READ and connection.parameters.get(_REPORTED) != "on":
            await connection.close()
            raise SecurityError(
                codes.WRITE_REFUSED,
                "The connection doesn't keep reads read-only, so nothing is read.",
                hint="Something between pgmcp and PostgreSQL drops its settings; through PgBouncer use"
                " pooler=transaction.",
                path="pooler",
            )
        return connection
