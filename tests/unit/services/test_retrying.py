"""Retrying: what is done again, how often, and until when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from attrs import evolve

from pgmcp.adapters.clock import FixedClock
from pgmcp.domain.calls import CallContext, LeaseId
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.events import Retried
from pgmcp.domain.requests import CreateBatchRequest
from pgmcp.domain.settings import Settings
from pgmcp.services.retrying import Retrying
from tests.unit.house import NOON, House, Recorder

CALL = House({}).call()
LOST = DatabaseError(codes.CONNECTION_LOST, "lost", sqlstate="08006")
UNKNOWN = DatabaseError(codes.CONNECTION_LOST, "lost", sqlstate="08006", details={"outcome": "unknown"})
UNDONE = DatabaseError(codes.SERIALIZATION_FAILURE, "conflict", sqlstate="40001", details={"outcome": "rolled_back"})
TAKEN = DatabaseError(codes.UNIQUE_VIOLATION, "taken", sqlstate="23505", details={"outcome": "rolled_back"})

Kind = Callable[[Retrying], Callable[[Callable[[], Awaitable[str]], CallContext], Awaitable[str]]]
READING: Kind = lambda retrying: retrying.reading  # noqa: E731 -- a column of the table below
WRITING: Kind = lambda retrying: retrying.writing  # noqa: E731 -- as above
ONCE: Kind = lambda retrying: retrying.once  # noqa: E731 -- as above


class Trial:
    """A Retrying on a clock that jumps, and work that fails as it is told."""

    def __init__(self, *failures: Exception, attempts: int = 3) -> None:
        self.clock = FixedClock(NOON)
        self.recorder = Recorder()
        self.retrying = Retrying(self.clock, self.recorder, Settings(retry_attempts=attempts))
        self.left = list(failures)
        self.runs = 0

    async def work(self) -> str:
        """Fail as long as there are failures left."""
        self.runs += 1
        if self.left:
            raise self.left.pop(0)
        return "done"

    async def outcome(self, kind: Kind, call: CallContext = CALL) -> str:
        """What comes of it: its result, or the code of its error."""
        try:
            return await kind(self.retrying)(self.work, call)
        except DatabaseError as error:
            return error.code.name


@pytest.mark.parametrize(
    "kind, failures, came, runs",
    [
        pytest.param(READING, [], "done", 1, id="nothing fails"),
        pytest.param(READING, [LOST], "done", 2, id="a read"),
        pytest.param(READING, [LOST, UNDONE], "done", 3, id="a read twice"),
        pytest.param(READING, [LOST, LOST, LOST], "connection_lost", 3, id="a read in vain"),
        pytest.param(READING, [TAKEN], "unique_violation", 1, id="a mistake"),
        pytest.param(READING, [LOST, TAKEN], "unique_violation", 2, id="a mistake the second time"),
        pytest.param(WRITING, [UNDONE], "done", 2, id="a write that is undone"),
        pytest.param(WRITING, [UNKNOWN], "connection_lost", 1, id="a write of which nobody knows"),
        pytest.param(WRITING, [LOST], "connection_lost", 1, id="a write that says nothing"),
        pytest.param(WRITING, [TAKEN], "unique_violation", 1, id="a write that is wrong"),
        pytest.param(ONCE, [UNKNOWN], "done", 2, id="a write with a key of which nobody knows"),
        pytest.param(ONCE, [TAKEN], "unique_violation", 1, id="a write with a key that is wrong"),
    ],
)
async def test_what_is_done_again(kind: Kind, failures: list[Exception], came: str, runs: int) -> None:
    """Reads for any passing reason, writes only if they are known to have done nothing or have a key."""
    trial = Trial(*failures)
    assert (await trial.outcome(kind), trial.runs) == (came, runs)


async def test_never_inside_a_lease() -> None:
    """What else the transaction did is lost; only its owner knows it."""
    trial = Trial(UNDONE)
    within = evolve(CALL, transaction=LeaseId("a lease"))
    assert (await trial.outcome(WRITING, within), trial.runs) == ("serialization_failure", 1)


async def test_never_inside_a_unit_of_work() -> None:
    """Whoever opened it does it again as a whole."""
    trial = Trial(LOST)
    unit: Any = object()
    within = evolve(CALL, unit=unit)
    assert (await trial.outcome(READING, within), trial.runs) == ("connection_lost", 1)


async def test_waits_do_not_grow_for_ever() -> None:
    """However often it is tried, nobody waits for more than two seconds at a time."""
    waits = []
    for _ in range(20):
        trial = Trial(*[LOST] * 14, attempts=14)
        await trial.outcome(READING, evolve(CALL, deadline=1e9))
        waits += [event.wait_s for event in trial.recorder.events if isinstance(event, Retried)]
    assert 1 < max(waits) <= 2


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_the_setting_counts_the_first_attempt(attempts: int) -> None:
    """1 turns it off."""
    trial = Trial(*[LOST] * 9, attempts=attempts)
    assert (await trial.outcome(READING), trial.runs) == ("connection_lost", attempts)


async def test_waits_grow_at_random_and_are_told() -> None:
    """Each is drawn between nought and a bound that doubles."""
    bounds = [0.05, 0.1, 0.2, 0.4]
    seen: list[list[float]] = []
    for _ in range(30):
        trial = Trial(*[LOST] * 4, attempts=5)
        await trial.outcome(READING)
        events = [event for event in trial.recorder.events if isinstance(event, Retried)]
        told = [(event.attempt, event.error, event.sqlstate, event.call) for event in events]
        assert told == [(number, "connection_lost", "08006", CALL.id) for number in (1, 2, 3, 4)]
        seen.append([event.wait_s for event in events])
        assert trial.clock.monotonic() == pytest.approx(sum(seen[-1]))
    for bound, waits in zip(bounds, zip(*seen, strict=True), strict=True):
        assert 0 <= min(waits) < bound / 2 < max(waits) <= bound


async def test_nothing_is_tried_past_the_deadline() -> None:
    """The last error stands as soon as the next wait would not end in time."""
    for time_left in (0.01, 0.02):
        trial = Trial(*[LOST] * 9, attempts=9)
        call = evolve(CALL, deadline=time_left)
        assert await trial.outcome(READING, call) == "connection_lost"
        assert trial.clock.monotonic() < time_left
        assert trial.runs < 9


class Conflicting:
    """A repository whose second insert loses against another transaction."""

    select: Any = None
    update: Any = None
    delete: Any = None

    def __init__(self) -> None:
        self.house = House(rows=self)
        self.asked = 0

    async def insert(self, *arguments: Any) -> Any:
        """Fail the second time that it is asked."""
        self.asked += 1
        if self.asked == 2:
            raise DatabaseError(codes.SERIALIZATION_FAILURE, "conflict", sqlstate="40001")
        return await self.house.memory.tables.insert(*arguments)


async def test_a_transaction_of_several_batches_is_done_again_whole() -> None:
    """Its records are a list, so they can be had again; nothing is there twice."""
    conflicting = Conflicting()
    records = [{"at": 100, "text": "a"}, {"at": 101, "text": "b"}]
    asked = {"table": "lines", "records": records, "batch_size": 1}
    answer = await conflicting.house.document("create_records", asked)
    assert (answer, conflicting.asked) == ({"ok": True, "count": "2"}, 4)


async def test_records_that_come_only_once_are_not_asked_for_again() -> None:
    """An asynchronous source has given them; the error says that nothing was written."""
    conflicting = Conflicting()

    async def source() -> Any:
        yield {"at": 100, "text": "a"}
        yield {"at": 101, "text": "b"}

    request = CreateBatchRequest(table="lines", records=source(), batch_size=1)
    with pytest.raises(DatabaseError) as failed:
        await conflicting.house.dispatch("create_records", request)
    assert (failed.value.code.name, failed.value.details["outcome"]) == ("serialization_failure", "rolled_back")
    assert conflicting.asked == 2
