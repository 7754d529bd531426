"""One search path for all sessions, so that a name means the same on each of them.

Without that, a role whose path is altered while pgmcp runs has sessions of both kinds: what the guard found out about a
statement on one of them would be about other tables than those that it reads on another.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define

from pgmcp.ports.driver import Connection, Driver, Need, Statement

# Reported from PostgreSQL 18 on; before, it has to be asked for.
# https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-ASYNC
_REPORTED = "search_path"
_ASKED = Statement("SELECT pg_catalog.current_setting('search_path')")


@define
class SearchPath:
    """What the sessions of one database have in common: what is set, else what the first of them has.

    Args:
        schemas: The schemas in order, as `SET search_path` takes them; None before there was a session.
    """

    schemas: str | None = None


class OnePathDriver:
    """Opens sessions with one search path; implements `Driver`.

    Args:
        make: Makes the driver whose sessions have a path, or the role's own for None.
        path: The path; several drivers of one database share it.
    """

    def __init__(self, make: Callable[[str | None], Driver], path: SearchPath) -> None:
        self._make = make
        self._path = path
        self._driver: Driver | None = None

    async def connect(self, need: Need) -> Connection:
        """Open a session.

        Raises:
            DriverError: As the driver's own.
        """
        if self._path.schemas is None:
            first = await self._make(None).connect(need)
            found = await _path_of(first)
            if self._path.schemas is None:
                self._path.schemas = found
            if found == self._path.schemas:
                return first
            # Another one was quicker, and the role's path was altered in between.
            await first.close()
        if self._driver is None:
            self._driver = self._make(self._path.schemas)
        return await self._driver.connect(need)


async def _path_of(connection: Connection) -> str:
    """A new session's path; it is closed where that can't be told."""
    reported = connection.parameters.get(_REPORTED)
    if reported is not None:
        return reported
    try:
        rows = await connection.run(_ASKED)
    except BaseException:
        await connection.close()
        raise
    return rows.rows[0][0] or ""
