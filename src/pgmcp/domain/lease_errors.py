"""What is said when a lease can't be had, found or used."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.domain.errors import DatabaseError, NotFoundError, PgmcpError, TransactionError, codes
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.transactions import End, EndReason, Lease, Outcome

# When a transaction may be begun again that had a definition change under it.
_AGAIN_MS = 50
_SENTENCES = {
    EndReason.COMMITTED: "The transaction has been committed.",
    EndReason.ROLLED_BACK: "The transaction has been rolled back.",
    EndReason.EXPIRED: "The transaction was open for too long and has been rolled back.",
    EndReason.CONNECTION_LOST: "The transaction's connection broke.",
    EndReason.SHUTDOWN: "The transaction was rolled back when the server stopped.",
}


def unknown() -> NotFoundError:
    """For a handle that is forged, another's, or long forgotten: the three can't be told apart."""
    return NotFoundError(
        codes.TRANSACTION_UNKNOWN,
        "There is no such transaction.",
        hint="begin_transaction gives a transaction_id; it is good for its caller and this server process alone.",
        path="transaction_id",
    )


def ended(end: End, sqlstate: str | None = None) -> TransactionError:
    """For a lease that has ended.

    Args:
        end: How it ended.
        sqlstate: PostgreSQL's word for what ended it, or made its commit a rollback.
    """
    text = _SENTENCES[end.reason]
    if end.reason is EndReason.CONNECTION_LOST:
        done = {Outcome.COMMITTED: "it is committed", Outcome.ROLLED_BACK: "it is rolled back"}
        text = f"{text[:-1]}; {done.get(end.outcome, 'whether it was committed is not known')}."
    hints = {
        Outcome.ROLLED_BACK: "Nothing of it was kept: begin another one and repeat what it did.",
        Outcome.UNKNOWN: "Look whether its changes are there before repeating them.",
    }
    return TransactionError(
        codes.TRANSACTION_ENDED,
        text,
        hint=hints.get(end.outcome, "Begin another one for what is still to be done."),
        sqlstate=sqlstate,
        details={"outcome": end.outcome.value, "reason": end.reason.value},
    )


def failed(lease: Lease) -> TransactionError:
    """For a lease that takes nothing but a rollback."""
    savepoints = list(dict.fromkeys(reversed(lease.savepoints)))
    parts = f" to a savepoint ({', '.join(savepoints)}) or wholly" if savepoints else ""
    return TransactionError(
        codes.TRANSACTION_FAILED,
        "An earlier statement of the transaction failed, so it takes no further one.",
        hint=f"Call rollback_transaction{parts}.",
        sqlstate=lease.failed,
        details={"savepoints": savepoints},
    )


def no_savepoint(name: str, known: Sequence[str], path: str) -> TransactionError:
    """For a savepoint that isn't there; `path` is the argument that names it."""
    there = f"There are {', '.join(dict.fromkeys(known))}." if known else "There is none."
    hint = did_you_mean(name, known, otherwise=there)
    return TransactionError(
        codes.SAVEPOINT_UNKNOWN, f"The transaction has no savepoint '{name}'.", hint=hint, path=path
    )


def exhausted(wait_s: float) -> TransactionError:
    """For one lease too many.

    Args:
        wait_s: Seconds until the first of those in the way ends by itself.
    """
    return TransactionError(
        codes.TRANSACTIONS_EXHAUSTED,
        "As many transactions are open as may be.",
        hint="Commit or roll back one that is open, or call again later.",
        details={"retry_after_ms": max(1, round(wait_s * 1000))},
    )


def stopping() -> DatabaseError:
    """For a lease that shall begin when the server ends."""
    return DatabaseError(codes.SHUTTING_DOWN, "The server is stopping.", details={"retry_after_ms": 1000})


def definition_changed(what: str, error: PgmcpError) -> DatabaseError:
    """For a call in a transaction under which others have changed a definition: nothing is wrong with the call.

    Args:
        what: What is no longer so, as a sentence without its end.
        error: What PostgreSQL said of the call, which was made for what there was.
    """
    return DatabaseError(
        codes.SERIALIZATION_FAILURE,
        f"{what}: a definition has changed.",
        hint="Begin the transaction again.",
        sqlstate=error.sqlstate,
        details=error.details | {"retry_after_ms": _AGAIN_MS},
    )
