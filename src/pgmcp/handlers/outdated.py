"""Whether a call failed by what is no longer so of the catalogue, so that it may be planned and tried once more."""

from __future__ import annotations

from typing import Any

from pgmcp.domain.errors import PgmcpError, ValidationError, codes
from pgmcp.domain.requests import RequestBase, TableRequest

# What the server says when a kept fact of the catalogue, or a kept plan, no longer holds: an unknown table or column, a
# cached plan whose result changed. https://www.postgresql.org/docs/18/errcodes-appendix.html
_STALE = frozenset({"42P01", "42703", "0A000"})
# And to a statement of ours, which names no types but those that are known: an unknown operator, function or type,
# another type than expected.
_RETYPED = frozenset({"42883", "42804", "42704"})
# What planning may say only because others have changed the relation since it was read.
_OUTDATED = frozenset(
    {codes.UNKNOWN_COLUMN, codes.VALUE_INVALID, codes.VALUE_READ_ONLY, codes.RELATION_READ_ONLY}
    | {codes.FILTER_VALUE_INVALID, codes.FILTER_OPERATOR_MISMATCH, codes.FILTER_PATH_INVALID, codes.ORDER_INVALID}
)


def server_found_it_stale(error: PgmcpError, request: RequestBase[Any]) -> bool:
    """Whether the server refused a statement because something is not as it was."""
    if not _repeatable(request):
        return False
    ours = isinstance(request, TableRequest) and error.path is None
    return error.sqlstate in _STALE or (ours and error.sqlstate in _RETYPED)


def may_be_outdated(error: PgmcpError, request: RequestBase[Any]) -> TableRequest[Any] | None:
    """The request, if it was refused by what is known of its relation, which may have changed."""
    mistaken = isinstance(error, ValidationError) and error.code in _OUTDATED
    return request if mistaken and isinstance(request, TableRequest) and _repeatable(request) else None


def _repeatable(request: RequestBase[Any]) -> bool:
    """Whether a request can be carried out once more: not when its records come from somewhere only once."""
    records = getattr(request, "records", ())
    return isinstance(records, (list, tuple))
