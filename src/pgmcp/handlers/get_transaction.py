"""get_transaction."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.calls import CallContext
from pgmcp.domain.lease_errors import failed
from pgmcp.domain.plans import Effect
from pgmcp.domain.requests import GetTransactionRequest
from pgmcp.domain.responses import TransactionResponse
from pgmcp.domain.transacting import InspectTransaction
from pgmcp.handlers.transacting import EXAMPLE, TransactionHandler
from pgmcp.services.leases import LeaseReport


class GetTransactionHandler(
    TransactionHandler[GetTransactionRequest, InspectTransaction, LeaseReport, TransactionResponse]
):
    """Says what a transaction is doing, or how it ended."""

    name = "get_transaction"
    effect = Effect.READ
    idempotent = True
    request = GetTransactionRequest
    summary = "Say what a transaction is doing (state, time left, savepoints, locks, whom it blocks), or how it ended."
    example: ClassVar = EXAMPLE

    async def plan(self, request: GetTransactionRequest, call: CallContext) -> InspectTransaction:
        """Look at it."""
        return InspectTransaction()

    async def run(self, plan: InspectTransaction, request: GetTransactionRequest, call: CallContext) -> LeaseReport:
        """Ask what is known of it, and the database what it holds."""
        return await self.leases.report(call)

    def answer(
        self, got: LeaseReport, plan: InspectTransaction, request: GetTransactionRequest, call: CallContext
    ) -> TransactionResponse:
        """Times in seconds, to the millisecond."""
        lease, end, held = got.lease, got.lease.end, got.footprint
        until = got.at if end is None else end.at
        return TransactionResponse(
            transaction_id=lease.id,
            state=lease.state(active=got.active),
            isolation_level=lease.options.isolation.value,
            read_only=lease.options.read_only,
            deferrable=lease.options.deferrable or None,
            age_s=round(until - lease.began_at, 3),
            idle_s=round(got.at - lease.used_at, 3) if end is None and not got.active else None,
            expires_in_s=round(max(0.0, _expiry(got) - got.at), 3) if end is None else None,
            statements=lease.statements,
            savepoints=list(lease.savepoints) if end is None else None,
            locks=None if held is None else [{"relation": each.relation, "mode": each.mode} for each in held.locks],
            blocking=None if held is None else list(held.blocking),
            sqlstate=lease.failed,
            outcome=None if end is None else end.outcome.value,
            reason=None if end is None else end.reason.value,
            hint=failed(lease).hint if lease.failed is not None and end is None else None,
        )


def _expiry(report: LeaseReport) -> float:
    return report.lease.ends_at if report.active else report.lease.expires_at
