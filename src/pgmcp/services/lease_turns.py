"""LeaseTurns: who may use a lease, and when: its owner, one call at a time, while it is open."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType

from pgmcp.domain.calls import CallContext
from pgmcp.domain.lease_errors import ended, failed, unknown
from pgmcp.domain.transactions import EndReason, Lease
from pgmcp.ports.clock import Clock
from pgmcp.ports.leases import LeaseKeeper
from pgmcp.ports.transactions import Transaction
from pgmcp.services.lease_ends import LeaseEnds


class LeaseTurns:
    """Lets calls into the leases that they name, and keeps everybody else out."""

    def __init__(self, keeper: LeaseKeeper, ends: LeaseEnds, clock: Clock) -> None:
        """Let calls into what `keeper` holds."""
        self.keeper = keeper
        self.ends = ends
        self.clock = clock

    def own(self, call: CallContext) -> Lease:
        """The lease that a call names, whatever has become of it.

        Raises:
            NotFoundError: `transaction_unknown`: there is none, or it is somebody else's.
        """
        lease = None if call.transaction is None else self.keeper.find(call.transaction)
        if lease is None or (lease.owner, lease.view) != (call.principal.name, call.view.digest):
            raise unknown()
        return lease

    def usable(self, call: CallContext) -> Lease:
        """The lease that a call names, which is open.

        Raises:
            NotFoundError: As `own`.
            TransactionError: `transaction_ended`, with how.
        """
        lease = self.own(call)
        if lease.end is not None:
            raise ended(lease.end)
        return lease

    def ready(self, call: CallContext) -> Lease:
        """The lease that a call names, which takes statements.

        Raises:
            NotFoundError: As `own`.
            TransactionError: As `usable`; `transaction_failed`, with what is possible.
        """
        lease = self.usable(call)
        if lease.failed is not None:
            raise failed(lease)
        return lease

    def take(self, call: CallContext) -> AbstractAsyncContextManager[Transaction]:
        """The transaction of the call's lease, once it is this call's turn.

        Raises:
            NotFoundError, TransactionError: As `usable`, of a lease that ended while the call waited too.
            DatabaseError: `call_timeout`.
        """
        return _Turn(self, call)


class _Turn(AbstractAsyncContextManager[Transaction]):
    """One call's turn. A class: as a generator it would cost more than all else that is done here."""

    __slots__ = ("_call", "_lease", "_turn", "_turns")

    def __init__(self, turns: LeaseTurns, call: CallContext) -> None:
        self._turns = turns
        self._call = call

    async def __aenter__(self) -> Transaction:
        turns = self._turns
        keeper = turns.keeper
        lease = self._lease = turns.own(self._call)
        if lease.is_due(turns.clock.monotonic(), active=keeper.is_active(lease.id)):
            await turns.ends.expire(lease.id)
        try:
            self._turn = keeper.turn(lease.id, self._call.deadline)
            return await self._turn.__aenter__()
        except KeyError:
            # It ended while this call waited for its turn.
            turns.usable(self._call)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._turn.__aexit__(kind, error, traceback)
        if self._turns.keeper.closed:
            await self._turns.ends.finish(self._lease.id, EndReason.SHUTDOWN)
