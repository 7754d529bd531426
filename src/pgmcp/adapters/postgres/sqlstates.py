"""What each SQLSTATE means to a caller of pgmcp: a table, by code and by class.

Source: PostgreSQL 18, appendix A (error codes), https://www.postgresql.org/docs/18/errcodes-appendix.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from pgmcp.domain.errors import (
    Code,
    DatabaseError,
    PgmcpError,
    QueryError,
    SecurityError,
    TransactionError,
    codes,
)


@frozen
class Meaning:
    """What a SQLSTATE becomes.

    Args:
        error: The class of the domain's error.
        code: Its code.
        message: One sentence of our own.
        hint: What to do about it.
        server_speaks: The server's sentence and hint stand in place of ours: they name objects only, or are meant for
            the caller. Ours then only serve where the server gave none.
        objects: `details` name the constraint, table, schema and column that the server gave.
        retry_after_ms: When to try again, for codes of the class `later`.
        details: Further facts.
    """

    error: type[PgmcpError]
    code: Code
    message: str
    hint: str | None = None
    server_speaks: bool = field(default=False, kw_only=True)
    objects: bool = field(default=False, kw_only=True)
    retry_after_ms: int = field(default=1000, kw_only=True)
    details: Mapping[str, Any] = field(factory=dict, kw_only=True)


_NAMES = "Compare the names with `list_tables` and `describe_table`."
_ROLLED_BACK = {"outcome": "rolled_back"}


def _constraint(code: Code, message: str, hint: str) -> Meaning:
    return Meaning(DatabaseError, code, message, hint, objects=True)


def _invalid(message: str = "PostgreSQL refuses the statement as it is written.", hint: str | None = None) -> Meaning:
    """A statement that names only objects in what the server says of it."""
    return Meaning(QueryError, codes.STATEMENT_INVALID, message, hint, server_speaks=True)


def _undefined(message: str) -> Meaning:
    return Meaning(QueryError, codes.UNDEFINED_OBJECT, message, _NAMES, server_speaks=True)


def _bad_value(message: str, hint: str = "Compare the values with the columns' types.") -> Meaning:
    return Meaning(QueryError, codes.BAD_VALUE, message, hint)


_LOST = Meaning(
    DatabaseError,
    codes.CONNECTION_LOST,
    "The connection to the database broke.",
    "Call again; for a write, look first whether it has taken effect.",
    retry_after_ms=500,
)
_NOT_REACHED = Meaning(
    DatabaseError, codes.CONNECTION_FAILED, "The database can't be reached.", "`pgmcp check` looks at each part."
)
_OUT_OF_TIME_OPEN = Meaning(
    TransactionError,
    codes.TRANSACTION_ENDED,
    "The transaction was open for too long and has been rolled back.",
    "Begin another one and end it sooner.",
    details=_ROLLED_BACK,
)
_RAISED = Meaning(
    DatabaseError,
    codes.RAISED,
    "A function or trigger of the database raised an error.",
    server_speaks=True,
)
_RESOURCES = Meaning(
    DatabaseError,
    codes.OUT_OF_RESOURCES,
    "The database server has run out of a resource.",
    "Call again later; if it stays so, the server's operator has to look at its disk and memory.",
    retry_after_ms=5000,
)

UNKNOWN = Meaning(
    DatabaseError, codes.DATABASE_FAILED, "PostgreSQL reported an error.", "See the database server's log."
)

UNREADABLE = _bad_value(
    "A text doesn't keep to the grammar of what it is read as.",
    "See PostgreSQL's documentation of that type: jsonpath, tsquery and their like.",
)
"""What 42601 means where no place in the statement is given: then it is a value that has a grammar."""

NO_PARTITION = _constraint(
    codes.CHECK_VIOLATION,
    "A row fits no partition of its table, or not the bounds of the one that it was sent to.",
    "`describe_table` shows a table's partitions, or whose partition it is.",
)
"""What 23514 means where no constraint is named."""

BY_STATE: Mapping[str, Meaning] = {
    "0A000": Meaning(QueryError, codes.FEATURE_NOT_SUPPORTED, "PostgreSQL doesn't support that.", server_speaks=True),
    "08001": _NOT_REACHED,
    "08004": _NOT_REACHED,
    "08P01": UNKNOWN,
    "22001": Meaning(
        QueryError, codes.VALUE_TOO_LONG, "A value is longer than its column takes.", "Shorten it.", objects=True
    ),
    "22000": _bad_value("A value breaks a rule of its type, such as a range whose lower bound is above its upper."),
    "22003": _bad_value("A number is out of its type's range."),
    "22007": _bad_value("A text can't be read as a date or time.", "Use ISO 8601, such as 2026-01-31T12:00:00Z."),
    "22008": _bad_value("A date or time is out of range."),
    "22009": _bad_value("The offset of a time zone is out of range."),
    "22012": _bad_value("A number is divided by zero.", "Guard the divisor with nullif(…, 0)."),
    "22021": _bad_value("A text holds a character that PostgreSQL can't keep, such as NUL."),
    "22026": _bad_value("A string of bits has another length than its column.", "Give as many as the column has."),
    "22023": _bad_value(
        "PostgreSQL doesn't take the value of a setting or of a function's argument, such as an unknown time zone.",
        "Compare it with those that it knows.",
    ),
    "22025": _bad_value("A LIKE pattern ends in its escape character.", "A backslash itself is written twice: \\\\."),
    "2201B": _bad_value("A regular expression is invalid.", "See PostgreSQL's POSIX regular expressions."),
    "22P02": _bad_value("A text can't be read as a value of the type that it is wanted in."),
    "23502": _constraint(
        codes.NOT_NULL_VIOLATION, "A column that must have a value has none.", "Give the column a value."
    ),
    "23503": _constraint(
        codes.FOREIGN_KEY_VIOLATION,
        "A foreign key is violated: a row would refer to one that is not there.",
        "Create the row that is referred to first, or remove those that refer to it first.",
    ),
    "23505": _constraint(
        codes.UNIQUE_VIOLATION,
        "A row with the same unique key exists already.",
        "Change the key, or say with on_conflict what shall happen.",
    ),
    "23514": _constraint(
        codes.CHECK_VIOLATION, "A row breaks a check constraint.", "`describe_table` shows the constraint's expression."
    ),
    "23001": _constraint(
        codes.RESTRICT_VIOLATION, "Rows of another table still refer to the row.", "Remove or change those rows first."
    ),
    "23P01": _constraint(
        codes.EXCLUSION_VIOLATION,
        "A row conflicts with another one by an exclusion constraint.",
        "`describe_table` shows what may not overlap.",
    ),
    "25001": _invalid("The statement can't run inside a transaction."),
    "25006": Meaning(
        DatabaseError,
        codes.READ_ONLY_SERVER,
        "The statement would change something, but the transaction is read-only.",
        "Reads run in read-only transactions; a standby server takes no writes at all.",
    ),
    "25P02": Meaning(
        TransactionError,
        codes.TRANSACTION_FAILED,
        "An earlier statement of the transaction failed, so it takes no further one.",
        "Roll back to a savepoint, or the whole transaction.",
    ),
    "25P03": _OUT_OF_TIME_OPEN,
    "25P04": _OUT_OF_TIME_OPEN,
    "3B001": Meaning(TransactionError, codes.SAVEPOINT_UNKNOWN, "The transaction has no savepoint of that name."),
    "3D000": Meaning(
        DatabaseError, codes.UNKNOWN_DATABASE, "The server has no database of that name.", "Check the address."
    ),
    "3F000": _undefined("There is no schema of that name."),
    "40001": Meaning(
        DatabaseError,
        codes.SERIALIZATION_FAILURE,
        "A concurrent transaction changed the same data.",
        "Repeat the whole transaction.",
        retry_after_ms=50,
    ),
    "40002": _constraint(codes.CHECK_VIOLATION, "A constraint failed at the transaction's end.", "Look at its data."),
    "40P01": Meaning(
        DatabaseError,
        codes.DEADLOCK_DETECTED,
        "Two transactions waited for each other, and this one was ended.",
        "Repeat it; taking locks in the same order everywhere avoids this.",
        retry_after_ms=100,
    ),
    "42501": Meaning(SecurityError, codes.PERMISSION_DENIED, "PostgreSQL's role may not do that.", server_speaks=True),
    "42601": Meaning(
        QueryError,
        codes.SYNTAX_ERROR,
        "The statement has a syntax error.",
        "`position` is the character where it was found.",
    ),
    "42703": _undefined("There is no column of that name."),
    "42704": _undefined("There is no object of that name."),
    "42883": _undefined("There is no function or operator of that name for these types."),
    "42P01": _undefined("There is no table or view of that name."),
    "42P02": Meaning(
        QueryError,
        codes.PARAMETER_COUNT,
        "The statement refers to a parameter that it is not given.",
        server_speaks=True,
    ),
    "44000": _constraint(
        codes.CHECK_VIOLATION,
        "A row would not be visible through its view.",
        "`describe_table` shows the view's definition.",
    ),
    "54001": Meaning(QueryError, codes.STATEMENT_TOO_LARGE, "The statement is too complex.", "Nest less, or split it."),
    "54PM1": Meaning(
        QueryError,
        codes.STATEMENT_TOO_LARGE,
        "What PostgreSQL says to the statement is larger than is taken of it.",
        "Ask for less at once: no whole values of such a size, and no plan or message that shows one.",
    ),
    "55P03": Meaning(
        DatabaseError,
        codes.LOCK_TIMEOUT,
        "A lock was not to be had in time.",
        "Call again; another transaction holds it.",
    ),
    "53300": Meaning(
        DatabaseError, codes.TOO_MANY_CONNECTIONS, "The server takes no more connections.", "Lower `pool_max`, or wait."
    ),
    "57014": Meaning(
        QueryError,
        codes.STATEMENT_TIMEOUT,
        "The statement ran out of its time and was stopped.",
        "Narrow it (filter, limit, an index) or allow more time with `timeout_ms`; `explain_query` shows its plan.",
    ),
    "57P03": _NOT_REACHED,
    "P0002": Meaning(DatabaseError, codes.RAISED, _RAISED.message),
    "P0003": Meaning(DatabaseError, codes.RAISED, _RAISED.message),
}

BY_CLASS: Mapping[str, Meaning] = {
    "08": _LOST,
    "0A": BY_STATE["0A000"],
    "20": _bad_value("A CASE has no branch for a value."),
    "21": _invalid(hint="A subquery or a conflict target must give one row for each."),
    "22": _bad_value("PostgreSQL could not read or convert a value."),
    "23": _constraint(codes.CHECK_VIOLATION, "A row breaks a constraint.", "`describe_table` shows the constraints."),
    "25": _invalid("The transaction is not in a state for that."),
    "28": Meaning(
        DatabaseError,
        codes.AUTHENTICATION_FAILED,
        "The server refuses the user or the password.",
        "Check both in the address, and pg_hba.conf on the server.",
    ),
    "2B": _invalid("Other objects still depend on it."),
    "38": BY_STATE["P0002"],
    "39": BY_STATE["P0002"],
    "40": BY_STATE["40001"],
    "42": _invalid(),
    "44": BY_STATE["44000"],
    "53": _RESOURCES,
    "54": Meaning(QueryError, codes.STATEMENT_INVALID, "The statement or a value in it is beyond PostgreSQL's limits."),
    "55": _invalid("An object is not in a state for that."),
    "57": _LOST,
    "58": _RESOURCES,
    "P0": _RAISED,
    # Other classes that PostgreSQL uses itself.
    "72": UNKNOWN,
    "F0": UNKNOWN,
    "HV": UNKNOWN,
    "XX": UNKNOWN,
}


def meaning_of(sqlstate: str) -> Meaning:
    """What a SQLSTATE means: by itself, or by its class, or as one that the database's author made up.

    Classes that begin with 5-9 or I-Z are free for implementations; where PostgreSQL doesn't use one, it is a RAISE's.
    """
    known = BY_STATE.get(sqlstate) or BY_CLASS.get(sqlstate[:2])
    if known is not None:
        return known
    return _RAISED if sqlstate[0] in "56789" or sqlstate[0] >= "I" else UNKNOWN
