"""Units of work over one session each: begin, savepoints, and an end whose outcome is known wherever it can be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Self, TypeVar

from pgmcp.adapters.postgres.errors import NOT_CONNECTED
from pgmcp.adapters.postgres.exchange import Exchange
from pgmcp.adapters.postgres.naming import quote
from pgmcp.adapters.postgres.session_settings import LIMIT_TO_DEFAULT
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, TransactionError, codes
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Connection, DriverError, Need
from pgmcp.ports.observing import Observer
from pgmcp.ports.transactions import Outcome, Transaction, TransactionOptions

T = TypeVar("T")

# How long the end of a transaction may take once its caller has given up, in seconds; then its session is ended.
_END_S = 5.0


class PostgresUnitOfWork:
    """Where transactions come from; implements `UnitOfWork`."""

    def __init__(self, *, sessions: ConnectionManager, clock: Clock, observer: Observer) -> None:
        self._sessions = sessions
        self._exchange = Exchange(clock=clock, observer=observer)

    async def begin(self, options: TransactionOptions, call: CallContext) -> PostgresTransaction:
        return await self._exchange.carry_out(lambda: self._begin(options, call), call, "begin", _no_rows)

    async def _begin(self, options: TransactionOptions, call: CallContext) -> PostgresTransaction:
        need = Need.READ if options.read_only else Need.WRITE
        connection = await self._sessions.acquire(need, principal=call.principal.name, deadline=call.deadline)
        try:
            await connection.control(_begin_text(options))
        except BaseException:
            self._sessions.release(connection)
            raise
        return PostgresTransaction(connection, self._sessions, self._exchange)


class PostgresTransaction:
    """A transaction that is open on one session; implements `Transaction`. One statement at a time; others wait."""

    def __init__(self, connection: Connection, sessions: ConnectionManager, exchange: Exchange) -> None:
        self._connection = connection
        self._sessions = sessions
        self._exchange = exchange
        self._turn = asyncio.Lock()
        self._outcome: Outcome | None = None

    @classmethod
    def of(cls, transaction: Transaction) -> Self:
        """A transaction of the port, known to be one of ours.

        Raises:
            TypeError: It is another adapter's.
        """
        if not isinstance(transaction, cls):
            raise TypeError(f"a transaction of another adapter: {type(transaction).__name__}")
        return transaction

    async def use(self, work: Callable[[Connection], Awaitable[T]], limit_ms: int | None = None) -> T:
        """Do work on the transaction's session.

        Args:
            work: What to do.
            limit_ms: The server stops a statement after that long; None leaves the session's own limit. Costs two round
                trips more; when the work fails, rolling back undoes the limit with everything else.

        Raises:
            TransactionError: `transaction_ended`.
            DriverError: What the server said.
        """
        async with self._turn:
            if self._outcome is not None:
                raise _ended(self._outcome)
            if limit_ms is None:
                return await work(self._connection)
            await self._connection.control(f"SET LOCAL statement_timeout = {limit_ms:d}")
            result = await work(self._connection)
            await self._connection.control(LIMIT_TO_DEFAULT)
            return result

    async def savepoint(self, name: str, call: CallContext) -> None:
        await self._control(f"SAVEPOINT {quote(name)}", call, "savepoint")

    async def rollback_to(self, name: str, call: CallContext) -> None:
        await self._control(f"ROLLBACK TO SAVEPOINT {quote(name)}", call, "rollback_to")

    async def release(self, name: str, call: CallContext) -> None:
        await self._control(f"RELEASE SAVEPOINT {quote(name)}", call, "release")

    async def commit(self, call: CallContext) -> Outcome:
        try:
            return await self._exchange.carry_out(lambda: _to_its_end(self._commit()), call, "commit", _no_rows)
        except PgmcpError as error:
            if error.code is codes.CALL_TIMEOUT and self._outcome is Outcome.COMMITTED:
                return Outcome.COMMITTED
            raise error.with_details(outcome=self._outcome or Outcome.UNKNOWN) from error.__cause__

    async def rollback(self) -> Outcome:
        return self._outcome or await _to_its_end(self._rollback())

    async def _control(self, text: str, call: CallContext, kind: str) -> None:
        await self._exchange.carry_out(
            lambda: self.use(lambda connection: connection.control(text)), call, kind, _no_rows
        )

    async def _commit(self) -> Outcome:
        async with self._turn:
            if self._outcome is not None:
                raise _ended(self._outcome)
            # True until the server answers: whatever happens from here on, nobody may think it was rolled back.
            self._outcome = Outcome.UNKNOWN
            try:
                tag = await self._connection.control("COMMIT")
                self._outcome = Outcome.COMMITTED if tag == "COMMIT" else Outcome.ROLLED_BACK
            except DriverError as error:
                # An error that leaves the session usable is the server's answer: it has rolled back. So it has when
                # the session was gone before COMMIT could be sent.
                if self._connection.usable or error.fault.sqlstate == NOT_CONNECTED:
                    self._outcome = Outcome.ROLLED_BACK
                raise
            finally:
                self._sessions.release(self._connection)
        return self._outcome

    async def _rollback(self) -> Outcome:
        try:
            async with asyncio.timeout(_END_S), self._turn:
                if self._outcome is None:
                    await self._connection.control("ROLLBACK")
        except (DriverError, TimeoutError):
            # The server rolls back whatever its client left.
            await self._connection.close()
        finally:
            if self._outcome is None:
                self._outcome = Outcome.ROLLED_BACK
                self._sessions.release(self._connection)
        return self._outcome


async def _to_its_end(ending: Coroutine[None, None, Outcome]) -> Outcome:
    """End a transaction whatever becomes of the caller: cancelled, it waits a while for the end and then says so."""
    task = asyncio.get_running_loop().create_task(ending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        done, _ = await asyncio.wait({task}, timeout=_END_S)
        if not done:
            task.cancel()
        # What went wrong is kept in the transaction's outcome; the caller hears of its own cancellation.
        with suppress(DriverError, TransactionError, asyncio.CancelledError):
            await task
        raise


def _begin_text(options: TransactionOptions) -> str:
    mode = "READ ONLY" if options.read_only else "READ WRITE"
    deferrable = " DEFERRABLE" if options.deferrable else ""
    return f"BEGIN ISOLATION LEVEL {options.isolation.upper()} {mode}{deferrable}"


def _ended(outcome: Outcome) -> TransactionError:
    return TransactionError(
        codes.TRANSACTION_ENDED,
        f"The transaction has ended: {outcome.replace('_', ' ')}.",
        hint="Begin another one.",
        details={"outcome": outcome},
    )


def _no_rows(_: object) -> int:
    return 0
