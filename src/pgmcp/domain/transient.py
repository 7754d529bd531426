"""Which errors pass by themselves, so that the same statement may well succeed when it is run again."""

from __future__ import annotations

from pgmcp.domain.errors import PgmcpError, codes

# Classes and codes of PostgreSQL 18, appendix A. https://www.postgresql.org/docs/18/errcodes-appendix.html
_CLASSES = frozenset({"08", "53"})
_STATES = frozenset({"40001", "40P01", "57P01", "57P02", "57P03", "57P05"})
# A wrong protocol stays wrong; a full disk and a configured limit stay for longer than any call does, and asking again
# makes neither better.
_LASTING = frozenset({"08P01", "53100", "53400"})


def is_transient(error: PgmcpError) -> bool:
    """Whether the error is of the kind that goes away: by its SQLSTATE, or because no connection was to be had.

    A lock that was not to be had (55P03) is none: the statement has waited for it as long as `lock_timeout_ms` says,
    and trying again would make that bound another one. Nor is a limit of time (57014, `call_timeout`), a full queue
    (`pool_exhausted`) or an open breaker: each says when to come back.
    """
    state = error.sqlstate
    if state is None:
        return error.code is codes.CONNECTION_FAILED
    return state in _STATES or (state[:2] in _CLASSES and state not in _LASTING)


def is_without_effect(error: PgmcpError) -> bool:
    """Whether a write that ended with the error is known to have changed nothing."""
    return error.details.get("outcome") == "rolled_back"
