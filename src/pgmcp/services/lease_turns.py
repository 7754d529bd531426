"""LeaseTurns: who may use a lease, and when: its owner, one call at a time, while it is open."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from pgmcp.domain.calls import CallContext
from pgmcp.domain.lease_errors import ended, failed, unknown
from pgmcp.domain.transactions import EndReason, Lease
from pgmcp.ports.clock import Clock
from pgmcp.ports.leases import LeaseKeeper, Turn
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

    def take(self, call: CallContext, check: Callable[[CallContext], Lease]) -> TakenTurn:
        """The lease that a call names and its transaction, once it is this call's turn.

        Args:
            call: Whose turn it is to be.
            check: `usable` or `ready`: what the lease has to be, before and once it is this call's turn.

        Raises:
            NotFoundError, TransactionError: As `check`, of a lease that ended or failed while the call waited too.
            DatabaseError: `call_timeout`.
        """
        return TakenTurn(self, call, check)

    async def left(self, turn: Turn) -> None:
        """End a lease whose turn was given back after the leases were closed."""
        await self.ends.finish(turn.lease.id, EndReason.SHUTDOWN)


class TakenTurn:
    """One call's turn. A class: as a generator it would cost more than all else that is done here.

    Attributes:
        lease: The lease, as it is at the turn's beginning.
        transaction: Its transaction.
    """

    __slots__ = ("_call", "_check", "_turn", "_turns", "lease", "transaction")

    lease: Lease
    transaction: Transaction

    def __init__(self, turns: LeaseTurns, call: CallContext, check: Callable[[CallContext], Lease]) -> None:
        """A turn that `async with` takes."""
        self._turns = turns
        self._call = call
        self._check = check

    async def __aenter__(self) -> Self:
        """Wait for it."""
        turns, call = self._turns, self._call
        # What takes statements is open too, whatever is asked for.
        turn = turns.keeper.take_at_once(
            call.transaction, call.principal.name, call.view.digest, turns.clock.monotonic()
        )
        if turn is None:
            turn = await self.begun()
        self._turn, self.lease, self.transaction = turn, turn.lease, turn.transaction
        return self

    async def begun(self) -> Turn:
        """Wait for it, for whoever gives it back."""
        turns, call = self._turns, self._call
        keeper = turns.keeper
        lease = self._check(call)
        if lease.is_due(turns.clock.monotonic(), active=keeper.is_active(lease.id)):
            await turns.ends.expire(lease.id)
        try:
            turn = await keeper.take(lease.id, call.deadline)
        except KeyError:
            # It ended while this call waited for its turn.
            turns.usable(call)
            raise
        if turn.lease is not lease:
            try:
                self._check(call)
            except BaseException:
                turn.give_back()
                if keeper.closed:
                    await turns.left(turn)
                raise
        return turn

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let whoever is next have it."""
        self._turn.give_back()
        if self._turns.keeper.closed:
            await self._turns.left(self._turn)
