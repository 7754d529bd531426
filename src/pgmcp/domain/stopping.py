"""What is said of a call that was stopped: by its deadline, or by whoever made it; and how what it wrote ended.

A cancellation is nobody's error, so it goes on as it came. What became of a write stands behind it as its cause.
"""

from __future__ import annotations

from pgmcp.domain.errors import DatabaseError, PgmcpError, codes
from pgmcp.domain.transactions import Outcome


def out_of_time(outcome: Outcome | None = None) -> DatabaseError:
    """For a call whose deadline has passed.

    Args:
        outcome: How the write ended that it was; None for what changes nothing, or was not begun.
    """
    if outcome is Outcome.COMMITTED:
        return DatabaseError(
            codes.CALL_TIMEOUT_COMMITTED,
            "The call ran out of its time, but its statement could not be stopped any more: it is committed.",
            hint="Don't repeat it: look at what is there now.",
            details={"outcome": outcome},
        )
    text = "The call ran out of its time; its statement was stopped."
    hint = "Ask for less (a narrower filter, fewer rows) or give the call more time."
    if outcome is Outcome.UNKNOWN:
        text = "The call ran out of its time, and the server didn't say whether its statement was stopped."
        hint = "Look whether its changes are there before repeating them."
    told = {} if outcome is None else {"outcome": outcome}
    return DatabaseError(codes.CALL_TIMEOUT, text, hint=hint, details={"retry_after_ms": 1000} | told)


def cancelled(outcome: Outcome | None = None) -> DatabaseError:
    """For what its caller gave up, who hears of the cancellation itself.

    Args:
        outcome: How the write ended that it was; None where that is nobody's question.
    """
    told = None if outcome is None else {"outcome": outcome}
    return DatabaseError(codes.CANCELLED, "The call was cancelled.", sqlstate="57014", details=told)


def outcome_told(error: BaseException) -> Outcome | None:
    """How the write ended that an error or a cancellation is about; None where it doesn't say."""
    telling = error if isinstance(error, PgmcpError) else error.__cause__
    found = telling.details.get("outcome") if isinstance(telling, PgmcpError) else None
    return None if found is None else Outcome(found)
