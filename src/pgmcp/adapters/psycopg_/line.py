"""The line to the server: what is sent on it, and how to wait for the answer without ever leaving one behind.

This is libpq's own interface and not a cursor's. psycopg's keeper of prepared statements, which cursors can't do
without, forgets one that fails in its first run and leaves it on the server, so that a failing text costs two round
trips for ever and memory there each time; drops all of them at each ROLLBACK; and can't prepare one anew whose table
has changed. Nor has a cursor a place for a cancel request that is repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

import psycopg
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

from pgmcp.adapters.postgres.errors import TOO_MUCH
from pgmcp.adapters.psycopg_.faults import LOST, NOT_CONNECTED, NOT_SUPPORTED, of_result
from pgmcp.adapters.psycopg_.incoming import Allowance, TooMuchError
from pgmcp.adapters.psycopg_.opening import Session
from pgmcp.adapters.undisturbed import undisturbed
from pgmcp.ports.driver import DriverError, Fate, Fault, Notice

T = TypeVar("T")

Send = Callable[[PGconn], None]
"""Hands one message over to libpq, which sends it later."""

# How long a cancel request is given before it is repeated, in seconds: one that overtakes its statement is dropped.
_REPEAT_S = 0.03

_COPYING = frozenset({ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH})
_FAILED = frozenset({ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE, ExecStatus.NONFATAL_ERROR})
_AT_REST = frozenset({TransactionStatus.IDLE, TransactionStatus.INTRANS, TransactionStatus.INERROR})
_UNDOING = _FAILED | {ExecStatus.PIPELINE_ABORTED}


class Line:
    """One session's line, in one caller's hands at a time.

    Args:
        session: The session.
        most_bytes: What the server may say at once; where it says more the session is ended.
        stop_s: How long a cancelled statement may take to stop before its session is ended instead, in seconds.

    Attributes:
        silent: Whether it was ended because nothing came on it any more.
        fate: What became of what was cancelled last.
    """

    def __init__(self, session: Session, most_bytes: int, stop_s: float) -> None:
        self._session = session
        self._stop_s = stop_s
        self._most_bytes = most_bytes
        self._libpq = session.pgconn
        self.silent = False
        self.fate = Fate.UNHEARD

    @property
    def idle(self) -> bool:
        """Whether the session is there, with nothing running or left open on it."""
        return self._is_open() and self._libpq.transaction_status == TransactionStatus.IDLE

    @property
    def lost(self) -> bool:
        """Whether the session is gone; what has come for somebody who waits for it is left alone."""
        return self._libpq.transaction_status != TransactionStatus.ACTIVE and not self._is_open()

    @property
    def process(self) -> int | None:
        """The number of the server's process; None once the session is gone, of which libpq tells nothing."""
        try:
            return self._libpq.backend_pid
        except psycopg.OperationalError:
            return None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, failed or not."""
        return self._libpq.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}

    def reported(self, name: str) -> str | None:
        """A parameter that the server reports of itself."""
        value = self._libpq.parameter_status(name.encode())
        return None if value is None else value.decode()

    @contextmanager
    def heard(self) -> Iterator[list[Notice]]:
        """What the server says beside its answers, as long as the context lasts."""
        said: list[Notice] = []

        def hear(told: psycopg.errors.Diagnostic) -> None:
            said.append(Notice(told.message_primary or "", told.message_detail or ""))

        self._session.add_notice_handler(hear)
        try:
            yield said
        finally:
            self._session.remove_notice_handler(hear)

    async def ask(self, send: Send) -> list[PGresult]:
        """Send one message and wait for its results, one round trip: one, or as many as a text has statements."""
        return await self._wait(_asking(self._libpq, send))

    async def ask_all(self, sends: Sequence[Send]) -> list[PGresult]:
        """Send several messages at once, one round trip, and give a result for each.

        Those after a failed one are void, or missing if the server has hung up. To PostgreSQL they are one transaction,
        unless one is open already.
        """
        return await self._wait(_piping(self._libpq, sends))

    def end(self) -> None:
        """End the session at once."""
        self._libpq.finish()

    def check(self, size: int) -> None:
        """See that what has come is no more than is taken: libpq may have had all of it before anybody could count.

        Args:
            size: Its bytes, or its characters.

        Raises:
            DriverError: `54PM1`; the session is ended.
        """
        if size > self._most_bytes:
            raise self._too_much()

    def _too_much(self) -> DriverError:
        self.end()
        return DriverError(Fault(sqlstate=TOO_MUCH, message="the server says more than is taken"))

    def _is_open(self) -> bool:
        if self._session.closed:
            return False
        try:
            # libpq learns that the server has hung up when it is made to read: first the last word, then the end.
            self._libpq.consume_input()
            self._libpq.is_busy()
            self._libpq.consume_input()
        except psycopg.Error:
            self.end()
            return False
        return True

    async def _wait(self, work: PQGen[list[PGresult]]) -> list[PGresult]:
        if not self._is_open():
            # Said before anything is sent, so that nobody has to wonder whether it has taken effect.
            raise DriverError(Fault(sqlstate=NOT_CONNECTED, message="lost"))
        try:
            results = await _done(work, self._libpq.socket, Allowance(self._most_bytes))
        except TooMuchError:
            raise self._too_much() from None
        except psycopg.Error:
            self.end()
            raise DriverError(Fault(sqlstate=LOST, message="lost")) from None
        except BaseException:
            self.fate = Fate.UNHEARD
            await undisturbed(self._settle(work))
            raise
        if results and results[-1].status in _FAILED:
            self.check(len(results[-1].error_message))
        if results and results[-1].status in _COPYING:
            # What comes next on the line is data that nobody wants.
            self.end()
            raise DriverError(Fault(sqlstate=NOT_SUPPORTED, message="COPY goes another way"))
        return results

    async def _settle(self, work: PQGen[list[PGresult]]) -> None:
        """Stop what is running, for a caller that has been cancelled; the session is idle then, or ended."""
        try:
            async with asyncio.timeout(self._stop_s):
                while True:
                    # Once this returns the server has been told: nothing of it can hit a later statement.
                    await self._session.cancel_safe(timeout=self._stop_s)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_REPEAT_S):
                            results = await _done(work, self._libpq.socket, Allowance(self._most_bytes))
                            self.fate = fate_of(results, self._libpq.transaction_status)
                            return
        except BaseException as other:  # noqa: BLE001 -- a broken line, time, the loop's end: nobody may have it again
            self.silent = isinstance(other, TimeoutError | psycopg.errors.CancellationTimeout)
            self.end()


async def _done(work: PQGen[T], socket: int, allowance: Allowance) -> T:
    """What a generator of psycopg's comes to, which asks for the socket to be ready.

    As psycopg's `wait_async`, without the timer by which that looks for an interruption from time to time: asyncio
    tells of everything at once. Raises `TooMuchError` once more has come than is allowed.
    """
    loop = asyncio.get_running_loop()
    try:
        wanted = next(work)
        while True:
            ready = loop.create_future()
            try:
                if wanted & Wait.R:
                    loop.add_reader(socket, _tell, ready, Ready.R)
                if wanted & Wait.W:
                    loop.add_writer(socket, _tell, ready, Ready.W)
                got: Ready = await ready
            finally:
                loop.remove_reader(socket)
                if wanted & Wait.W:
                    loop.remove_writer(socket)
            if got & Ready.R:
                allowance.count(socket)
            wanted = work.send(got)
    except StopIteration as end:
        done: T = end.value
        return done
    except OSError as error:
        raise psycopg.OperationalError("the socket is closed") from error


def _tell(ready: asyncio.Future[Ready], how: Ready) -> None:
    if not ready.done():
        ready.set_result(how)


def succeeded(results: Sequence[PGresult]) -> Sequence[PGresult]:
    """The results, none of which is an error.

    Raises:
        DriverError: What the first of them says that is one.
    """
    for result in results:
        if result.status in _FAILED:
            raise of_result(result)
    return results


def fate_of(results: Sequence[PGresult], standing: int) -> Fate:
    """What became of what these results answer: it is one transaction, so an error undoes all of it.

    Args:
        results: All that came.
        standing: The session's state: ReadyForQuery sets it, which alone makes their last word a fact.
    """
    if not results or standing not in _AT_REST:
        return Fate.UNHEARD
    return Fate.UNDONE if any(result.status in _UNDOING for result in results) else Fate.DONE


def _asking(libpq: PGconn, send: Send) -> PQGen[list[PGresult]]:
    send(libpq)
    results: list[PGresult] = yield from generators.execute(libpq)
    return results


def _piping(libpq: PGconn, sends: Sequence[Send]) -> PQGen[list[PGresult]]:
    libpq.enter_pipeline_mode()
    for send in sends:
        send(libpq)
    libpq.pipeline_sync()
    yield from generators.send(libpq)
    results: list[PGresult] = []
    try:
        while not results or results[-1].status not in _COPYING | {ExecStatus.PIPELINE_SYNC}:
            results += yield from generators.fetch_many(libpq)
    except psycopg.Error:
        # The server's last word before it hung up says more than that it did.
        if any(result.status in _FAILED for result in results):
            return results
        raise
    if results[-1].status in _COPYING:
        return results
    libpq.exit_pipeline_mode()
    return results[:-1]
