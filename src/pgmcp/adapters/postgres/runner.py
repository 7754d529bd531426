"""Runner: statements of repositories, each on a session of the pool or inside a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from attrs import evolve

from pgmcp.adapters.postgres.commenting import Commenter, Remark, no_remark
from pgmcp.adapters.postgres.constraints import name_columns
from pgmcp.adapters.postgres.errors import NOT_CONNECTED, TOO_MUCH
from pgmcp.adapters.postgres.exchange import Exchange
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.adapters.postgres.standing import standing_text
from pgmcp.adapters.postgres.surrounding import UndoneError, limit_text, outcome_of, stands_alone, surrounded
from pgmcp.adapters.postgres.transactions import PostgresTransaction
from pgmcp.adapters.postgres.wire.dialect import Dialect
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.policy.views import EVERYTHING_SEEN
from pgmcp.domain.results import Result
from pgmcp.domain.stopping import cancelled
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Connection, Description, Need, Rows, Statement
from pgmcp.ports.observing import Observer
from pgmcp.ports.transactions import Outcome, Transaction

T = TypeVar("T")


def count_records(rows: Rows) -> int:
    """The rows of a result that has each in a record of its own, or those that were changed."""
    return len(rows.rows) or rows.affected


class Runner:
    """Runs statements within a call's deadline, observes each, and raises the domain's errors.

    A statement outside a transaction is one by itself: PostgreSQL makes it atomic, in one round trip. An error
    of a write outside a transaction says in `details.outcome` how it ended.

    Args:
        sessions: Where sessions come from.
        clock: For deadlines and times.
        observer: Hears of each statement.
        comment: Says on each statement who runs it; None leaves statements as they are.

    Attributes:
        remark: The comment of what is run for a call, for texts that others send.
    """

    def __init__(
        self, *, sessions: ConnectionManager, clock: Clock, observer: Observer, comment: Commenter | None = None
    ) -> None:
        self._sessions = sessions
        # Its method: a call of the object itself looks for that each time.
        self._comment = None if comment is None else comment.__call__
        self._said = None if comment is None else comment.said
        self.remark: Remark = no_remark if comment is None else comment.remark
        self._exchange = Exchange(clock=clock, observer=observer)

    @property
    def dialect(self) -> Dialect:
        """How the server writes JSON, by its version; what any takes until a session has been opened."""
        return self._sessions.dialect

    def run(
        self,
        statement: Statement,
        call: CallContext,
        *,
        need: Need,
        kind: str,
        within: Transaction | None = None,
        count: Callable[[Rows], int] = count_records,
    ) -> Coroutine[Any, Any, Rows]:
        """Run a statement whose columns and parameters are text.

        Args:
            statement: What to run.
            call: Its deadline, and its own limit for the statement if it has one.
            need: What kind of session it takes, unless `within` says where.
            kind: The plan's kind, for the event.
            within: The transaction to run in.
            count: The rows of the result, for the event.

        Raises:
            PgmcpError: What the server said; `call_timeout`, `pool_exhausted`, `connection_failed`.
        """
        said = statement if self._comment is None else self._comment(statement, call)
        if within is not None and call.statement_timeout_ms is None:
            # By no way of its own: each coroutine more is felt in the shortest of statements.
            inside = partial(PostgresTransaction.of(within).run, said)
            return self._exchange.carry_out(inside, call, kind, count, statement, self.name_columns)
        work = self._marked(said, lambda session: session.run(said))
        return self._carry_out(work, call, need, kind, within, count, statement)

    def change(
        self,
        statement: Statement,
        call: CallContext,
        within: Transaction,
        kind: str,
        answer: Callable[[Rows], Result],
        explain: Callable[[PgmcpError], Awaitable[PgmcpError]],
    ) -> Coroutine[Any, Any, Result]:
        """Run a change inside a transaction by the shortest way: a call without a limit of its own for its statement.

        Args:
            statement: What to run; its text becomes what is said to the server.
            call: Its deadline.
            within: The transaction.
            kind: The plan's kind, for the event.
            answer: Makes the result of its rows.
            explain: Makes of an error of the server's the one that is raised.

        Raises:
            PgmcpError: As `run`.
        """
        text = statement.text
        if self._said is not None:
            statement.text = self._said(text, call)
        return self._exchange.change(PostgresTransaction.of(within), statement, text, call, kind, answer, explain)

    async def describe(self, text: str, call: CallContext, *, within: Transaction | None = None) -> Description:
        """What a statement takes and gives, without running it.

        Raises:
            PgmcpError: What the server said of the text.
        """
        said = text + self.remark(call)
        return await self._carry_out(
            lambda session: session.describe(said), call, Need.READ, "describe", within, lambda _: 0, Statement(text)
        )

    async def run_foreign(
        self, statement: Statement, call: CallContext, *, need: Need, kind: str, within: Transaction | None = None
    ) -> tuple[Description, Rows]:
        """Run a statement whose columns are not ours to cast, such as SHOW or CALL; arguments as for `run`."""
        said = statement if self._comment is None else self._comment(statement, call)
        work = self._marked(said, lambda session: session.run_foreign(said))
        return await self._carry_out(work, call, need, kind, within, lambda both: count_records(both[1]), statement)

    def _marked(
        self, statement: Statement, work: Callable[[Connection], Awaitable[T]]
    ) -> Callable[[Connection], Awaitable[T]]:
        """The work, which tells the pool first if the session has to be reset on its return."""
        if not statement.dirties:
            return work

        def marking(session: Connection) -> Awaitable[T]:
            self._sessions.dirty(session)
            return work(session)

        return marking

    async def unlimited(
        self, work: Callable[[Connection], Awaitable[T]], call: CallContext, *, kind: str, within: Transaction | None
    ) -> T:
        """Do work that has a transaction of its own on a session for reading, or inside `within`.

        The session's own limits hold, and the call's deadline; the caller's limit for its statement, its role and its
        settings are not for ours.
        """
        return await self._carry_out(
            work, evolve(call, statement_timeout_ms=None, view=EVERYTHING_SEEN), Need.READ, kind, within, lambda _: 0
        )

    async def name_columns(self, error: PgmcpError, call: CallContext) -> None:
        """Add to an error about a constraint the columns that it is over."""
        await name_columns(error, self._sessions, self.remark(call))

    async def _carry_out(
        self,
        work: Callable[[Connection], Awaitable[T]],
        call: CallContext,
        need: Need,
        kind: str,
        within: Transaction | None,
        count: Callable[[T], int],
        statement: Statement | None = None,
    ) -> T:
        try:
            if within is not None:
                transaction = PostgresTransaction.of(within)
                limit = call.statement_timeout_ms
                said = "" if limit is None else self.remark(call)
                return await self._exchange.carry_out(
                    lambda: transaction.use(work, limit, said), call, kind, count, statement
                )
            return await self._exchange.carry_out(lambda: self._alone(work, call, need), call, kind, count, statement)
        except PgmcpError as error:
            await self.name_columns(error, call)
            if within is None and need is Need.WRITE:
                error.details.setdefault("outcome", _outcome_after(error))
            raise
        except asyncio.CancelledError as error:
            if within is None and need is Need.WRITE and error.__cause__ is None:
                raise error from cancelled(Outcome.ROLLED_BACK)
            raise

    async def _alone(self, work: Callable[[Connection], Awaitable[T]], call: CallContext, need: Need) -> T:
        connection = await self._sessions.acquire(need, principal=call.principal.name, deadline=call.deadline)
        try:
            if stands_alone(call):
                return await work(connection)
            before = standing_text(call.view.standing) + limit_text(call.statement_timeout_ms)
            return await surrounded(work, connection, need, before, self.remark(call))
        except asyncio.CancelledError as error:
            if need is Need.WRITE and error.__cause__ is None:
                raise error from cancelled(outcome_of(connection.fate))
            raise
        finally:
            self._sessions.release(connection)


def _outcome_after(error: PgmcpError) -> Outcome:
    """How a write ended that is its own transaction, by an error that doesn't say so itself.

    The server's own errors undo it, and whatever was refused or ran out of its time before it was sent never began.
    Nobody knows of a session that was lost or ended meanwhile whether the server had finished.
    """
    if isinstance(error.__cause__, UndoneError):
        return Outcome.ROLLED_BACK
    if error.sqlstate == TOO_MUCH or (error.code is codes.CONNECTION_LOST and error.sqlstate != NOT_CONNECTED):
        return Outcome.UNKNOWN
    return Outcome.ROLLED_BACK
