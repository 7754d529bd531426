"""Taking off a session what a caller's statement may have left on it, and finding out whether it is still there."""

from __future__ import annotations

import asyncio

from pgmcp.ports.driver import Connection, DriverError, Statement

# The parts of DISCARD ALL but DEALLOCATE ALL, which would take our own prepared statements along, and DISCARD PLANS.
# RESET ALL gives back what the session started with. https://www.postgresql.org/docs/18/sql-discard.html
_RESET = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *;"
    " SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES"
)
# Those that SQL made; the drivers' own came by the protocol.
_PREPARED = Statement("SELECT pg_catalog.quote_ident(s.name) FROM pg_catalog.pg_prepared_statements s WHERE s.from_sql")
# A server that doesn't answer the least of questions in that time, in seconds, is not worth waiting for.
_ANSWER_S = 2.0


async def cleanse(connection: Connection) -> bool:
    """Take everything off that a statement can leave on a session.

    That is settings, a role, cursors, advisory locks, listening, temporary tables, sequences' last values, and
    statements that SQL prepared.

    Returns:
        Whether the session is as it was when it was opened; if not, nobody else may have it.
    """
    try:
        async with asyncio.timeout(_ANSWER_S):
            await connection.control(_RESET)
            found = await connection.run(_PREPARED)
            if found.rows:
                await connection.control("; ".join(f"DEALLOCATE {name}" for (name,) in found.rows))
    except (DriverError, TimeoutError):
        return False
    return connection.usable


async def answers(connection: Connection) -> bool:
    """Whether the server is still there for a session that nobody used for a while: one round trip."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            await connection.control("SELECT")
    except (DriverError, TimeoutError):
        return False
    return connection.usable
