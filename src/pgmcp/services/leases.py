"""LeaseService: transactions that callers hold between calls: owned, limited, and with an end that can be told."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from attrs import evolve, frozen

from pgmcp.domain.altering import altered
from pgmcp.domain.calls import CallContext, LeaseId
from pgmcp.domain.changes import NOTHING, Changes
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.events import LeaseBegan
from pgmcp.domain.lease_errors import ended, exhausted, no_savepoint, stopping
from pgmcp.domain.policy.views import View
from pgmcp.domain.settings import Settings
from pgmcp.domain.stopping import cancelled
from pgmcp.domain.transactions import (
    EndReason,
    Footprint,
    Lease,
    Limits,
    Outcome,
    TransactionOptions,
    limited,
    reason_of,
    wait_for_room,
)
from pgmcp.ports.clock import Clock
from pgmcp.ports.leases import LeaseKeeper
from pgmcp.ports.observing import Observer
from pgmcp.ports.transactions import Transaction, UnitOfWork
from pgmcp.services.lease_ends import LeaseEnds
from pgmcp.services.lease_turns import LeaseTurns
from pgmcp.services.retrying import Retrying

T = TypeVar("T")


@frozen(kw_only=True)
class LeaseReport:
    """A lease as its owner may see it, at a moment of the clock's monotonic scale."""

    lease: Lease
    active: bool
    at: float
    footprint: Footprint | None


