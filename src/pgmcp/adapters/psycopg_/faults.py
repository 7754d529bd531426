"""What psycopg and libpq say went wrong, as the driver port's faults."""

from __future__ import annotations

import errno
import os

import psycopg
from psycopg.pq import DiagnosticField
from psycopg.pq.abc import PGresult

from pgmcp.ports.driver import DriverError, Fault

# SQLSTATE class 08 (connection exception) is the client's to give as well. PostgreSQL 18, appendix A.
LOST = "08006"
NOT_CONNECTED = "08003"
# A value that can't even be written down for the server: "character not in repertoire".
UNWRITABLE = "22021"
NOT_SUPPORTED = "0A000"

# Of what goes wrong before the server has said a word, libpq and psycopg keep a text alone. These parts of it are the
# C library's and OpenSSL's; the former come in the language that `strerror` speaks here too.
_REASONS = (
    (os.strerror(errno.ECONNREFUSED), "nothing listens there"),
    (os.strerror(errno.ENOENT), "nothing listens there"),
    ("certificate verify failed", "the server's TLS certificate can't be verified"),
    ("SSL error", "the TLS handshake failed"),
    ("does not support SSL", "the server has no TLS, which sslmode asks for"),
    ("[Errno -", "the host's name is not known"),
)


def of_connecting(error: BaseException) -> Fault:
    """The fault of an attempt to connect; without the server's word the message is ours and says only of what kind."""
    if isinstance(error, TimeoutError | psycopg.errors.ConnectionTimeout):
        return Fault(sqlstate=None, message="there was no answer in time")
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        return Fault(sqlstate=error.sqlstate, message=str(error))
    text = str(error)
    for part, reason in _REASONS:
        if part in text:
            return Fault(sqlstate=None, message=reason)
    if isinstance(error, psycopg.ProgrammingError):
        return Fault(sqlstate=None, message="the address or its TLS settings are not usable")
    return Fault(sqlstate=None, message="the connection broke while it was being opened")


def of_result(result: PGresult) -> DriverError:
    """The error that a result of the server's stands for."""
    position = _field(result, DiagnosticField.STATEMENT_POSITION)
    return DriverError(
        Fault(
            # libpq gives none when it was itself that found the line broken.
            sqlstate=_field(result, DiagnosticField.SQLSTATE) or LOST,
            message=_field(result, DiagnosticField.MESSAGE_PRIMARY) or "",
            detail=_field(result, DiagnosticField.MESSAGE_DETAIL),
            hint=_field(result, DiagnosticField.MESSAGE_HINT),
            position=int(position) if position else None,
            schema=_field(result, DiagnosticField.SCHEMA_NAME),
            table=_field(result, DiagnosticField.TABLE_NAME),
            column=_field(result, DiagnosticField.COLUMN_NAME),
            constraint=_field(result, DiagnosticField.CONSTRAINT_NAME),
            datatype=_field(result, DiagnosticField.DATATYPE_NAME),
        )
    )


def is_outdated(result: PGresult) -> bool:
    """Whether the server refused a prepared statement, before it ran, because its result is of other types by now."""
    # The code alone also says that a feature is missing. The function's name is the same in every language.
    return (
        _field(result, DiagnosticField.SQLSTATE) == NOT_SUPPORTED
        and _field(result, DiagnosticField.SOURCE_FUNCTION) == "RevalidateCachedQuery"
    )


def _field(result: PGresult, field: DiagnosticField) -> str | None:
    value = result.error_field(field)
    # What a session that ends says may be in another encoding.
    return None if value is None else value.decode(errors="replace")
