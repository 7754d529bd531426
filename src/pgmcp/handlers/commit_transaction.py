"""commit_transaction."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.requests import CommitTransactionRequest
from pgmcp.domain.transacting import ChangeTransaction
from pgmcp.domain.transactions import Lease
from pgmcp.handlers.transacting import EXAMPLE, ChangingHandler


class CommitTransactionHandler(ChangingHandler[CommitTransactionRequest]):
    """Ends a transaction and keeps its work."""

    name = "commit_transaction"
    request = CommitTransactionRequest
    summary = "Commit a transaction: keep its work and end it."
    example: ClassVar = EXAMPLE

    async def plan(self, request: CommitTransactionRequest, call: CallContext) -> ChangeTransaction:
        """What part of it is meant."""
        return ChangeTransaction()

    async def run(self, plan: ChangeTransaction, request: CommitTransactionRequest, call: CallContext) -> Lease:
        """Do it."""
        return await self.leases.commit(call)
