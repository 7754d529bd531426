"""TableService: batches, their joining and their plans."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.plans import Batch, Bounds, ConflictAction, Insert, OnConflict
from pgmcp.domain.results import NativeRows, Result, ResultColumn, Truncation, WireRows
from pgmcp.domain.values.types import INT4
from pgmcp.services.caching import NoCaching
from pgmcp.services.tables import TableService
from tests.fixtures.relations import THINGS
from tests.unit.house import House
from tests.unit.services.test_transactions import Work

CALL = House({}).call()
COLUMNS = (ResultColumn("id", INT4),)


class Inserts:
    """A repository that keeps what it was told to insert and gives a result for each."""

    def __init__(self, *results: Result) -> None:
        self.asked: list[tuple[Insert, Batch, Any]] = []
        self._results = list(results)

    async def insert(self, plan: Insert, batch: Batch, call: CallContext, within: Any = None) -> Result:
        """The next result."""
        self.asked.append((plan, batch, within))
        return self._results.pop(0)

    select: Any = None
    update: Any = None
    delete: Any = None


def plan(**more: Any) -> Insert:
    """An insert."""
    return evolve(Insert(relation=THINGS, bounds=Bounds(max_rows=3, max_bytes=20)), **more)


def batch(*ids: str, columns: tuple[str, ...] = ("id",)) -> Batch:
    """Rows of one column."""
    return Batch(columns=columns, rows=tuple((each,) for each in ids))


def wire(*rows: str, count: int | None = None, truncated: Truncation | None = None) -> Result:
    """A part of what is given back."""
    return Result(
        columns=COLUMNS, rows=WireRows.of(rows), count=len(rows) if count is None else count, truncated=truncated
    )


async def each(*batches: Batch) -> AsyncIterator[Batch]:
    """Batches as they come."""
    for one in batches:
        yield one


def service(*results: Result) -> tuple[TableService, Inserts, Work]:
    """A service over what keeps books."""
    inserts, work = Inserts(*results), Work()
    return TableService(inserts, work.service, House({}).retrying, NoCaching()), inserts, work


async def test_one_batch_is_a_statement_by_itself() -> None:
    """No transaction is opened for it."""
    tables, inserts, work = service(wire("[1]"))
    assert await tables.insert_once(plan(), each(batch("1")), CALL) == wire("[1]")
    assert (inserts.asked, work.said) == ([(plan(), batch("1"), None)], [])


async def test_several_batches_share_a_transaction() -> None:
    """Their results are one."""
    tables, inserts, work = service(Result(count=1), Result(count=2), Result(count=3))
    batches = each(batch("1"), batch("2"), batch("3"))
    assert await tables.insert_once(plan(), batches, CALL) == Result(count=6)
    assert inserts.asked == [(plan(), batch(at), work) for at in "123"]
    assert [said if isinstance(said, str) else said[0] for said in work.said] == ["begin", "commit"]


async def test_no_batch() -> None:
    """Nothing to add is a mistake."""
    tables, inserts, work = service()
    with pytest.raises(ValidationError) as caught:
        await tables.insert_once(plan(), each(), CALL)
    assert (caught.value.code.name, caught.value.path, inserts.asked, work.said) == ("data_empty", "records", [], [])


async def test_progress_after_each_batch() -> None:
    """In rows, of a total that nobody knows."""
    told: list[tuple[int, int | None]] = []

    async def progress(done: int, total: int | None) -> None:
        told.append((done, total))

    tables, _, _ = service(Result(count=0), Result(count=1))
    await tables.insert_once(plan(), each(batch("1", "2"), batch("3")), evolve(CALL, progress=progress))
    assert told == [(2, None), (3, None)]


@pytest.mark.parametrize(
    "results, joined, asked",
    [
        pytest.param([wire("[1]"), wire("[2]"), wire("[3]")], wire("[1]", "[2]", "[3]"), [1, 1, 1], id="all fit"),
        pytest.param(
            [wire("[1]", "[2]"), wire("[3]", "[4]"), Result(count=2)],
            wire("[1]", "[2]", "[3]", count=6, truncated=Truncation.ROWS),
            [1, 1, 0],
            id="too many rows",
        ),
        pytest.param(
            [wire("[1111111]"), wire("[2222222]"), wire("[3]"), Result(count=5)],
            wire("[1111111]", "[2222222]", count=8, truncated=Truncation.BYTES),
            [1, 1, 1, 0],
            id="too many bytes",
        ),
        pytest.param(
            [wire("[1111111]"), wire("[22222222]"), Result(count=5)],
            wire("[1111111]", count=7, truncated=Truncation.BYTES),
            [1, 1, 0],
            id="a byte too many",
        ),
        pytest.param(
            [wire('["éééé"]'), wire('["éééé"]'), Result(count=5)],
            wire('["éééé"]', count=7, truncated=Truncation.BYTES),
            [1, 1, 0],
            id="bytes, not characters",
        ),
        pytest.param(
            [wire("[1]", count=9, truncated=Truncation.ROWS), Result(count=1)],
            wire("[1]", count=10, truncated=Truncation.ROWS),
            [1, 0],
            id="a part that was cut already",
        ),
        pytest.param(
            [wire("[1]"), wire("[2]", count=9, truncated=Truncation.BYTES), Result(count=1)],
            wire("[1]", "[2]", count=11, truncated=Truncation.BYTES),
            [1, 1, 0],
            id="a later part that was cut already",
        ),
        pytest.param([wire(), wire("[2]")], wire("[2]"), [1, 1], id="a part without rows"),
    ],
)
async def test_what_is_given_back(results: list[Result], joined: Result, asked: list[int]) -> None:
    """Within the caps of the whole; once they cut it, the rest is written without asking for it."""
    tables, inserts, _ = service(*results)
    batches = [batch(str(at)) for at in range(len(results))]
    found = await tables.insert_once(plan(returning=("id",)), each(*batches), CALL)
    assert found == joined
    assert [len(told.returning) for told, _, _ in inserts.asked] == asked


async def test_native_rows_are_joined_too() -> None:
    """By their number."""
    parts = [Result(columns=COLUMNS, rows=NativeRows(((at,), (at + 1,))), count=2) for at in (1, 3, 5)]
    tables, inserts, _ = service(*parts)
    found = await tables.insert_once(plan(returning=("id",)), each(batch("1"), batch("2"), batch("3")), CALL)
    assert found == Result(columns=COLUMNS, rows=NativeRows(((1,), (2,), (3,))), count=6, truncated=Truncation.ROWS)
    assert [len(told.returning) for told, _, _ in inserts.asked] == [1, 1, 0]


async def test_exactly_as_many_native_rows_as_may_be() -> None:
    """Are no cut."""
    parts = [Result(columns=COLUMNS, rows=NativeRows(((at,),)), count=1) for at in (1, 2, 3)]
    tables, _, _ = service(*parts)
    found = await tables.insert_once(plan(returning=("id",)), each(batch("1"), batch("2"), batch("3")), CALL)
    assert found == Result(columns=COLUMNS, rows=NativeRows(((1,), (2,), (3,))), count=3)


@pytest.mark.parametrize(
    "conflict, columns, filled",
    [
        pytest.param(OnConflict(), ("id", "n"), OnConflict(), id="an error"),
        pytest.param(
            OnConflict(action=ConflictAction.IGNORE, target=("id",)),
            ("id", "n"),
            OnConflict(action=ConflictAction.IGNORE, target=("id",)),
            id="ignore",
        ),
        pytest.param(
            OnConflict(action=ConflictAction.UPDATE, target=("id",), update=("name",)),
            ("id", "n"),
            OnConflict(action=ConflictAction.UPDATE, target=("id",), update=("name",)),
            id="named columns",
        ),
        pytest.param(
            OnConflict(action=ConflictAction.UPDATE, target=("id",)),
            ("id", "n", "name"),
            OnConflict(action=ConflictAction.UPDATE, target=("id",), update=("n", "name")),
            id="all but the key",
        ),
        pytest.param(
            OnConflict(action=ConflictAction.UPDATE, target=("id",)),
            ("id",),
            OnConflict(action=ConflictAction.IGNORE, target=("id",)),
            id="nothing but the key",
        ),
    ],
)
@pytest.mark.parametrize("number", [pytest.param(1, id="one batch"), pytest.param(2, id="several")])
async def test_what_a_conflict_updates(
    conflict: OnConflict, columns: tuple[str, ...], filled: OnConflict, number: int
) -> None:
    """By each batch's own columns, where none are named."""
    tables, inserts, _ = service(Result(count=1), Result(count=1))
    one = Batch(columns=columns, rows=(("1",) * len(columns),))
    await tables.insert_once(plan(on_conflict=conflict), each(*[one] * number), CALL)
    assert [told.on_conflict for told, _, _ in inserts.asked] == [filled] * number


async def test_rows_of_the_plan_itself() -> None:
    """Are one statement."""
    tables, inserts, work = service(Result(count=1))
    own = plan(rows=batch("1"))
    assert await tables.add(own, CALL) == Result(count=1)
    assert (inserts.asked, work.said) == ([(own, batch("1"), None)], [])
