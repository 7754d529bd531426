"""LeaseEnds: how leases come to their end: by an error, by a limit, by the server's own end; and who is told."""

from __future__ import annotations

from contextlib import suppress

from pgmcp.domain.calls import LeaseId
from pgmcp.domain.changes import Changes
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.events import LeaseEnded
from pgmcp.domain.lease_errors import ended
from pgmcp.domain.transactions import Condition, End, EndReason, Lease, Outcome
from pgmcp.ports.changing import ChangeListener
from pgmcp.ports.clock import Clock
from pgmcp.ports.leases import LeaseKeeper
from pgmcp.ports.observing import Observer
from pgmcp.ports.transactions import Transaction

# query_canceled. https://www.postgresql.org/docs/18/errcodes-appendix.html
_STOPPED = "57014"


class LeaseEnds:
    """Ends leases, each once, and says why."""

    def __init__(self, keeper: LeaseKeeper, listener: ChangeListener, clock: Clock, observer: Observer) -> None:
        """End what `keeper` holds; tell `listener` what was written, and `observer` that it ended."""
        self._keeper = keeper
        self._listener = listener
        self._clock = clock
        self._observer = observer

    async def after(self, error: PgmcpError, lease: Lease, transaction: Transaction, changes: Changes) -> PgmcpError:
        """What is left of a lease after an error in it, and the error to raise."""
        now = self._clock.monotonic()
        condition = await transaction.condition()
        if condition is Condition.LOST and lease.is_due(now, active=False):
            condition = Condition.EXPIRED  # by the server's own timer, whose word was lost
        if condition is Condition.OPEN and now < lease.ends_at:
            self._keeper.change(lease.used(now, changes))
            return error
        if condition is Condition.FAILED and now < lease.ends_at:
            # What the server didn't say it was told: a statement was stopped at its call's deadline.
            self._keeper.change(lease.after_error(now, error.sqlstate or _STOPPED))
            return error.with_details(transaction="failed")
        await transaction.rollback()
        reason = EndReason.CONNECTION_LOST if condition is Condition.LOST else EndReason.EXPIRED
        _, end = await self.end(lease, Outcome.ROLLED_BACK, reason)
        return ended(end, error.sqlstate)

    async def expire(self, id_: LeaseId) -> None:
        """End a lease that nobody uses if one of its limits has passed, or its connection is gone."""
        lease = self._keeper.find(id_)
        if lease is not None and lease.is_due(self._clock.monotonic(), active=self._keeper.is_active(id_)):
            await self.finish(id_, EndReason.EXPIRED)
        else:
            await self.notice(id_)

    async def notice(self, id_: LeaseId) -> None:
        """End a lease that nobody uses if its connection is known to be gone; the server is not asked."""
        lease, transaction = self._keeper.find(id_), self._keeper.transaction(id_)
        if lease is None or transaction is None or not transaction.lost:
            return
        # Past its limit it was the server's own timer, whose word was lost.
        due = lease.is_due(self._clock.monotonic(), active=False)
        await self.finish(id_, EndReason.EXPIRED if due else EndReason.CONNECTION_LOST)

    async def finish(self, id_: LeaseId, reason: EndReason) -> None:
        """Roll a lease back that nobody uses; one in use is ended by who uses it."""
        if self._keeper.is_active(id_):
            return
        with suppress(KeyError, PgmcpError):
            turn = await self._keeper.take(id_, self._clock.monotonic())
            try:
                if turn.lease.end is None:
                    await self.end(turn.lease, await turn.transaction.rollback(), reason)
            finally:
                turn.give_back()

    async def end(self, lease: Lease, outcome: Outcome, reason: EndReason) -> tuple[Lease, End]:
        """Write down how a lease ended, and tell who listens."""
        now = self._clock.monotonic()
        end = End(outcome=outcome, reason=reason, at=now)
        lease = lease.ended(end)
        self._keeper.change(lease)
        if lease.changes and outcome is not Outcome.ROLLED_BACK:
            await self._listener.changed(lease.changes, outcome)
        self._observer.observe(
            LeaseEnded(
                principal=lease.owner,
                outcome=outcome,
                reason=reason,
                seconds=now - lease.began_at,
                statements=lease.statements,
            )
        )
        return lease, end
