"""Errors as PostgreSQL would give them: by SQLSTATE, through the same table that translates a server's."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.adapters.postgres.errors import translate
from pgmcp.domain.errors import PgmcpError
from pgmcp.ports.driver import Fault

# https://www.postgresql.org/docs/18/errcodes-appendix.html
VALUE_TOO_LONG = "22001"
OUT_OF_RANGE = "22003"
BAD_DATE = "22007"
DATE_OUT_OF_RANGE = "22008"
OFFSET_OUT_OF_RANGE = "22009"
INTERVAL_OVERFLOW = "22015"
BAD_ESCAPE = "22025"
BAD_REGEX = "2201B"
BAD_TEXT = "22P02"
BAD_RANGE = "22000"
RESTRICT_VIOLATION = "23001"
NOT_NULL_VIOLATION = "23502"
FOREIGN_KEY_VIOLATION = "23503"
UNIQUE_VIOLATION = "23505"
CHECK_VIOLATION = "23514"
READ_ONLY = "25006"
FAILED_TRANSACTION = "25P02"
UNKNOWN_SAVEPOINT = "3B001"
SERIALIZATION_FAILURE = "40001"
SECOND_CONFLICT = "21000"
NO_SUCH_KEY = "42P10"
LOCK_TIMEOUT = "55P03"
WRONG_KIND = "42809"


def fault(sqlstate: str, message: str = "", *, path: str | None = None) -> PgmcpError:
    """The error for what went wrong with a statement.

    Args:
        sqlstate: PostgreSQL's code.
        message: What the server would say; told only where the code lets the server speak.
        path: Where in the request it lies.
    """
    error = translate(Fault(sqlstate=sqlstate, message=message))
    return error if path is None else error.with_details(path=path)


def violation(
    sqlstate: str, table: str, constraint: str | None = None, columns: Sequence[str] = (), column: str | None = None
) -> PgmcpError:
    """The error for a constraint that a row breaks.

    Args:
        sqlstate: PostgreSQL's code.
        table: The constraint's table.
        constraint: Its name; None for a column that must have a value.
        columns: The columns that the constraint is about, where they are known.
        column: The column that must have a value.
    """
    error = translate(
        Fault(sqlstate=sqlstate, message="", schema="public", table=table, constraint=constraint, column=column)
    )
    return error.with_details(columns=list(columns)) if columns else error
