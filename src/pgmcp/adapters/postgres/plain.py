"""Servers that can't watch their client."""

from __future__ import annotations

from pgmcp.ports.driver import Connection, Driver, DriverError, Need

# invalid_parameter_value: the server's system can't (client_connection_check_interval outside Linux and its like).
# https://www.postgresql.org/docs/18/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL
_CAN_NOT = "22023"


class FallbackDriver:
    """Opens sessions as they should be, or plain ones from the first time on that the server refuses their settings.

    Implements `Driver`.

    Args:
        driver: Opens them as they should be.
        plain: Opens them without what a server may not know.
    """

    def __init__(self, driver: Driver, plain: Driver) -> None:
        self._driver = driver
        self._plain = plain

    async def connect(self, need: Need) -> Connection:
        """Open a session.

        Raises:
            DriverError: As the driver's own.
        """
        try:
            return await self._driver.connect(need)
        except DriverError as error:
            if error.fault.sqlstate != _CAN_NOT:
                raise
        connection = await self._plain.connect(need)
        self._driver = self._plain
        return connection
