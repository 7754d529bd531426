"""TransactionService: units of work and trials."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pgmcp.domain.calls import CallContext
from pgmcp.domain.changes import Changes
from pgmcp.domain.errors import DatabaseError, TransactionError, codes
from pgmcp.domain.relations import Name
from pgmcp.domain.settings import Settings
from pgmcp.domain.stopping import cancelled, out_of_time, outcome_told
from pgmcp.ports.transactions import Outcome, TransactionOptions
from pgmcp.services.transactions import TransactionService
from tests.unit.house import House, Listener

CALL = House({}).call()


class Work:
    """A unit of work, and its one transaction, that write down what is asked of them."""

    def __init__(self, *, commit: BaseException | None = None, outcome: Outcome = Outcome.ROLLED_BACK) -> None:
        self.said: list[Any] = []
        self._commit = commit
        self._outcome = outcome
        self.listener = Listener()
        self.service = TransactionService(self, House({}, work=self).leases, self.listener, Settings())

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


CHANGES = Changes.of(Name("public", "orders"))
BEGIN = ("begin", TransactionOptions(), CALL)


async def _done(work: Work, within: Any) -> str:
    """Something that goes well."""
    assert id(within) == id(work)
    work.said.append("work")
    return "result"


async def _fails(error: BaseException, cause: BaseException | None = None) -> None:
    """Something that doesn't."""
    raise error from cause


def given_up(outcome: Outcome) -> asyncio.CancelledError:
    """A cancellation that tells how the write ended."""
    error = asyncio.CancelledError()
    error.__cause__ = cancelled(outcome)
    return error


async def test_a_unit_commits() -> None:
    """After its work; whoever listens hears what was written."""
    work = Work()
    assert await work.service.unit(lambda within, _: _done(work, within), CALL, CHANGES) == "result"
    assert work.said == [BEGIN, "work", ("commit", CALL)]
    assert work.listener.heard == [(CHANGES, Outcome.COMMITTED)]


@pytest.mark.parametrize(
    "outcome",
    [pytest.param(Outcome.ROLLED_BACK, id="rolled back"), pytest.param(Outcome.UNKNOWN, id="nobody could be asked")],
)
async def test_a_unit_that_fails_rolls_back(outcome: Outcome) -> None:
    """Its error says how it ended, and keeps its cause."""
    work, cause = Work(outcome=outcome), ValueError()
    error = DatabaseError(codes.CHECK_VIOLATION, "no", details={"a": 1})
    with pytest.raises(DatabaseError) as caught:
        await work.service.unit(lambda *_: _fails(error, cause), CALL, CHANGES)
    assert caught.value is error
    assert error.details == {"a": 1, "outcome": str(outcome)}
    assert error.__cause__ is cause
    assert (work.said, work.listener.heard) == ([BEGIN, "rollback"], [])


@pytest.mark.parametrize(
    "error", [pytest.param(ValueError("x"), id="a defect"), pytest.param(asyncio.CancelledError(), id="a cancellation")]
)
async def test_whatever_ends_a_unit_rolls_it_back(error: BaseException) -> None:
    """And goes on as it is."""
    work = Work()
    with pytest.raises(type(error)) as caught:
        await work.service.unit(lambda *_: _fails(error), CALL, CHANGES)
    assert caught.value is error
    assert work.said == [BEGIN, "rollback"]
    told = Outcome.ROLLED_BACK if isinstance(error, asyncio.CancelledError) else None
    assert outcome_told(caught.value) is told


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_a_unit_that_is_cancelled_at_its_commit(outcome: Outcome) -> None:
    """The cancellation goes on, and tells how it ended."""
    work = Work(commit=asyncio.CancelledError(), outcome=outcome)
    with pytest.raises(asyncio.CancelledError) as caught:
        await work.service.unit(lambda within, _: _done(work, within), CALL, CHANGES)
    assert outcome_told(caught.value) is outcome


