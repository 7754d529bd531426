"""Requests on transactions that are held between calls."""

from __future__ import annotations

from attrs import field, frozen

from pgmcp.domain.arguments import MARK, Argument, argument
from pgmcp.domain.requests.base import R, RequestBase
from pgmcp.domain.responses import AcknowledgementResponse, TransactionResponse
from pgmcp.domain.transactions import Isolation

HANDLE = Argument()


@frozen(kw_only=True)
class TransactionRequest(RequestBase[R]):
    """A command on a transaction that is held between calls."""


@frozen(kw_only=True)
class BeginTransactionRequest(TransactionRequest[TransactionResponse]):
    """Begin a transaction and hold it.

    Args:
        isolation_level: The isolation level.
        read_only: Whether it refuses every write.
        deferrable: Whether it may wait at its beginning; means something for serializable and read-only alone.
        timeout_s: Its total limit, at most `lease_total_s`.
        idle_timeout_s: How long it may lie idle between two calls, at most `lease_idle_s`.
    """

    isolation_level: str = argument(Isolation.READ_COMMITTED.value, choices=tuple(Isolation))
    read_only: bool = False
    deferrable: bool = False
    timeout_s: float | None = argument(None, above=0)
    idle_timeout_s: float | None = argument(None, above=0)


@frozen(kw_only=True)
class CommitTransactionRequest(TransactionRequest[AcknowledgementResponse]):
    """End a transaction and keep its work.

    Args:
        transaction_id: What `begin_transaction` gave.
    """

    transaction_id: str = field(metadata={MARK: HANDLE})


@frozen(kw_only=True)
class RollbackTransactionRequest(TransactionRequest[AcknowledgementResponse]):
    """Undo a transaction, wholly or in part.

    Args:
        transaction_id: What `begin_transaction` gave.
        savepoint: Undo only what came behind this one, and go on; None ends the transaction.
    """

    transaction_id: str = field(metadata={MARK: HANDLE})
    savepoint: str | None = None


@frozen(kw_only=True)
class CreateSavepointRequest(TransactionRequest[AcknowledgementResponse]):
    """Mark a place in a transaction to come back to.

    Args:
        transaction_id: What `begin_transaction` gave.
        name: The savepoint's name; the latest of a name hides those before.
    """

    transaction_id: str = field(metadata={MARK: HANDLE})
    name: str = field(metadata={MARK: Argument()})


@frozen(kw_only=True)
class ReleaseSavepointRequest(TransactionRequest[AcknowledgementResponse]):
    """Forget a savepoint and those behind it, and keep what was done since.

    Args:
        transaction_id: What `begin_transaction` gave.
        name: The savepoint's name.
    """

    transaction_id: str = field(metadata={MARK: HANDLE})
    name: str = field(metadata={MARK: Argument()})


@frozen(kw_only=True)
class GetTransactionRequest(TransactionRequest[TransactionResponse]):
    """Say what a transaction is doing, or how it ended.

    Args:
        transaction_id: What `begin_transaction` gave.
    """

    transaction_id: str = field(metadata={MARK: HANDLE})
