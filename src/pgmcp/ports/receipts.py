"""Where receipts of writes are kept: in the database itself, so that they stand or fall with the write."""

from __future__ import annotations

from typing import Protocol

from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Plan
from pgmcp.domain.receipts import Kept, Receipt
from pgmcp.ports.transactions import Transaction


class ReceiptBook(Protocol):
    """Keeps what was answered to a write, by its principal and key."""

    def goes_along(self, plan: Plan) -> bool:
        """Whether the repository of such a write keeps the call's receipt by the write's own statement.

        What was kept under the key before it raises as `AlreadyKept` then, with nothing done. Who comes while the first
        is at it fails once that has ended, with nothing done.
        """
        ...

    async def ready(self, call: CallContext) -> None:
        """See that receipts can be kept; make their place if there is none and that is allowed.

        Raises:
            DatabaseError: `receipts_unavailable`.
        """
        ...

    async def claim(self, receipt: Receipt, call: CallContext, within: Transaction) -> Kept | None:
        """Take a key for a write that is about to run; waits for another transaction that has taken it.

        Returns:
            None when it is taken now; else what is kept under it.

        Raises:
            DatabaseError: `lock_timeout` or `call_timeout` when the other did not end in time.
        """
        ...

    async def fill(self, receipt: Receipt, answer: str, call: CallContext, within: Transaction) -> None:
        """Keep the answer under a key that was taken in the same transaction."""
        ...

    async def settle(self, receipt: Receipt, call: CallContext) -> Kept | None:
        """What became of a write whose own statement was to keep its receipt, and whose answer was lost.

        Returns:
            What is kept; None where it was not done, nor will be, however late that statement may begin.

        Raises:
            PgmcpError: The database can't be asked, or the statement still runs.
        """
        ...

    async def find(self, receipt: Receipt, call: CallContext, within: Transaction | None) -> Kept | None:
        """What is kept under a key, as the transaction sees it; without one, as it is now."""
        ...

    async def add(self, receipt: Receipt, answer: str, call: CallContext, within: Transaction) -> None:
        """Keep an answer in a transaction that goes on.

        Raises:
            DatabaseError: `unique_violation`: another transaction has done the write meanwhile.
        """
        ...

    async def tidy(self, call: CallContext) -> None:
        """Let go of receipts that are older than they are to be kept, now and then."""
        ...
