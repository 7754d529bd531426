"""What asyncpg raises, as the driver port's faults."""

from __future__ import annotations

import socket
import ssl

import asyncpg

from pgmcp.ports.driver import Fault

# SQLSTATE class 08 (connection exception) is the client's to give as well. PostgreSQL 18, appendix A.
LOST = "08006"
NOT_CONNECTED = "08003"
WRONG_CALL = "08P01"
# A value that can't even be written down for the server: "character not in repertoire".
UNWRITABLE = "22021"
NOT_SUPPORTED = "0A000"


def of_connecting(error: BaseException) -> Fault:
    """The fault of an attempt to connect; without the server's word the message is ours and says only of what kind."""
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, asyncpg.ConnectionDoesNotExistError):
        return _of_server(error)
    if isinstance(error, TimeoutError):
        return Fault(sqlstate=None, message="there was no answer in time")
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return Fault(sqlstate=None, message="nothing listens there")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Fault(sqlstate=None, message="the server's TLS certificate can't be verified")
    if isinstance(error, ssl.SSLError):
        return Fault(sqlstate=None, message="the TLS handshake failed")
    if type(error) is ConnectionError:  # asyncpg's own: the server declined what sslmode asks for
        return Fault(sqlstate=None, message="the server has no TLS, which sslmode asks for")
    if isinstance(error, socket.gaierror):
        return Fault(sqlstate=None, message="the host's name is not known")
    if isinstance(error, asyncpg.ClientConfigurationError):
        return Fault(sqlstate=None, message="the address or its TLS settings are not usable")
    return Fault(sqlstate=None, message="the connection broke while it was being opened")


def of_running(error: BaseException, *, closed: bool) -> Fault:
    """The fault of a statement on a connection that is `closed` now, or goes on."""
    cause = error.__cause__
    if isinstance(error, asyncpg.ConnectionDoesNotExistError):
        # The server's last word before it hung up says more than that it did.
        return _of_server(cause) if isinstance(cause, asyncpg.PostgresError) else Fault(sqlstate=LOST, message="lost")
    if (type(error) is asyncpg.DataError and error.severity is None) or isinstance(error, UnicodeError):
        # asyncpg's own, with the value in its message; what the server says (22000 is one too) has a severity.
        return Fault(sqlstate=UNWRITABLE, message="a parameter can't be encoded")
    if isinstance(error, asyncpg.PostgresError):
        return _of_server(error)
    if isinstance(error, asyncpg.InternalClientError) and not closed:
        return Fault(
            sqlstate=NOT_SUPPORTED,
            message="asyncpg can't read a column of a pseudo-type",
            hint="Cast it, such as column::text.",
        )
    if isinstance(error, asyncpg.InterfaceError) and not closed:
        return Fault(sqlstate=WRONG_CALL, message="the parameters don't fit the statement")
    # asyncpg refuses to use a closed connection before it sends anything.
    return Fault(sqlstate=NOT_CONNECTED if isinstance(error, asyncpg.InterfaceError) else LOST, message="lost")


def _of_server(error: asyncpg.PostgresError) -> Fault:
    position = error.position
    return Fault(
        sqlstate=error.sqlstate,
        message=str(error.args[0]) if error.args else "",
        detail=error.detail,
        hint=error.hint,
        position=int(position) if position else None,
        schema=error.schema_name,
        table=error.table_name,
        column=error.column_name,
        constraint=error.constraint_name,
        datatype=error.data_type_name,
    )
