"""Plans on transactions that callers hold: to begin one, to change it, to look at it."""

from __future__ import annotations

from attrs import frozen

from pgmcp.domain.transactions import TransactionOptions


@frozen(kw_only=True)
class BeginTransaction:
    """Begin a transaction and hold it for the caller.

    Args:
        options: How it begins.
        total_s, idle_s: The limits that are wished for; None for the settings'.
    """

    options: TransactionOptions
    total_s: float | None = None
    idle_s: float | None = None


@frozen(kw_only=True)
class ChangeTransaction:
    """End the call's transaction, or mark or undo a part of it.

    Args:
        savepoint: The part; None for the whole.
    """

    savepoint: str | None = None


@frozen(kw_only=True)
class InspectTransaction:
    """Look at the call's transaction."""


Transacting = BeginTransaction | ChangeTransaction | InspectTransaction
