"""ReceiptService: writes with a key are done once, and answered the same however often they are asked for."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from attrs import define

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.receipts import Kept, Receipt, answer_under, encoded, receipt_for, running
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.results import Result
from pgmcp.domain.settings import Settings
from pgmcp.ports.clock import Clock
from pgmcp.ports.receipts import ReceiptBook
from pgmcp.ports.transactions import Outcome, Transaction
from pgmcp.services.retrying import Retrying
from pgmcp.services.transactions import TransactionService

Run = Callable[[CallContext], Awaitable[Result]]

# Another transaction that holds the key has not ended in time.
_BUSY = frozenset({codes.LOCK_TIMEOUT, codes.CALL_TIMEOUT})


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

    def key_of(self, request: RequestBase[Any]) -> str | None:
        """The key that a write has: the caller's, or where each gets one, a new one of ours."""
        key: str | None = getattr(request, "idempotency_key", None)
        if key is None and self._always and getattr(request, "transaction_id", None) is None:
            return secrets.token_urlsafe(16)
        return key

    async def once(self, key: str, request: RequestBase[Any], call: CallContext, run: Run) -> Result:
        """Carry out a write, or give the answer that it had when it was asked for first.

        Args:
            key: The write's key.
            request: All that it asks for.
            call: Whose it is.
            run: Carries it out.

        Raises:
            TransactionError: `idempotency_conflict`.
            DatabaseError: `idempotency_running` when the first did not end within this call's time;
                `receipts_unavailable`.
        """
        receipt = receipt_for(key, call.principal, call.tool, request, call.view.digest)
        await self._book.ready(call)
        if call.transaction is not None:
            return await self._held(receipt, call, run)
        doubt = _Doubt()
        result = await self._retrying.once(lambda: self._whole(receipt, call, run, doubt), call)
        with suppress(PgmcpError):
            await self._book.tidy(call)
        return result

    async def _whole(self, receipt: Receipt, call: CallContext, run: Run, doubt: _Doubt) -> Result:
        """The write and its receipt in a transaction of their own.

        Args:
            receipt: What is kept of it.
            call: Whose it is.
            run: Carries it out.
            doubt: What is known of attempts before this one.
        """
        try:
            return await self._attempt(receipt, call, run, doubt)
        except PgmcpError as error:
            if doubt.remains:
                # This attempt did nothing, but one before it may have.
                error.with_details(outcome=Outcome.UNKNOWN)
            doubt.remains = error.details.get("outcome") == Outcome.UNKNOWN
            raise

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
