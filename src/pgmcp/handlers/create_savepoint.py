"""create_savepoint."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.requests import CreateSavepointRequest
from pgmcp.domain.transacting import ChangeTransaction
from pgmcp.domain.transactions import Lease
from pgmcp.handlers.transacting import EXAMPLE, ChangingHandler, savepoint_named


class CreateSavepointHandler(ChangingHandler[CreateSavepointRequest]):
    """Marks a place in a transaction."""

    name = "create_savepoint"
    request = CreateSavepointRequest
    summary = "Mark a place in a transaction that rollback_transaction can go back to."
    example: ClassVar = EXAMPLE | {"name": "before_prices"}

    async def plan(self, request: CreateSavepointRequest, call: CallContext) -> ChangeTransaction:
        """What part of it is meant."""
        return savepoint_named(request.name, "name")

    async def run(self, plan: ChangeTransaction, request: CreateSavepointRequest, call: CallContext) -> Lease:
        """Do it."""
        return await self.leases.savepoint(request.name, call)
