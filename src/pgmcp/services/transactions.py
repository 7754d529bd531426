"""TransactionService: where statements run (by themselves, in a unit of work, in a caller's lease), and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from attrs import define, evolve

from pgmcp.domain.calls import CallContext, Unit
from pgmcp.domain.changes import NOTHING, Changes
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.settings import Settings
from pgmcp.domain.stopping import cancelled, outcome_told
from pgmcp.ports.changing import ChangeListener
from pgmcp.ports.transactions import Condition, Outcome, Transaction, TransactionOptions, UnitOfWork
from pgmcp.services.leases import LeaseService

T = TypeVar("T")
Work = Callable[[Transaction | None, CallContext], Awaitable[T]]
"""What runs somewhere: in a transaction, or by itself where there is none."""

# Names that no caller can give to a savepoint of its own.
PART = "pgmcp part"
TRIAL = "pgmcp trial"


# Classes of SQLSTATEs that are said before a command has done anything, where it commits in parts: no connection, no
# such thing to do or not here, no leave, no such name. https://www.postgresql.org/docs/18/errcodes-appendix.html
_BEFORE_ANYTHING = ("08", "0A", "25", "28", "3D", "42", "53300")


class TransactionService:
    """Finds each piece of work its transaction and ends it with a known outcome; knows nothing of tools and SQL text.

    Work in a call that names a lease runs inside it, one call at a time; whoever wants to know what was written is told
    once it is committed.
    """

    def __init__(self, work: UnitOfWork, leases: LeaseService, listener: ChangeListener, settings: Settings) -> None:
        """Take transactions from `work`, or from the caller's leases."""
        # What a part did must not stay, even past its call's deadline.
        self._back_s = settings.settle_s
        self._work = work
        self._leases = leases
        self._listener = listener

    async def whole(self, work: Callable[[CallContext, Transaction], Awaitable[T]], call: CallContext) -> T:
        """Run a whole call in one transaction of its own: whatever it does by this service happens in there.

        Raises:
            PgmcpError: As `unit`.
        """
        own = _Own()

        async def inside(within: Transaction | None, call: CallContext) -> T:
            if within is None:
                raise TypeError("a unit of work without a transaction")
            own.transaction = within
            return await work(evolve(call, unit=Unit(own)), within)

        return await self._committed(inside, call, lambda: own.changes)

    def read(self, work: Work[T], call: CallContext) -> Awaitable[T]:
        """Read: in the call's lease, or by itself."""
        if call.unit is not None:
            return work(_own(call.unit).transaction, call)
        if call.transaction is None:
            return work(None, call)
        return self._leases.use(work, call)

    def write(self, work: Work[T], call: CallContext, changes: Changes) -> Awaitable[T]:
        """Write what is atomic by itself: in the call's lease, or alone.

        Args:
            work: What to do.
            call: Whose it is.
            changes: What it writes.
        """
        if call.unit is not None:
            return _own(call.unit).write(work, call, changes)
        if call.transaction is not None:
            return self._leases.use(work, call, changes)
        return self._alone(work, call, changes)

    async def _alone(self, work: Work[T], call: CallContext, changes: Changes) -> T:
        try:
            result = await work(None, call)
        except (PgmcpError, asyncio.CancelledError) as error:
            # A cancellation that doesn't say so may have come too late; an error that doesn't came before anything ran.
            unsaid = Outcome.UNKNOWN if isinstance(error, asyncio.CancelledError) else Outcome.ROLLED_BACK
            outcome = outcome_told(error) or unsaid
            if outcome is not Outcome.ROLLED_BACK:
                await self._listener.changed(changes, outcome)
            raise
        await self._listener.changed(changes, Outcome.COMMITTED)
        return result

    async def write_in_parts(self, work: Work[T], call: CallContext, changes: Changes) -> T:
        """Write what may have committed a part before it failed or was stopped, as an index made CONCURRENTLY has."""
        try:
            return await self.write(work, call, changes)
        except PgmcpError as error:
            if call.transaction is None and outcome_told(error) in {None, Outcome.ROLLED_BACK}:
                await self._listener.changed(changes, Outcome.COMMITTED)
                if error.code is codes.CALL_TIMEOUT or _may_have_begun(error):
                    error.with_details(outcome=Outcome.UNKNOWN)
            raise
        except asyncio.CancelledError as error:
            if call.transaction is None and outcome_told(error) is Outcome.ROLLED_BACK:
                await self._listener.changed(changes, Outcome.COMMITTED)
                raise error from cancelled(Outcome.UNKNOWN)
            raise

    async def unit(self, work: Work[T], call: CallContext, changes: Changes) -> T:
        """Write what takes several statements, all or none: in a transaction of its own, or as a part of the lease.

        Raises:
            PgmcpError: What the work raised, with `details.outcome` outside a lease; or what the commit raised.
        """
        if call.unit is not None:
            return await _own(call.unit).write(work, call, changes)
        if call.transaction is not None:
            return await self._leases.use(lambda within, call: self._part(work, within, call), call, changes)
        return await self._committed(work, call, lambda: changes)

    async def _committed(self, work: Work[T], call: CallContext, changes: Callable[[], Changes]) -> T:
        try:
            transaction = await self._work.begin(TransactionOptions(), call)
        except PgmcpError as error:
            raise error.with_details(outcome=Outcome.ROLLED_BACK) from error.__cause__
        try:
            result = await work(transaction, call)
        except PgmcpError as error:
            outcome = await transaction.rollback()
            raise error.with_details(outcome=str(outcome)) from error.__cause__
        except asyncio.CancelledError as error:
            raise error from cancelled(await transaction.rollback())
        except BaseException:
            await transaction.rollback()
            raise
        try:
            await transaction.commit(call)
        except BaseException as error:
            # Ended already: this only asks how.
            outcome = await transaction.rollback()
            if outcome is not Outcome.ROLLED_BACK:
                await self._listener.changed(changes(), Outcome.UNKNOWN)
            if isinstance(error, asyncio.CancelledError):
                raise error from cancelled(outcome)
            raise
        await self._listener.changed(changes(), Outcome.COMMITTED)
        return result

    async def trial(self, work: Work[T], call: CallContext) -> T:
        """Do something and take it back, whatever comes of it: in a transaction of its own, or inside the lease."""
        if call.transaction is not None:
            return await self._leases.use(lambda within, call: self._trial(work, within, call), call)
        try:
            transaction = await self._work.begin(TransactionOptions(), call)
            try:
                return await work(transaction, call)
            finally:
                await transaction.rollback()
        except PgmcpError as error:
            raise error.with_details(outcome=Outcome.ROLLED_BACK) from error.__cause__

    async def _part(self, work: Work[T], within: Transaction | None, call: CallContext) -> T:
        """Work of several statements as one part of a lease: what fails in between leaves nothing of it."""
        if within is None:
            return await work(within, call)
        await within.savepoint(PART, call)
        try:
            result = await work(within, call)
        except BaseException:
            if await within.condition() is Condition.OPEN:
                await self._back(within, PART, call)
            raise
        await within.release(PART, call)
        return result

    async def _trial(self, work: Work[T], within: Transaction | None, call: CallContext) -> T:
        if within is None:
            return await work(within, call)
        await within.savepoint(TRIAL, call)
        try:
            return await work(within, call)
        finally:
            await self._back(within, TRIAL, call)

    async def _back(self, within: Transaction, name: str, call: CallContext) -> None:
        """Undo what came behind a savepoint of ours, and forget it; what can't be undone ends the transaction."""
        later = evolve(call, deadline=call.deadline + self._back_s)
        try:
            await within.rollback_to(name, later)
            await within.release(name, later)
        except BaseException:
            await within.rollback()
            raise


@define(eq=False)
class _Own:
    """The transaction that a whole call runs in, and what was written in it so far."""

    transaction: Transaction | None = None
    changes: Changes = NOTHING

    async def write(self, work: Work[T], call: CallContext, changes: Changes) -> T:
        result = await work(self.transaction, call)
        self.changes |= changes
        return result


def _may_have_begun(error: PgmcpError) -> bool:
    """Whether what the server said may have come up once a part of a statement was done."""
    return error.sqlstate is not None and not error.sqlstate.startswith(_BEFORE_ANYTHING)


def _own(unit: Unit) -> _Own:
    """What a call's unit is.

    Raises:
        TypeError: It was not opened here.
    """
    if not isinstance(unit, _Own):
        raise TypeError("a unit of somebody else's")
    return unit
