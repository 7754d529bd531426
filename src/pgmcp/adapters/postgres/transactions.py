"""Units of work over one session each: begin, savepoints, and an end whose outcome is known wherever it can be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar

from attrs import evolve

from pgmcp.adapters.postgres.commenting import Remark
from pgmcp.adapters.postgres.ending import ended, to_its_end
from pgmcp.adapters.postgres.errors import NOT_CONNECTED
from pgmcp.adapters.postgres.exchange import Exchange
from pgmcp.adapters.postgres.naming import quote
from pgmcp.adapters.postgres.session_settings import LIMIT_TO_DEFAULT
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.adapters.postgres.settling import Proof, Settling
from pgmcp.adapters.turnstile import Turnstile
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.ports.driver import Connection, DriverError, Rows, Statement
from pgmcp.ports.transactions import Condition, Footprint, Outcome, Transaction

T = TypeVar("T")

_PART_ENDS = 'RELEASE SAVEPOINT "pgmcp read"'
# The least with an answer, an error in a failed transaction.
_NOTHING = "SELECT"
_FAILED = "25P02"
# idle_in_transaction_session_timeout and transaction_timeout.
_PAST_LIMIT = frozenset({"25P03", "25P04"})


class PostgresTransaction:
    """A transaction that is open on one session; implements `Transaction`. One statement at a time; others wait."""

    def __init__(
        self,
        connection: Connection,
        sessions: ConnectionManager,
        exchange: Exchange,
        settling: Settling,
        *,
        reading: str | None,
        remark: Remark,
        began: str,
    ) -> None:
        self._remark, self._began = remark, began
        self._connection, self._sessions = connection, sessions
        self._exchange, self._settling = exchange, settling
        # What begins a part that only reads; None where the whole transaction does.
        self._reading = reading
        self._turn = Turnstile()
        self._outcome: Outcome | None = None
        self._known: Proof | None = None
        # None after an error, until the server has been asked.
        self._condition: Condition | None = Condition.OPEN
        # Whether a statement may have defined something in it that nobody else sees.
        self.redefined = False

    @classmethod
    def of(cls, transaction: Transaction) -> Self:
        """A transaction of the port, known to be one of ours.

        Raises:
            TypeError: It is another adapter's.
        """
        if not isinstance(transaction, cls):
            raise TypeError(f"a transaction of another adapter: {type(transaction).__name__}")
        return transaction

    async def use(self, work: Callable[[Connection], Awaitable[T]], limit_ms: int | None = None, remark: str = "") -> T:
        """Do work on the transaction's session.

        Args:
            work: What to do.
            remark: Who it is done for.
            limit_ms: The server stops a statement after that long; None leaves the session's own limit. Costs two round
                trips more; when the work fails, rolling back undoes the limit with everything else.

        Raises:
            TransactionError: `transaction_ended`.
            DriverError: What the server said.
        """
        async with self._turn:
            if self._outcome is not None:
                raise ended(self._outcome)
            try:
                if limit_ms is None:
                    return await work(self._connection)
                await self._connection.control(f"SET LOCAL statement_timeout = {limit_ms:d}{remark}")
                result = await work(self._connection)
                await self._connection.control(LIMIT_TO_DEFAULT + remark)
            except BaseException as error:
                self._condition = Condition.EXPIRED if _is_past_limit(error) else None
                raise
            return result

    async def run(self, statement: Statement) -> Rows:
        """Run a statement on the transaction's session: `use`, for what comes again and again.

        Raises:
            TransactionError, DriverError: As `use`.
        """
        turn = self._turn
        # Not `async with`, which would be two coroutines more for each statement.
        if not turn.take_at_once():
            await turn.take()
        try:
            if self._outcome is not None:
                raise ended(self._outcome)
            if statement.dirties:
                self._sessions.dirty(self._connection)
            return await self._connection.run(statement)
        except DriverError as error:
            self._condition = Condition.EXPIRED if _is_past_limit(error) else None
            raise
        except BaseException:
            self._condition = None
            raise
        finally:
            turn.give_back()

    def start(self, statement: Statement) -> Awaitable[Rows] | None:
        """`run` where nobody is there, without a coroutine around the driver's.

        Returns:
            The answer, after which `over` is said. None where `run` has to find out what is in the way.
        """
        if self._outcome is not None or not self._turn.take_at_once():
            return None
        if statement.dirties:
            self._sessions.dirty(self._connection)
        return self._connection.run(statement)

    def over(self, error: BaseException | None) -> None:
        """What was started has ended, well or with an error."""
        if error is not None:
            self._condition = Condition.EXPIRED if _is_past_limit(error) else None
        self._turn.give_back()

    def prove(self, proof: Proof) -> None:
        """Take note of what the transaction can be found by, so that COMMIT need not ask for it."""
        self._known = proof

    async def define(self, text: str, call: CallContext) -> None:
        """Run statements of our own that make or remove what we keep, several at once.

        Raises:
            PgmcpError: What the server said.
        """
        await self._control(text, call, "define")

    async def reading_only(self, work: Callable[[], Awaitable[T]], call: CallContext) -> T:
        """Do work that must not write, in a transaction that may: read-only until its savepoint is released.

        PostgreSQL gives a transaction its own mode back when a part of it ends, and makes no part writable that began
        in one which is not. https://www.postgresql.org/docs/18/sql-set-transaction.html
        """
        if self._reading is None:
            return await work()
        later = evolve(call, deadline=call.deadline + self._settling.patience_s)
        await self._control(self._reading, call, "savepoint")
        try:
            result = await work()
        except BaseException:
            if await self.condition() is Condition.OPEN:
                await self._control(_PART_ENDS, later, "release")
            raise
        await self._control(_PART_ENDS, later, "release")
        return result

    @property
    def lost(self) -> bool:
        # Once its end has been asked for its connection may be another's.
        return self._outcome is None and self._connection.lost

    async def condition(self) -> Condition:
        if self._outcome is not None:
            return Condition.LOST
        if self._condition is None:
            async with self._turn:
                self._condition = await self._asked()
        return self._condition

    async def _asked(self) -> Condition:
        """The transaction's condition by the server's own word: no error of a driver's says it for certain."""
        try:
            await self._connection.control(_NOTHING + self._began)
        except DriverError as error:
            if error.fault.sqlstate == _FAILED:
                return Condition.FAILED
            return Condition.EXPIRED if _is_past_limit(error) else Condition.LOST
        # A server that says so little would say it outside a transaction too.
        return Condition.LOST if self._connection.usable else Condition.OPEN

    async def footprint(self, call: CallContext) -> Footprint:
        return await self._exchange.carry_out(
            lambda: self._settling.footprint(self._connection.process, self._remark(call)),
            call,
            "footprint",
            lambda found: len(found.locks),
        )

    async def savepoint(self, name: str, call: CallContext) -> None:
        await self._control(f"SAVEPOINT {quote(name)}", call, "savepoint")

    async def rollback_to(self, name: str, call: CallContext) -> None:
        await self._control(f"ROLLBACK TO SAVEPOINT {quote(name)}", call, "rollback_to")
        self._condition = Condition.OPEN

    async def release(self, name: str, call: CallContext) -> None:
        await self._control(f"RELEASE SAVEPOINT {quote(name)}", call, "release")

    async def commit(self, call: CallContext) -> Outcome:
        try:
            return await self._exchange.carry_out(
                lambda: to_its_end(self._commit(self._remark(call)), self._settling.patience_s),
                call,
                "commit",
                _no_rows,
            )
        except PgmcpError as error:
            # Where it was not even begun, it is not to be left open either.
            outcome = self._outcome or await self.rollback()
            if outcome is Outcome.COMMITTED and error.code is not codes.TRANSACTION_ENDED:
                # Only its answer was lost, or came late.
                return outcome
            raise error.with_details(outcome=outcome) from error.__cause__

    async def rollback(self) -> Outcome:
        return self._outcome or await to_its_end(self._rollback(), self._settling.patience_s)

    async def _control(self, text: str, call: CallContext, kind: str) -> None:
        await self._exchange.carry_out(
            lambda: self.use(lambda connection: connection.control(text + self._remark(call))), call, kind, _no_rows
        )

    async def _commit(self, remark: str) -> Outcome:
        async with self._turn:
            if self._outcome is not None:
                raise ended(self._outcome)
            proof = await self._proof(remark)
            # True until the server answers: whatever happens from here on, nobody may think it was rolled back.
            self._outcome = Outcome.UNKNOWN
            try:
                tag = await self._connection.control("COMMIT" + remark)
                self._outcome = Outcome.COMMITTED if tag == "COMMIT" else Outcome.ROLLED_BACK
            except DriverError as error:
                # An error that leaves the session usable is the server's answer: it has rolled back. So it has when
                # the session was gone before COMMIT could be sent, and when there was nothing to commit.
                if self._connection.usable or error.fault.sqlstate == NOT_CONNECTED or proof is None:
                    self._outcome = Outcome.ROLLED_BACK
                raise
            finally:
                self._sessions.release(self._connection)
                if self._outcome is Outcome.UNKNOWN and proof is not None:
                    self._outcome = await self._settling.outcome_of(proof)
        return self._outcome

    async def _proof(self, remark: str) -> Proof | None:
        """What the server can be asked by, should the answer to COMMIT be lost; None where nothing was written.

        Raises:
            DriverError: The session is gone; nothing is committed.
        """
        if self._known is not None or self._reading is None:
            return self._known
        try:
            return await self._settling.proof_from(self._connection, remark)
        except DriverError as error:
            if error.fault.sqlstate == _FAILED:
                return None
            self._outcome = Outcome.ROLLED_BACK
            await self._connection.close()
            self._sessions.release(self._connection)
            raise

    async def _rollback(self) -> Outcome:
        try:
            async with asyncio.timeout(self._settling.patience_s), self._turn:
                if self._outcome is None:
                    await self._connection.control("ROLLBACK" + self._began)
        except (DriverError, TimeoutError):
            # The server rolls back whatever its client left.
            await self._connection.close()
        finally:
            if self._outcome is None:
                self._outcome = Outcome.ROLLED_BACK
                self._sessions.release(self._connection)
        return self._outcome


def _is_past_limit(error: BaseException) -> bool:
    return isinstance(error, DriverError) and error.fault.sqlstate in _PAST_LIMIT


def _no_rows(_: object) -> int:
    return 0
