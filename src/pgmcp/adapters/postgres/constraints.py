"""Which columns a violated constraint is about: the catalogue tells, as the server's own words show values too."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.errors import PgmcpError
from pgmcp.ports.driver import DriverError, Need, Statement

# An error is not kept waiting for long: without a free session it goes out without the columns.
_PATIENCE_S = 0.5


async def name_columns(error: PgmcpError, sessions: ConnectionManager, remark: str = "") -> None:
    """Add `columns` to the details of an error that names a constraint of a table, and what a foreign key refers to.

    Args:
        error: The error.
        sessions: Where the catalogue is asked.
        remark: Says who has it.
    """
    details = error.details
    if "columns" in details or not {"constraint", "schema", "table"} <= details.keys():
        return
    names = (details["schema"], details["table"], details["constraint"])
    with suppress(PgmcpError, DriverError, TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            connection = await sessions.acquire(Need.READ)
            try:
                found = await connection.run(Statement(sql("constraint_columns") + remark, names))
            finally:
                sessions.release(connection)
        if found.rows and found.rows[0][0]:
            told = json.loads(found.rows[0][0])
            details["columns"] = told["columns"]
            error.refers_to = tuple(told["refers_to"]) if told["refers_to"] else None
