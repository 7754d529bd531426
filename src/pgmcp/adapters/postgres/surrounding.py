"""A statement in a transaction of its own, which begins with what holds for it alone; and how one that is stopped ends.

What is stopped before COMMIT is sent is undone, whatever the server says of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from pgmcp.adapters.postgres.standing import standing_text
from pgmcp.domain.calls import CallContext
from pgmcp.domain.stopping import cancelled
from pgmcp.domain.transactions import Outcome
from pgmcp.ports.driver import Connection, DriverError, Fate, Need

T = TypeVar("T")

_OUTCOMES = {Fate.DONE: Outcome.COMMITTED, Fate.UNDONE: Outcome.ROLLED_BACK, Fate.UNHEARD: Outcome.UNKNOWN}


class UndoneError(DriverError):
    """An error before COMMIT was sent: whatever became of the session, nothing that was done on it stays."""


def outcome_of(fate: Fate) -> Outcome:
    """How a transaction ended that is one statement, or whose COMMIT it is, after that was cancelled."""
    return _OUTCOMES[fate]


def stands_alone(call: CallContext) -> bool:
    """Whether a call's statement needs no transaction around it."""
    return call.statement_timeout_ms is None and not standing_text(call.view.standing)


def limit_text(limit_ms: int | None) -> str:
    """A limit of the statement's own, behind BEGIN; empty where it has none."""
    return "" if limit_ms is None else f"; SET LOCAL statement_timeout = {limit_ms:d}"


async def surrounded(
    work: Callable[[Connection], Awaitable[T]], connection: Connection, need: Need, before: str, remark: str
) -> T:
    """Do the work in a transaction of its own, behind statements that hold for it alone: two round trips more.

    Args:
        work: What to do.
        connection: Where.
        need: What it takes: reading is all that it can do where it is for that.
        before: Statements to begin with, each after a semicolon.
        remark: Who it is done for.

    Raises:
        UndoneError: What the server said, before the end.
        DriverError: What it said of COMMIT.
        asyncio.CancelledError: From a `cancelled` that tells the outcome, where it is for writing.
    """
    begin = "BEGIN READ ONLY" if need is Need.READ else "BEGIN"
    at_its_end = False
    try:
        await connection.control(begin + before + remark)
        result = await work(connection)
        at_its_end = True
        await connection.control("COMMIT" + remark)
    except BaseException as error:
        outcome = outcome_of(connection.fate) if at_its_end else Outcome.ROLLED_BACK
        given_up = await _rolled_back(connection, remark) or error
        if isinstance(given_up, asyncio.CancelledError):
            raise given_up from (cancelled(outcome) if need is Need.WRITE else None)
        if isinstance(error, DriverError) and not at_its_end:
            raise UndoneError(error.fault) from error
        raise
    return result


async def _rolled_back(connection: Connection, remark: str) -> asyncio.CancelledError | None:
    """Roll back what is open; the caller's cancellation, if that came meanwhile."""
    try:
        if not connection.usable:
            # If even this fails the session is not usable, and the pool closes it.
            with suppress(DriverError):
                await connection.control("ROLLBACK" + remark)
    except asyncio.CancelledError as error:
        return error
    return None
