"""release_savepoint."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.requests import ReleaseSavepointRequest
from pgmcp.domain.transacting import ChangeTransaction
from pgmcp.domain.transactions import Lease
from pgmcp.handlers.transacting import EXAMPLE, ChangingHandler, savepoint_named


class ReleaseSavepointHandler(ChangingHandler[ReleaseSavepointRequest]):
    """Forgets a savepoint."""

    name = "release_savepoint"
    request = ReleaseSavepointRequest
    summary = "Forget a savepoint of a transaction, and keep what was done since."
    example: ClassVar = EXAMPLE | {"name": "before_prices"}

    async def plan(self, request: ReleaseSavepointRequest, call: CallContext) -> ChangeTransaction:
        """What part of it is meant."""
        return savepoint_named(request.name, "name")

    async def run(self, plan: ChangeTransaction, request: ReleaseSavepointRequest, call: CallContext) -> Lease:
        """Do it."""
        return await self.leases.release(request.name, call)
