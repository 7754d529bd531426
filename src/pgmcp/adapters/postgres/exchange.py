"""What every exchange with the server has: a deadline, one event, and errors in the domain's words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from pgmcp.adapters.postgres.deadlines import Deadlines
from pgmcp.adapters.postgres.errors import translate
from pgmcp.adapters.postgres.fingerprints import Fingerprints
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.events import statement_ran
from pgmcp.domain.results import Result
from pgmcp.domain.stopping import out_of_time, outcome_told
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import DriverError, Rows, Statement
from pgmcp.ports.observing import Observer

T = TypeVar("T")


class Inside(Protocol):
    """A transaction that a statement is run in, in its turn; see `PostgresTransaction`."""

    def start(self, statement: Statement) -> Awaitable[Rows] | None:
        """Run it at once."""
        ...

    def over(self, error: BaseException | None) -> None:
        """Give back the turn of what was started."""
        ...

    def run(self, statement: Statement) -> Awaitable[Rows]:
        """Run it once it is its turn."""
        ...


class Exchange:
    """Carries out work on the server for a call."""

    def __init__(self, *, clock: Clock, observer: Observer) -> None:
        self._now = clock.monotonic
        self._observer = observer
        self._deadlines = Deadlines(clock)
        self._fingerprints = Fingerprints()

    async def carry_out(
        self,
        work: Callable[[], Awaitable[T]],
        call: CallContext,
        kind: str,
        count: Callable[[T], int],
        statement: Statement | None = None,
        explain: Callable[[PgmcpError, CallContext], Awaitable[None]] | None = None,
    ) -> T:
        """Do the work within the call's deadline.

        Args:
            work: What to do; cancelled when the deadline passes.
            call: Whose it is.
            kind: The event's kind.
            count: The rows of a result, for the event.
            statement: What is run, for the event's fingerprint and relation; None where it is one of our own.
            explain: Adds to an error of the server's what only the database can tell.

        Raises:
            PgmcpError: What the server said; its cause is the `DriverError`. `call_timeout` past the deadline, with
                the outcome that the work's cancellation tells of.
        """
        started = self._now()
        if started >= call.deadline:
            raise out_of_time()
        watched = self._deadlines.watch(call.deadline)
        try:
            result = await work()
        except DriverError as error:
            self._observe(call, kind, started, statement, error.fault.sqlstate)
            told = translate(error.fault)
            # What is asked for now has an end of its own: the error is not to become a cancellation.
            self._deadlines.leave(watched)
            if explain is not None:
                await explain(told, call)
            raise told from error
        except asyncio.CancelledError as error:
            self._observe(call, kind, started, statement, "57014")
            if watched.is_cause():
                raise out_of_time(outcome_told(error)) from None
            raise
        finally:
            self._deadlines.leave(watched)
        # As `_observe`, without a call more: nearly all end here.
        at = self._now()
        fingerprint = relation = None
        timed = call.tracker is not None
        if statement is not None:
            relation = statement.relation
            if timed:  # only such a call can be among the slowest that are told with their statements
                fingerprint = statement.fingerprint or self._fingerprints.of(statement.text)
        self._observer.observe(
            statement_ran((call.id, kind, at - started, count(result), None, fingerprint, relation, at, timed))
        )
        return result

    async def change(
        self,
        transaction: Inside,
        statement: Statement,
        text: str,
        call: CallContext,
        kind: str,
        answer: Callable[[Rows], Result],
        explain: Callable[[PgmcpError], Awaitable[PgmcpError]],
    ) -> Result:
        """`carry_out` of a change inside a transaction, in one coroutine from the deadline to the result.

        Args:
            transaction: Where.
            statement: What is run.
            text: What the event's fingerprint is of.
            call: Whose it is.
            kind: The event's kind.
            answer: Makes the result of its rows.
            explain: Makes of an error of the server's the one that is raised.

        Raises:
            PgmcpError: As `carry_out`, once explained.
        """
        started = self._now()
        if started >= call.deadline:
            raise out_of_time()
        running = transaction.start(statement)
        over = _given_back if running is None else transaction.over
        if running is None:
            running = transaction.run(statement)
        watched = self._deadlines.watch(call.deadline)
        try:
            rows = await running
        except BaseException as error:
            self._deadlines.leave(watched)
            over(error)
            if isinstance(error, DriverError):
                self._observe(call, kind, started, Statement(text, relation=statement.relation), error.fault.sqlstate)
                raise await explain(translate(error.fault)) from error
            if isinstance(error, asyncio.CancelledError):
                self._observe(call, kind, started, Statement(text, relation=statement.relation), "57014")
                if watched.is_cause():
                    raise out_of_time(outcome_told(error)) from None
            raise
        self._deadlines.leave(watched)
        over(None)
        result = answer(rows)
        at = self._now()
        timed = call.tracker is not None
        fingerprint = self._fingerprints.of(text) if timed else None
        self._observer.observe(
            statement_ran((call.id, kind, at - started, result.count, None, fingerprint, statement.relation, at, timed))
        )
        return result

    def _observe(
        self, call: CallContext, kind: str, started: float, statement: Statement | None, sqlstate: str | None
    ) -> None:
        """Tell of what failed."""
        at = self._now()
        timed = call.tracker is not None
        fingerprint = self._fingerprints.of(statement.text) if timed and statement is not None else None
        relation = None if statement is None else statement.relation
        self._observer.observe(
            statement_ran((call.id, kind, at - started, 0, sqlstate, fingerprint, relation, at, timed))
        )


def _given_back(error: BaseException | None) -> None:
    """In place of `over` where whoever ran the statement has given back its turn."""
