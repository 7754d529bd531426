"""Units of work: several statements that stand or fall together."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from attrs import frozen

from pgmcp.domain.calls import CallContext


class Isolation(StrEnum):
    """PostgreSQL's isolation levels. https://www.postgresql.org/docs/18/transaction-iso.html"""

    READ_COMMITTED = "read committed"
    REPEATABLE_READ = "repeatable read"
    SERIALIZABLE = "serializable"
    READ_UNCOMMITTED = "read uncommitted"


@frozen(kw_only=True)
class TransactionOptions:
    """How a transaction begins."""

    isolation: Isolation = Isolation.READ_COMMITTED
    read_only: bool = False
    deferrable: bool = False


class Outcome(StrEnum):
    """How a transaction ended; `UNKNOWN` when the server could not be asked."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"


class Transaction(Protocol):
    """A transaction that is open on one connection. After `commit` or `rollback` it is of no further use."""

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
