"""From PostgreSQL's errors to the domain's, by SQLSTATE alone.

The server's own words may hold values (`invalid input syntax for type integer: "…"`, `Key (id)=(…) already exists`), so
a sentence of ours stands in their place. Only where they name nothing but objects of the catalogue, or were written for
the caller by the database's author (RAISE), are they passed on. Nothing is read out of them: their language varies.
"""

from __future__ import annotations

from typing import Any

from pgmcp.adapters.postgres.sqlstates import NO_PARTITION, UNREADABLE, Meaning, meaning_of
from pgmcp.domain.errors import DatabaseError, PgmcpError, codes
from pgmcp.domain.relations import Column
from pgmcp.ports.driver import Fault

# Given by drivers themselves: the session was gone before anything was sent, so nothing was done.
NOT_CONNECTED = "08003"
# Likewise: the server said more than is taken, so the session was ended, and nobody knows what it had done. A code of
# the class of limits that PostgreSQL itself has no use for.
TOO_MUCH = "54PM1"
CHECK_VIOLATION = "23514"
SYNTAX_ERROR = "42601"


def translate(fault: Fault) -> PgmcpError:
    """The domain's error for what a driver heard.

    Args:
        fault: The facts. Without an SQLSTATE the message is the driver's own, and says why there is no connection.

    Returns:
        An error whose texts hold no value; `details` name the constraint, table, schema and column where the server
        does, and `retry_after_ms` where trying later can help.
    """
    if fault.sqlstate is None:
        return DatabaseError(
            codes.CONNECTION_FAILED,
            f"The database can't be reached: {fault.message}.",
            hint="Check that the server runs and that the address is right; `pgmcp check` looks at each part.",
            details={"retry_after_ms": 1000},
        )
    meaning = _meaning(fault, fault.sqlstate)
    details: dict[str, Any] = dict(meaning.details)
    if meaning.code.retry == "later":
        details["retry_after_ms"] = meaning.retry_after_ms
    if meaning.objects:
        details |= _objects(fault)
    return meaning.error(
        meaning.code,
        _message(fault, meaning),
        hint=(fault.hint if meaning.server_speaks else None) or meaning.hint,
        sqlstate=fault.sqlstate,
        position=fault.position,
        details=details,
    )


def _meaning(fault: Fault, sqlstate: str) -> Meaning:
    """What a code means, where it means two things by what else is said."""
    if sqlstate == CHECK_VIOLATION and fault.table and not fault.constraint:
        return NO_PARTITION
    return UNREADABLE if sqlstate == SYNTAX_ERROR and fault.position is None else meaning_of(sqlstate)


def too_large(error: PgmcpError, column: Column) -> PgmcpError:
    """The same error, of a value that a column's declared size or precision doesn't take."""
    error.hint = f"Column '{column.name}' is {column.type_name}."
    return error.with_details(column=column.name)


def _message(fault: Fault, meaning: Meaning) -> str:
    if meaning.server_speaks and fault.message:
        return f"{fault.message[0].upper()}{fault.message[1:].removesuffix('.')}."
    if meaning.objects and fault.constraint:
        where = f" of {fault.table}" if fault.table else ""
        return f"{meaning.message.removesuffix('.')} (constraint {fault.constraint}{where})."
    if meaning.objects and fault.column:
        where = f" of {fault.table}" if fault.table else ""
        return f"{meaning.message.removesuffix('.')} (column {fault.column}{where})."
    return meaning.message


def _objects(fault: Fault) -> dict[str, Any]:
    """The objects that the error is about; a constraint's columns are for the catalogue to tell: DETAIL has values."""
    named = {
        "constraint": fault.constraint,
        "schema": fault.schema,
        "table": fault.table,
        "columns": [fault.column] if fault.column else None,
    }
    return {key: value for key, value in named.items() if value}
