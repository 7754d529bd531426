"""Receipts in memory: seen by others once their transaction is committed, as everything else."""

from __future__ import annotations

from pgmcp.adapters.memory.engine import Engine
from pgmcp.adapters.memory.faults import UNIQUE_VIOLATION, fault
from pgmcp.adapters.memory.transactions import MemoryTransaction
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Plan
from pgmcp.domain.receipts import Kept, Receipt
from pgmcp.ports.transactions import Transaction


class MemoryReceiptBook:
    """Implements `ReceiptBook`. As there is one writer at a time, who writes with a key waits for any other.

    Args:
        engine: The database.
        most: How many receipts are kept, the latest.
    """

    def __init__(self, engine: Engine, *, most: int = 10_000) -> None:
        self._engine = engine
        self._most = most

    def goes_along(self, plan: Plan) -> bool:
        """A write of several steps is as quick here."""
        return False

    async def ready(self, call: CallContext) -> None:
        """There is always room."""

    async def claim(self, receipt: Receipt, call: CallContext, within: Transaction) -> Kept | None:
        transaction = MemoryTransaction.of(within)
        await transaction.lock(call)
        kept = await self.find(receipt, call, within)
        if kept is None:
            transaction.receipts[_place(receipt)] = Kept(digest=receipt.digest, answer=None)
        return kept

    async def fill(self, receipt: Receipt, answer: str, call: CallContext, within: Transaction) -> None:
        MemoryTransaction.of(within).receipts[_place(receipt)] = Kept(digest=receipt.digest, answer=answer)

    async def settle(self, receipt: Receipt, call: CallContext) -> Kept | None:
        return await self.find(receipt, call, None)

    async def find(self, receipt: Receipt, call: CallContext, within: Transaction | None) -> Kept | None:
        place = _place(receipt)
        own = None if within is None else MemoryTransaction.of(within).receipts.get(place)
        return own or self._engine.receipts.get(place)

    async def add(self, receipt: Receipt, answer: str, call: CallContext, within: Transaction) -> None:
        if await self.find(receipt, call, within) is not None:
            raise fault(UNIQUE_VIOLATION)
        await self.fill(receipt, answer, call, within)

    async def tidy(self, call: CallContext) -> None:
        for place in list(self._engine.receipts)[: -self._most]:
            del self._engine.receipts[place]


def _place(receipt: Receipt) -> tuple[str, str]:
    return receipt.principal, receipt.key
