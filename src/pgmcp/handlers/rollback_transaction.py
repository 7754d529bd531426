"""rollback_transaction."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.requests import RollbackTransactionRequest
from pgmcp.domain.transacting import ChangeTransaction
from pgmcp.domain.transactions import Lease
from pgmcp.handlers.transacting import EXAMPLE, ChangingHandler, savepoint_named


class RollbackTransactionHandler(ChangingHandler[RollbackTransactionRequest]):
    """Undoes a transaction, wholly or in part."""

    name = "rollback_transaction"
    destructive = True
    request = RollbackTransactionRequest
    summary = (
        "Undo a transaction and end it; with savepoint undo only what came behind that, and go on, even after an error."
    )
    example: ClassVar = EXAMPLE | {"savepoint": "before_prices"}

    async def plan(self, request: RollbackTransactionRequest, call: CallContext) -> ChangeTransaction:
        """What part of it is meant."""
        if request.savepoint is None:
            return ChangeTransaction()
        return savepoint_named(request.savepoint, "savepoint")

    async def run(self, plan: ChangeTransaction, request: RollbackTransactionRequest, call: CallContext) -> Lease:
        """Do it."""
        if plan.savepoint is None:
            return await self.leases.rollback(call)
        return await self.leases.rollback_to(plan.savepoint, call)
