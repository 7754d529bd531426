"""TransactionService: units of work and trials."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import DatabaseError, PgmcpError, TransactionError, codes
from pgmcp.ports.transactions import Outcome, TransactionOptions
from pgmcp.services.transactions import TransactionService
from tests.unit.house import House

CALL = House({}).call()


class Work:
    """A unit of work, and its one transaction, that write down what is asked of them."""

    def __init__(self, *, commit: PgmcpError | None = None, outcome: Outcome = Outcome.ROLLED_BACK) -> None:
        self.said: list[Any] = []
        self._commit = commit
        self._outcome = outcome

    async def begin(self, options: TransactionOptions, call: CallContext) -> Any:
        """Write it down."""
        self.said.append(("begin", options, call))
        return self

    async def commit(self, call: CallContext) -> Outcome:
        """Write it down, and fail if that is wanted."""
        self.said.append(("commit", call))
        if self._commit is not None:
            raise self._commit
        return Outcome.COMMITTED

    async def rollback(self) -> Outcome:
        """Write it down."""
        self.said.append("rollback")
        return self._outcome


BEGIN = ("begin", TransactionOptions(), CALL)


async def test_a_unit_commits() -> None:
    """At the end of its block."""
    work = Work()
    async with TransactionService(work).unit(CALL) as transaction:
        assert id(transaction) == id(work)
        work.said.append("work")
    assert work.said == [BEGIN, "work", ("commit", CALL)]


@pytest.mark.parametrize(
    "outcome",
    [pytest.param(Outcome.ROLLED_BACK, id="rolled back"), pytest.param(Outcome.UNKNOWN, id="nobody could be asked")],
)
async def test_a_unit_that_fails_rolls_back(outcome: Outcome) -> None:
    """Its error says how it ended, and keeps its cause."""
    work, cause = Work(outcome=outcome), ValueError()
    error = DatabaseError(codes.CHECK_VIOLATION, "no", details={"a": 1})
    with pytest.raises(DatabaseError) as caught:
        async with TransactionService(work).unit(CALL):
            raise error from cause
    assert caught.value is error
    assert error.details == {"a": 1, "outcome": str(outcome)}
    assert error.__cause__ is cause
    assert work.said == [BEGIN, "rollback"]


@pytest.mark.parametrize(
    "error", [pytest.param(ValueError("x"), id="a defect"), pytest.param(asyncio.CancelledError(), id="a cancellation")]
)
async def test_whatever_ends_a_unit_rolls_it_back(error: BaseException) -> None:
    """And goes on as it is."""
    work = Work()
    with pytest.raises(type(error)) as caught:
        async with TransactionService(work).unit(CALL):
            raise error
    assert caught.value is error
    assert work.said == [BEGIN, "rollback"]


async def test_a_commit_that_fails() -> None:
    """Is what the caller hears; there is nothing left to roll back."""
    error = TransactionError(codes.SERIALIZATION_FAILURE, "no", details={"outcome": "rolled_back"})
    work = Work(commit=error)
    with pytest.raises(TransactionError) as caught:
        async with TransactionService(work).unit(CALL):
            work.said.append("work")
    assert caught.value is error
    assert work.said == [BEGIN, "work", ("commit", CALL)]


async def test_a_trial_is_rolled_back() -> None:
    """Always."""
    work = Work()
    async with TransactionService(work).trial(CALL) as transaction:
        assert id(transaction) == id(work)
    assert work.said == [BEGIN, "rollback"]


async def test_a_trial_that_fails_too() -> None:
    """With its own error."""
    work = Work()
    error = DatabaseError(codes.CHECK_VIOLATION, "no")
    with pytest.raises(DatabaseError) as caught:
        async with TransactionService(work).trial(CALL):
            raise error
    assert caught.value is error
    assert work.said == [BEGIN, "rollback"]
