"""TransactionService: units of work around writes that take more than one statement."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError
from pgmcp.ports.transactions import Outcome, Transaction, TransactionOptions, UnitOfWork


class TransactionService:
    """Opens units of work and ends them with a known outcome; knows nothing of tools and SQL text."""

    def __init__(self, work: UnitOfWork) -> None:
        """Take transactions from `work`."""
        self._work = work

    @asynccontextmanager
    async def unit(self, call: CallContext) -> AsyncIterator[Transaction]:
        """A transaction that commits at the end of the block, and rolls back when the block raises.

        Raises:
            PgmcpError: What the block raised, with `details.outcome` `rolled_back`; or what the commit raised.
        """
        try:
            transaction = await self._work.begin(TransactionOptions(), call)
        except PgmcpError as error:
            raise error.with_details(outcome=Outcome.ROLLED_BACK) from error.__cause__
        try:
            yield transaction
        except PgmcpError as error:
            outcome = await transaction.rollback()
            raise error.with_details(outcome=str(outcome)) from error.__cause__
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit(call)

    @asynccontextmanager
    async def trial(self, call: CallContext) -> AsyncIterator[Transaction]:
        """A transaction that is rolled back at the end of the block, whatever happens in it."""
        transaction = await self._work.begin(TransactionOptions(), call)
        try:
            yield transaction
        finally:
            await transaction.rollback()
