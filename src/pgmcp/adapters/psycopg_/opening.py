"""Opening a session so that a refusal brings the server's own code along.

libpq gives no SQLSTATE when connecting fails, only a text, in the server's language. In its verbose form that text has
the code in it, but psycopg has no way to ask for that form, so libpq's own function is called.
"""

from __future__ import annotations

import ctypes
import re
import sys
from functools import cache
from typing import Any, Self

import psycopg
from psycopg import pq
from psycopg.abc import PQGenConn
from psycopg.pq.abc import PGconn
from psycopg.waiting import Ready, Wait

# `FATAL:  28P01: …`, whatever the first word is in the server's language.
_VERBOSE_ERROR = re.compile(r":  (?P<sqlstate>[0-9A-Z]{5}): (?P<message>[^\n]*)")
# PQERRORS_VERBOSE of PGVerbosity, libpq-fe.h.
_VERBOSE = 2
_NOT_ADMITTED = "28P01"


class Session(psycopg.AsyncConnection[Any]):
    """A connection of psycopg's whose opening fails with the class of error that the server's SQLSTATE names."""

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        connection = pq.PGconn.connect_start(conninfo.encode())
        _be_verbose(connection)
        begun = connection.status != pq.ConnStatus.BAD
        while begun:
            polled = connection.connect_poll()
            if polled == pq.PollingStatus.OK:
                connection.nonblocking = 1
                return cls(connection)
            if polled == pq.PollingStatus.FAILED:
                break
            wanted = Wait.R if polled == pq.PollingStatus.READING else Wait.W
            while (yield connection.socket, wanted) == Ready.NONE:
                pass
        refusal = _refusal(connection, begun=begun)
        connection.finish()
        raise refusal


def _refusal(connection: PGconn, *, begun: bool) -> psycopg.Error:
    """The error of a connection that could not be opened.

    Its class has the server's SQLSTATE, if it gave one, and is ProgrammingError where libpq didn't so much as begin.
    """
    text = connection.get_error_message()
    said = _VERBOSE_ERROR.search(text)
    if said is not None:
        return _class_of(said["sqlstate"])(said["message"])
    if connection.needs_password:
        return _class_of(_NOT_ADMITTED)("a password is needed")
    return psycopg.OperationalError(text) if begun else psycopg.ProgrammingError(text)


def _class_of(sqlstate: str) -> type[psycopg.Error]:
    try:
        return psycopg.errors.lookup(sqlstate)
    except KeyError:
        # A code of an extension, such as an authentication hook's: the class keeps it as those of psycopg's do.
        return type("ServerError", (psycopg.OperationalError,), {"sqlstate": sqlstate})


def _be_verbose(connection: PGconn) -> None:
    library = _libpq()
    if library is not None:
        pointer = connection.pgconn_ptr  # type: ignore[attr-defined] # all have it, the protocol does not say so
        library.PQsetErrorVerbosity(ctypes.c_void_p(pointer), _VERBOSE)


@cache
def _libpq() -> ctypes.CDLL | None:
    """The libpq that psycopg uses; None where its functions can't be reached, as on Windows: codes are missing then."""
    module = sys.modules[pq.PGconn.__module__].__file__ or ""
    # psycopg in plain Python loads the system's; otherwise a symbol is looked for in what the extension is linked with.
    path = pq.misc.find_libpq_full_path() if module.endswith(".py") else module
    try:
        library = ctypes.CDLL(path)
        library.PQsetErrorVerbosity.restype = ctypes.c_int
    except (OSError, AttributeError):
        return None
    return library
