"""begin_transaction."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Effect
from pgmcp.domain.requests import BeginTransactionRequest
from pgmcp.domain.responses import TransactionResponse
from pgmcp.domain.transacting import BeginTransaction
from pgmcp.domain.transactions import Isolation, Lease, LeaseState, TransactionOptions
from pgmcp.handlers.transacting import TransactionHandler


class BeginTransactionHandler(
    TransactionHandler[BeginTransactionRequest, BeginTransaction, Lease, TransactionResponse]
):
    """Opens a transaction that the caller holds between calls."""

    name = "begin_transaction"
    effect = Effect.UPDATE
    request = BeginTransactionRequest
    summary = (
        "Begin a transaction; pass its transaction_id to the calls that belong to it, then commit or roll back. It ends"
        " by itself at its limits."
    )
    example: ClassVar = {"isolation_level": "serializable", "timeout_s": 120}

    async def plan(self, request: BeginTransactionRequest, call: CallContext) -> BeginTransaction:
        """Take the options as they are; the limits are the settings' to cut."""
        return BeginTransaction(
            options=TransactionOptions(
                isolation=Isolation(request.isolation_level),
                read_only=request.read_only,
                deferrable=request.deferrable,
            ),
            total_s=request.timeout_s,
            idle_s=request.idle_timeout_s,
        )

    async def run(self, plan: BeginTransaction, request: BeginTransactionRequest, call: CallContext) -> Lease:
        """Open it."""
        return await self.leases.begin(plan.options, plan.total_s, plan.idle_s, call)

    def answer(
        self, got: Lease, plan: BeginTransaction, request: BeginTransactionRequest, call: CallContext
    ) -> TransactionResponse:
        """Its handle and its limits."""
        return TransactionResponse(
            transaction_id=got.id,
            state=LeaseState.IDLE,
            isolation_level=got.options.isolation.value,
            read_only=got.options.read_only,
            deferrable=got.options.deferrable or None,
            expires_in_s=got.limits.idle_s,
            timeout_s=got.limits.total_s,
            idle_timeout_s=got.limits.idle_s,
        )