class LeaseService:
    """Begins, uses and ends leases. It keeps nothing itself: leases are in their keeper's hands."""

    def __init__(
        self,
        work: UnitOfWork,
        keeper: LeaseKeeper,
        ends: LeaseEnds,
        clock: Clock,
        observer: Observer,
        retrying: Retrying,
        settings: Settings,
    ) -> None:
        """Take transactions from `work`, within the settings' limits."""
        self._work = work
        self._keeper = keeper
        self._ends = ends
        self._turns = LeaseTurns(keeper, ends, clock)
        self._clock = clock
        self._observer = observer
        self._retrying = retrying
        self._most = Limits(total_s=settings.lease_total_s, idle_s=settings.lease_idle_s)
        self._per_owner = settings.leases_per_principal
        self._in_all = settings.leases_max or max(1, settings.pool_max // 2)
        self._has_the_pool = settings.pool_max == 1

    async def begin(
        self, options: TransactionOptions, total_s: float | None, idle_s: float | None, call: CallContext
    ) -> Lease:
        """Open a transaction and hold it for the caller.

        Raises:
            TransactionError: `transactions_exhausted`.
            DatabaseError: No connection was to be had; `shutting_down`.
        """
        options, limits = limited(options, total_s, idle_s, self._most)
        now = self._clock.monotonic()
        lease = Lease(
            id=LeaseId(secrets.token_urlsafe(24)),
            owner=call.principal.name,
            options=options,
            limits=limits,
            began_at=now,
            used_at=now,
            view=call.view.digest,
        )
        if self._keeper.closed:
            raise stopping()
        wait = self._wait_for_room(lease)
        if wait is not None:
            # Those whose connection is gone are in nobody's way; who asks without a pause gives way to the news of it.
            await asyncio.sleep(0)
            for each in self._keeper.open():
                await self._ends.notice(each.id)
            wait = self._wait_for_room(lease)
        if wait is not None:
            raise exhausted(wait)
        self._keeper.reserve(lease)
        try:
            # Nothing has been done in it yet.
            transaction = await self._retrying.reading(lambda: self._work.begin(options, call), call)
        except BaseException:
            self._keeper.give_up(lease.id)
            raise
        now = self._clock.monotonic()
        lease = altered(lease, began_at=now, used_at=now)
        self._keeper.hold(lease, transaction, self._ends.expire)
        self._observer.observe(LeaseBegan(call=call.id, principal=lease.owner, isolation=options.isolation))
        return lease

    async def use(
        self,
        work: Callable[[Transaction, CallContext], Awaitable[T]],
        call: CallContext,
        changes: Changes = NOTHING,
    ) -> T:
        """Run work inside the call's lease; calls on one lease wait for each other.

        Raises:
            NotFoundError: `transaction_unknown`.
            TransactionError: `transaction_failed` and `transaction_ended`, with what is possible and how it ended.
        """
        keeper, monotonic = self._keeper, self._clock.monotonic
        # Most calls find nothing in their way, and pay for no more than that look.
        turn = keeper.take_at_once(call.transaction, call.principal.name, call.view.digest, monotonic())
        if turn is None:
            turn = await self._turns.take(call, self._turns.ready).begun()
        try:
            # Past the lease's own end nothing runs on: the statement is stopped as at a call's deadline.
            ends_at = turn.ends_at
            within = call if call.deadline <= ends_at else altered(call, deadline=ends_at)
            try:
                result = await work(turn.transaction, within)
            except PgmcpError as error:
                raise await self._ends.after(error, turn.lease, turn.transaction, changes) from error.__cause__
            except BaseException:
                with suppress(PgmcpError):
                    await self._ends.after(cancelled(), turn.lease, turn.transaction, changes)
                raise
            turn.used(monotonic(), changes)
            return result
        finally:
            turn.give_back()
            if keeper.closed:
                await self._turns.left(turn)

    def has_redefined(self, call: CallContext) -> bool:
        """Whether in the call's lease relations may be others than everybody else sees."""
        lease = None if call.transaction is None else self._keeper.find(call.transaction)
        return lease is not None and lease.changes.definitions

    def reads_within(self, call: CallContext) -> bool:
        """Whether definitions are read in the call's lease: where they may be others, or it has the only connection."""
        return self.has_redefined(call) or (self._has_the_pool and call.transaction is not None)

    async def commit(self, call: CallContext) -> Lease:
        """End a lease and keep its work.

        Raises:
            PgmcpError: Whatever ended it otherwise, with `details.outcome`; a failed one's commit is a rollback, and
                `transaction_ended` with the SQLSTATE of what failed.
        """
        async with self._turns.take(call, self._turns.usable) as turn:
            lease, transaction = turn.lease, turn.transaction
            try:
                outcome = await transaction.commit(call)
            except PgmcpError as error:
                outcome = Outcome(error.details.get("outcome", Outcome.UNKNOWN))
                lost = error.code is codes.CONNECTION_LOST
                await self._ends.end(lease, outcome, reason_of(outcome, lost=lost))
                raise
            except BaseException as error:
                # Its end is settled by now; this only asks how.
                outcome = await transaction.rollback()
                await self._ends.end(lease, outcome, reason_of(outcome))
                raise error from cancelled(outcome)
            lease, end = await self._ends.end(lease, outcome, reason_of(outcome))
        if outcome is not Outcome.COMMITTED:
            raise ended(end, lease.failed)
        return lease

    async def rollback(self, call: CallContext) -> Lease:
        """End a lease and undo its work.

        Raises:
            NotFoundError, TransactionError: As in `use`; a failed one can be rolled back.
        """
        async with self._turns.take(call, self._turns.usable) as turn:
            lease, transaction = turn.lease, turn.transaction
            outcome = await transaction.rollback()
            lease, _ = await self._ends.end(lease, outcome, reason_of(outcome))
        return lease

    async def savepoint(self, name: str, call: CallContext) -> Lease:
        """Mark a place in the lease to come back to."""
        return await self._mark(
            call, lambda within, call: within.savepoint(name, call), lambda lease, now: lease.with_savepoint(name, now)
        )

    async def release(self, name: str, call: CallContext) -> Lease:
        """Forget a savepoint and those behind it, and keep what was done since.

        Raises:
            TransactionError: `savepoint_unknown`.
        """
        self._named(name, self._turns.ready(call), "name")
        return await self._mark(
            call, lambda within, call: within.release(name, call), lambda lease, now: lease.without_savepoint(name, now)
        )

    async def rollback_to(self, name: str, call: CallContext) -> Lease:
        """Undo what came behind a savepoint, which stays; the way on for a lease that has failed.

        Raises:
            TransactionError: `savepoint_unknown`; the lease stays as it is.
        """
        async with self._turns.take(call, self._turns.usable) as turn:
            lease, transaction = turn.lease, turn.transaction
            self._named(name, lease, "savepoint")
            try:
                await transaction.rollback_to(name, call)
            except PgmcpError as error:
                raise await self._ends.after(error, lease, transaction, NOTHING) from error.__cause__
            lease = lease.back_at(name, self._clock.monotonic())
            self._keeper.change(lease)
        return lease

    async def report(self, call: CallContext) -> LeaseReport:
        """What a lease is and does, also of one that has ended; asking is no use of it, and never waits for it.

        Raises:
            NotFoundError: `transaction_unknown`.
        """
        lease = self._turns.own(call)
        await self._ends.notice(lease.id)
        lease = self._turns.own(call)
        transaction = self._keeper.transaction(lease.id)
        footprint = None
        # It is asked for beside the lease, which takes a connection more.
        if transaction is not None and lease.end is None and not self._has_the_pool:
            footprint = await transaction.footprint(call)
        lease = self._turns.own(call)
        return LeaseReport(
            lease=lease,
            active=self._keeper.is_active(lease.id),
            at=self._clock.monotonic(),
            footprint=_seen(footprint, call.view) if footprint is not None and lease.end is None else None,
        )

    async def shut_down(self) -> None:
        """Begin no more leases; roll back those that are idle at once, the others when their call has ended."""
        self._keeper.close()
        await asyncio.gather(*(self._ends.finish(lease.id, EndReason.SHUTDOWN) for lease in self._keeper.open()))

    def _wait_for_room(self, lease: Lease) -> float | None:
        return wait_for_room(
            self._keeper.open(), lease.owner, per_owner=self._per_owner, most=self._in_all, now=lease.began_at
        )

    async def _mark(
        self,
        call: CallContext,
        work: Callable[[Transaction, CallContext], Awaitable[None]],
        mark: Callable[[Lease, float], Lease],
    ) -> Lease:
        async with self._turns.take(call, self._turns.ready) as turn:
            lease, transaction = turn.lease, turn.transaction
            try:
                await work(transaction, call)
            except PgmcpError as error:
                raise await self._ends.after(error, lease, transaction, NOTHING) from error.__cause__
            lease = mark(lease, self._clock.monotonic())
            self._keeper.change(lease)
        return lease

    def _named(self, name: str, lease: Lease, path: str) -> None:
        if name not in lease.savepoints:
            raise no_savepoint(name, lease.savepoints, path)


def _seen(footprint: Footprint, view: View) -> Footprint:
    """What a transaction holds, as far as its owner may know: a trigger or a key reaches tables that nobody named."""
    known = [each for each in footprint.locks if view.relation(each.name.schema, each.name.name).known]
    return evolve(footprint, locks=tuple(known))
