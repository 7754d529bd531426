"""ReceiptService: writes with a key are done once, and answered the same however often they are asked for."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from attrs import define, evolve

from pgmcp.domain.aside import aside
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.plans import Plan
from pgmcp.domain.receipts import SCHEMA, AlreadyKept, Kept, Receipt, answer_under, encoded, receipt_for, running
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.results import Result
from pgmcp.domain.settings import Settings
from pgmcp.domain.stopping import cancelled, out_of_time, outcome_told
from pgmcp.ports.clock import Clock
from pgmcp.ports.receipts import ReceiptBook
from pgmcp.ports.transactions import Outcome, Transaction
from pgmcp.services.retrying import Retrying
from pgmcp.services.transactions import TransactionService

Run = Callable[[CallContext], Awaitable[Result]]

# How often the server is asked while it can't be reached, in seconds.
_PAUSE_S = 0.05
# feature_not_supported: a rule of the table's, which PostgreSQL takes in no part of a statement.
_NOT_IN_ONE = "0A000"
# Another transaction that holds the key has not ended in time.
_BUSY = frozenset({codes.LOCK_TIMEOUT, codes.CALL_TIMEOUT})
_TIMEOUTS = frozenset({codes.CALL_TIMEOUT, codes.CALL_TIMEOUT_COMMITTED})


class _Again(Exception):  # noqa: N818 -- no error: it carries the first answer out of a transaction that wrote nothing
    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept


class _BusyError(Exception):
    """The key is in another transaction's hands."""


@define(eq=False)
class _Doubt:
    """Whether an attempt at a write may have taken effect of which nobody has heard."""

    remains: bool = False


_Attempt = Callable[[Receipt, CallContext, Run, _Doubt], Awaitable[Result]]


