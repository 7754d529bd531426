"""Errors as a caller under a policy may read them: without names that may not be known, and no words of others."""

from __future__ import annotations

from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.policy.mentions import mentions
from pgmcp.domain.policy.views import View

# PostgreSQL's own words stand in these. Those of a trigger may hold values of the row, and those about rights name
# what lies behind a view.
_WORDS_OF_OTHERS = frozenset({codes.RAISED, codes.PERMISSION_DENIED})
_OF_TWO_TABLES = frozenset({codes.FOREIGN_KEY_VIOLATION, codes.RESTRICT_VIOLATION})
_NAMES_GUESSED = frozenset({"42703", "42P01", "42883", "3F000", "42704"})
_OURS = "Did you mean"
_OBJECTS = ("constraint", "schema", "table", "columns", "column")


def redact(error: PgmcpError, view: View) -> None:
    """Take out of an error what the caller may not know.

    Args:
        error: What PostgreSQL said, in the domain's words.
        view: The caller's view.
    """
    if view.is_open or error.sqlstate is None:
        return
    if error.code in _WORDS_OF_OTHERS:
        _generalise(error)
    if error.sqlstate in _NAMES_GUESSED and not (error.hint or "").startswith(_OURS):
        # PostgreSQL guesses at columns that were meant, hidden ones too.
        error.hint = None
    if _tells_too_much(error, view):
        _generalise(error)
        for name in _OBJECTS:
            error.details.pop(name, None)


def _generalise(error: PgmcpError) -> None:
    """Say what the code says, and no more."""
    error.message, error.hint = error.code.summary, None
    error.args = (error.message,)


def _tells_too_much(error: PgmcpError, view: View) -> bool:
    """Whether the objects that an error names are not all known to the caller."""
    details = error.details
    if error.code in _OF_TWO_TABLES and not (error.refers_to and view.relation(*error.refers_to).known):
        # A constraint's name tells of both its tables.
        return True
    if "table" not in details:
        return False
    sight = view.relation(details.get("schema", "public"), details["table"])
    if not sight.known:
        return True
    columns = [*details.get("columns", ()), *([details["column"]] if "column" in details else ())]
    if any(sight.hides(name) for name in columns):
        return True
    hide = sight.table.hide if sight.table is not None else ()
    return mentions(details.get("constraint"), hide)
