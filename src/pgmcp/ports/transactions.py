"""Units of work: several statements that stand or fall together."""

from __future__ import annotations

from typing import Protocol

from pgmcp.domain.calls import CallContext
from pgmcp.domain.transactions import Condition, Footprint, Isolation, Outcome, TransactionOptions

__all__ = ["Condition", "Footprint", "Isolation", "Outcome", "Transaction", "TransactionOptions", "UnitOfWork"]


class Transaction(Protocol):
    """A transaction that is open on one connection. After `commit` or `rollback` it is of no further use."""

    @property
    def lost(self) -> bool:
        """Whether its connection is known to be gone, so that it is rolled back; no server is asked."""
        ...

    async def savepoint(self, name: str, call: CallContext) -> None:
        """Mark a place to come back to.

        Raises:
            TransactionError: The transaction has failed or ended.
        """
        ...

    async def rollback_to(self, name: str, call: CallContext) -> None:
        """Undo everything since the savepoint, which stays.

        Raises:
            TransactionError: There is no such savepoint.
        """
        ...

    async def release(self, name: str, call: CallContext) -> None:
        """Forget the savepoint and keep what was done since.

        Raises:
            TransactionError: There is no such savepoint, or the transaction has failed.
        """
        ...

    async def commit(self, call: CallContext) -> Outcome:
        """End it and keep its work; what PostgreSQL turns into a rollback is `ROLLED_BACK`.

        Raises:
            PgmcpError: A deferred constraint or a conflict; `details.outcome` says how it ended.
        """
        ...

    async def condition(self) -> Condition:
        """What it is good for; asks the server only after an error that leaves a doubt. Not for one that has ended."""
        ...

    async def footprint(self, call: CallContext) -> Footprint:
        """What it holds and who waits for it, asked for beside it: neither waits for what runs in it.

        Raises:
            DatabaseError: The database could not be asked.
        """
        ...

    async def rollback(self) -> Outcome:
        """End it and undo its work; safe to call on a broken connection and after an end, past any deadline."""
        ...


class UnitOfWork(Protocol):
    """Where transactions come from."""

    async def begin(self, options: TransactionOptions, call: CallContext) -> Transaction:
        """Open a transaction.

        Raises:
            DatabaseError: No connection was to be had.
        """
        ...