class ReceiptService:
    """Puts a write and its receipt into one transaction."""

    def __init__(
        self,
        book: ReceiptBook,
        transactions: TransactionService,
        retrying: Retrying,
        clock: Clock,
        settings: Settings,
    ) -> None:
        """Keep receipts in `book`."""
        self._book = book
        self._transactions = transactions
        self._retrying = retrying
        self._clock = clock
        self._always = settings.receipt_every_write
        self._settle_s = settings.settle_s

    def key_of(self, request: RequestBase[Any]) -> str | None:
        """The key that a write has: the caller's, or where each gets one, a new one of ours."""
        key: str | None = getattr(request, "idempotency_key", None)
        if key is None and self._always and getattr(request, "transaction_id", None) is None:
            return secrets.token_urlsafe(16)
        return key

    async def once(self, key: str, request: RequestBase[Any], plan: Plan, call: CallContext, run: Run) -> Result:
        """Carry out a write, or give the answer that it had when it was asked for first.

        Args:
            key: The write's key.
            request: All that it asks for.
            plan: What it comes to.
            call: Whose it is.
            run: Carries it out.

        Raises:
            TransactionError: `idempotency_conflict`.
            DatabaseError: `idempotency_running` when the first did not end within this call's time;
                `receipts_unavailable`.
        """
        records = getattr(request, "records", ())
        receipt = await aside(
            records if isinstance(records, list | tuple) else (),
            lambda: receipt_for(key, call.principal, call.tool, request, call.view.digest),
        )
        await self._book.ready(call)
        along = self._book.goes_along(plan) and not call.view.standing
        if call.transaction is not None:
            return await (self._held_at_once if along else self._held)(receipt, call, run)
        doubt = _Doubt()
        attempt = self._at_once if along else self._attempt
        result = await self._retrying.once(lambda: self._whole(receipt, call, run, doubt, attempt), call)
        with suppress(PgmcpError):
            await self._book.tidy(call)
        return result

    async def _whole(self, receipt: Receipt, call: CallContext, run: Run, doubt: _Doubt, attempt: _Attempt) -> Result:
        """The write and its receipt in a transaction of their own.

        Args:
            receipt: What is kept of it.
            call: Whose it is.
            run: Carries it out.
            doubt: What is known of attempts before this one.
            attempt: How it is done.
        """
        try:
            return await attempt(receipt, call, run, doubt)
        except PgmcpError as error:
            if doubt.remains:
                # This attempt did nothing, but one before it may have.
                error.with_details(outcome=Outcome.UNKNOWN)
            doubt.remains = error.details.get("outcome") == Outcome.UNKNOWN
            raise

    async def _at_once(self, receipt: Receipt, call: CallContext, run: Run, doubt: _Doubt) -> Result:
        """The write and its receipt by one statement."""
        if doubt.remains:
            kept = await self._book.settle(receipt, call)
            doubt.remains = False
            if kept is not None:
                return answer_under(kept, receipt, call.form)
        try:
            return await run(evolve(call, receipt=receipt))
        except AlreadyKept as again:
            if again.kept is not None:
                return answer_under(again.kept, receipt, call.form)
            return await self._attempt(receipt, call, run, doubt)
        except asyncio.CancelledError as error:
            if outcome_told(error) is Outcome.COMMITTED:
                raise error from cancelled(Outcome.UNKNOWN)  # it may have found the key taken
            raise
        except PgmcpError as error:
            failed: PgmcpError = error
        found = await self._after(failed, receipt, call)
        if isinstance(found, Kept):
            return answer_under(found, receipt, call.form)
        failed = found
        at_it = failed.code is codes.LOCK_TIMEOUT or failed.details.get("schema") == SCHEMA
        if at_it or failed.sqlstate == _NOT_IN_ONE:
            # Taking the key waits for whoever is at it.
            return await self._attempt(receipt, call, run, doubt)
        raise failed

    async def _after(self, failed: PgmcpError, receipt: Receipt, call: CallContext) -> Kept | PgmcpError:
        """What is kept under the key of a write that failed, perhaps by another one's meanwhile; else its error.

        Where its own fate is not known it is settled, past the call's deadline too, as that of a COMMIT is. Nor is it
        known where the statement has come to its end unheard: it does nothing where it finds the key taken.
        """
        unknown = failed.code is codes.CALL_TIMEOUT_COMMITTED or outcome_told(failed) is Outcome.UNKNOWN
        until = self._clock.monotonic() + self._settle_s
        later = evolve(call, deadline=until, statement_timeout_ms=None)
        if not unknown and failed.code is codes.CALL_TIMEOUT:
            with suppress(PgmcpError):
                return await self._book.find(receipt, later, None) or failed
            return failed
        if not unknown:
            return await self._book.find(receipt, call, None) or failed
        while self._clock.monotonic() < until:
            try:
                kept = await self._book.settle(receipt, later)
            except PgmcpError:
                await self._clock.sleep(_PAUSE_S)
            else:
                return kept or _with(Outcome.ROLLED_BACK, failed)
        return _with(Outcome.UNKNOWN, failed)

    async def _attempt(self, receipt: Receipt, call: CallContext, run: Run, doubt: _Doubt) -> Result:
        async def work(call: CallContext, within: Transaction) -> Result:
            try:
                kept = await self._book.claim(receipt, call, within)
            except PgmcpError as error:
                if error.code in _BUSY:
                    raise _BusyError from error
                raise
            # Whoever had the key has ended: the key is free, or its answer is kept.
            doubt.remains = False
            if kept is not None:
                raise _Again(kept)
            result = await run(call)
            await self._book.fill(receipt, encoded(result), call, within)
            return result

        waited = False
        while True:
            try:
                return await self._transactions.whole(work, call)
            except _Again as again:
                return answer_under(again.kept, receipt, call.form)
            except _BusyError:
                # The server gives up on a lock sooner than the caller does.
                waited = True
                if self._clock.monotonic() >= call.deadline:
                    raise running() from None
            except PgmcpError as error:
                # Its time was up before it could ask again: nothing of it was begun.
                if waited and error.code is codes.CALL_TIMEOUT:
                    raise running() from None
                raise

    async def _held_at_once(self, receipt: Receipt, call: CallContext, run: Run) -> Result:
        """As `_held`, by one statement."""
        try:
            return await run(evolve(call, receipt=receipt))
        except AlreadyKept as again:
            if again.kept is not None:
                return answer_under(again.kept, receipt, call.form)
        return await self._held(receipt, call, run)

    async def _held(self, receipt: Receipt, call: CallContext, run: Run) -> Result:
        """The write and its receipt in the caller's transaction, which may yet roll both back."""
        kept = await self._transactions.read(lambda within, call: self._found(receipt, call, within), call)
        if kept is not None:
            return answer_under(kept, receipt, call.form)
        result = await run(call)

        async def add(within: Transaction | None, call: CallContext) -> None:
            if within is not None:
                await self._book.add(receipt, encoded(result), call, within)

        await self._transactions.read(add, call)
        return result

    async def _found(self, receipt: Receipt, call: CallContext, within: Transaction | None) -> Kept | None:
        return None if within is None else await self._book.find(receipt, call, within)


def _with(outcome: Outcome, failed: PgmcpError) -> PgmcpError:
    """The error of a write of which that is known now."""
    return out_of_time(outcome) if failed.code in _TIMEOUTS else failed.with_details(outcome=outcome)