@pytest.mark.parametrize(
    "fail, outcome, heard",
    [
        pytest.param(lambda: out_of_time(Outcome.ROLLED_BACK), Outcome.UNKNOWN, [Outcome.COMMITTED], id="stopped"),
        pytest.param(lambda: out_of_time(Outcome.UNKNOWN), Outcome.UNKNOWN, [Outcome.UNKNOWN], id="unheard"),
        pytest.param(lambda: out_of_time(Outcome.COMMITTED), Outcome.COMMITTED, [Outcome.COMMITTED], id="too late"),
        pytest.param(lambda: given_up(Outcome.ROLLED_BACK), Outcome.UNKNOWN, [Outcome.COMMITTED], id="cancelled"),
        pytest.param(
            lambda: DatabaseError(codes.CHECK_VIOLATION, "no", details={"outcome": "rolled_back"}),
            Outcome.ROLLED_BACK,
            [Outcome.COMMITTED],
            id="failed",
        ),
        pytest.param(
            lambda: DatabaseError(codes.UNIQUE_VIOLATION, "no", sqlstate="23505", details={"outcome": "rolled_back"}),
            Outcome.UNKNOWN,
            [Outcome.COMMITTED],
            id="failed at it",
        ),
        pytest.param(
            lambda: DatabaseError(codes.UNDEFINED_OBJECT, "no", sqlstate="42P01", details={"outcome": "rolled_back"}),
            Outcome.ROLLED_BACK,
            [Outcome.COMMITTED],
            id="not begun",
        ),
    ],
)
async def test_what_commits_in_parts(fail: Callable[[], BaseException], outcome: Outcome, heard: list[Outcome]) -> None:
    """A part of it may be there, whatever became of the rest, so one that was stopped has no outcome to be told."""
    error = fail()
    work = Work()
    with pytest.raises(type(error)) as caught:
        await work.service.write_in_parts(lambda *_: _fails(error, error.__cause__), CALL, CHANGES)
    assert outcome_told(caught.value) is outcome
    assert work.listener.heard == [(CHANGES, each) for each in heard]


@pytest.mark.parametrize(
    "outcome, heard",
    [
        pytest.param(Outcome.ROLLED_BACK, [], id="rolled back"),
        pytest.param(Outcome.UNKNOWN, [(CHANGES, Outcome.UNKNOWN)], id="unknown"),
    ],
)
async def test_a_commit_that_fails(outcome: Outcome, heard: list[Any]) -> None:
    """Is what the caller hears; who listens hears of it where it may have been kept all the same."""
    error = TransactionError(codes.SERIALIZATION_FAILURE, "no", details={"outcome": str(outcome)})
    work = Work(commit=error, outcome=outcome)
    with pytest.raises(TransactionError) as caught:
        await work.service.unit(lambda within, _: _done(work, within), CALL, CHANGES)
    assert caught.value is error
    assert work.said == [BEGIN, "work", ("commit", CALL), "rollback"]
    assert work.listener.heard == heard


async def test_a_trial_is_rolled_back() -> None:
    """Always, and nobody hears of it."""
    work = Work()
    assert await work.service.trial(lambda within, _: _done(work, within), CALL) == "result"
    assert (work.said, work.listener.heard) == ([BEGIN, "work", "rollback"], [])


async def test_a_trial_that_fails_too() -> None:
    """With its own error, which says as any other write's that nothing is there."""
    work = Work()
    error = DatabaseError(codes.CHECK_VIOLATION, "no")
    with pytest.raises(DatabaseError) as caught:
        await work.service.trial(lambda *_: _fails(error), CALL)
    assert (caught.value is error, error.details) == (True, {"outcome": "rolled_back"})
    assert work.said == [BEGIN, "rollback"]


@pytest.mark.parametrize(
    "error, heard",
    [
        pytest.param(None, [(CHANGES, Outcome.COMMITTED)], id="done"),
        pytest.param(DatabaseError(codes.CHECK_VIOLATION, "no", details={"outcome": "rolled_back"}), [], id="refused"),
        pytest.param(
            DatabaseError(codes.CONNECTION_LOST, "?", details={"outcome": "unknown"}),
            [(CHANGES, Outcome.UNKNOWN)],
            id="nobody knows",
        ),
        pytest.param(out_of_time(Outcome.COMMITTED), [(CHANGES, Outcome.COMMITTED)], id="too late to be stopped"),
        pytest.param(out_of_time(Outcome.ROLLED_BACK), [], id="stopped"),
        pytest.param(asyncio.CancelledError(), [(CHANGES, Outcome.UNKNOWN)], id="cancelled"),
        pytest.param(given_up(Outcome.UNKNOWN), [(CHANGES, Outcome.UNKNOWN)], id="cancelled, nobody knows"),
        pytest.param(given_up(Outcome.COMMITTED), [(CHANGES, Outcome.COMMITTED)], id="cancelled too late"),
        pytest.param(given_up(Outcome.ROLLED_BACK), [], id="cancelled and stopped"),
    ],
)
async def test_who_listens_hears_of_a_single_write(error: BaseException | None, heard: list[Any]) -> None:
    """Of what is there, and of what may be."""
    work = Work()

    async def write(within: Any, call: CallContext) -> str:
        assert (within, call) == (None, CALL)
        if error is not None:
            raise error
        return "result"

    writing = work.service.write(write, CALL, CHANGES)
    if error is None:
        assert await writing == "result"
    else:
        with pytest.raises(type(error)):
            await writing
    assert (work.listener.heard, work.said) == (heard, [])
