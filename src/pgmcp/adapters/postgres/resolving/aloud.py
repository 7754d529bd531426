"""Having the server tell what it makes of a statement, while it only prepares it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from pgmcp.adapters.postgres.resolving.tree import TITLE
from pgmcp.ports.driver import Connection, DriverError

# The server's own log would get a copy of every tree. A role that may, keeps it out of there; the query before the
# caller's text also takes a snapshot, behind which no transaction can be made writable again.
_QUIETLY = (
    "SELECT pg_catalog.set_config('log_min_messages', 'fatal', true) "
    "WHERE pg_catalog.has_parameter_privilege('log_min_messages', 'SET')"
)
_TELLING = (
    "SET LOCAL debug_pretty_print = off; SET LOCAL debug_print_rewritten = on; SET LOCAL client_min_messages = log"
)
_SAVEPOINT = '"pgmcp guard"'
_WITHIN = (
    f"SAVEPOINT {_SAVEPOINT}; {_QUIETLY}; {_TELLING}",
    f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}; RELEASE SAVEPOINT {_SAVEPOINT}",
)


async def trees_alone(connection: Connection, text: str, standing: str = "", remark: str = "") -> Sequence[str]:
    """The query trees of a statement, from a read-only transaction of its own; none where the server tells none.

    Args:
        connection: Where it is prepared.
        text: The statement.
        standing: Statements that give the transaction what the statement will run under, each after a semicolon.
        remark: Says on each statement who it is for.

    Raises:
        DriverError: What the server said of the text.
    """
    before = f"BEGIN READ ONLY; {_QUIETLY}{standing}; {_TELLING}"
    return await _trees(connection, text, before, "ROLLBACK", remark)


async def trees_within(connection: Connection, text: str, remark: str = "") -> Sequence[str]:
    """As `trees_alone`, inside the transaction that is open; it is afterwards as it was."""
    return await _trees(connection, text, *_WITHIN, remark)


async def _trees(connection: Connection, text: str, before: str, behind: str, remark: str) -> Sequence[str]:
    try:
        await connection.control(before + remark)
        # Preparing can run code of the database's (a domain's check on an array's literal), which tells trees too: all
        # of them count.
        notices = await connection.listen_to(text + remark)
    except BaseException:
        # If even this fails the session is not usable, and the pool closes it.
        with suppress(DriverError):
            await connection.control(behind + remark)
        raise
    await connection.control(behind + remark)
    return [notice.detail for notice in notices if notice.message == TITLE and notice.detail]
