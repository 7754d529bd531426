"""Records of any number become batches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from pgmcp.domain.batches import MAX_BATCH_BYTES, batches, with_keys_once
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.plans import Batch, ConflictAction, OnConflict
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.values.types import INT4, TEXT

TABLE = Relation(
    name=Name("public", "t"),
    kind=RelationKind.TABLE,
    columns=(Column(name="id", type=INT4), Column(name="a", type=TEXT), Column(name="b", type=TEXT)),
)


async def each(items: Iterable[Any]) -> AsyncIterator[Any]:
    """Items as they come."""
    for item in items:
        yield item


async def cut(items: Iterable[Any], *, size: int = 1000, max_bytes: int = MAX_BATCH_BYTES) -> list[Batch]:
    """All batches."""
    return [batch async for batch in batches(each(items), TABLE, size=size, max_bytes=max_bytes)]


async def test_none() -> None:
    """No record, no batch."""
    assert await cut([]) == []


async def test_one_batch() -> None:
    """Values in PostgreSQL's text form, the columns in one order whatever the record's."""
    assert await cut([{"id": 1, "a": "x"}, {"a": None, "id": 2}]) == [
        Batch(columns=("a", "id"), rows=(("x", "1"), (None, "2")))
    ]


async def test_where_a_value_stands() -> None:
    """In the request's records, whichever batch it came in; a row alone is the request's data."""
    batches = await cut([{"id": 1}, {"id": 2}, {"id": 3}, {"a": "x"}], size=2)
    assert [batch.place("a b", 0) for batch in batches] == [
        {"column": "a b", "row": row, "path": f'records[{row}]["a b"]'} for row in (0, 2, 3)
    ]
    assert Batch(columns=("id",), rows=(("1",),)).place("id", 0) == {"column": "id", "path": "data.id"}


@pytest.mark.parametrize(
    "number, size, lengths",
    [
        pytest.param(4, 2, [2, 2], id="full"),
        pytest.param(5, 2, [2, 2, 1], id="with a rest"),
        pytest.param(3, 1, [1, 1, 1], id="one by one"),
        pytest.param(3, 3, [3], id="exactly one"),
    ],
)
async def test_cut_by_rows(number: int, size: int, lengths: list[int]) -> None:
    """As many rows as are asked for."""
    found = await cut(({"id": number} for number in range(number)), size=size)
    assert [len(batch.rows) for batch in found] == lengths
    assert [row for batch in found for row in batch.rows] == [(str(number),) for number in range(number)]


async def test_cut_by_columns() -> None:
    """Rows that name other columns are another statement; what is named again later is not joined."""
    records = [{"id": 1}, {"id": 2}, {"id": 3, "a": "x"}, {"id": 4}]
    assert await cut(records) == [
        Batch(columns=("id",), rows=(("1",), ("2",))),
        Batch(columns=("a", "id"), rows=(("x", "3"),)),
        Batch(columns=("id",), rows=(("4",),)),
    ]


async def test_rows_without_columns() -> None:
    """A record that takes every default is a row too."""
    assert await cut([{}, {}]) == [Batch(columns=(), rows=((), ()))]


async def test_cut_by_weight() -> None:
    """A batch goes once its values weigh enough: before the next row, and its weight starts anew."""
    records = [{"a": "x" * 4, "b": None}, {"a": "x" * 5, "b": "y"}, {"a": "x", "b": "y"}, {"a": "z", "b": None}]
    assert [len(batch.rows) for batch in await cut(records, max_bytes=10)] == [2, 2]
    assert [len(batch.rows) for batch in await cut(records, max_bytes=11)] == [3, 1]
    assert [len(batch.rows) for batch in await cut(records, max_bytes=1)] == [1, 1, 1, 1]
    uneven = [{"a": "xxx"}, {"a": "x"}] * 2
    assert [len(batch.rows) for batch in await cut(uneven, max_bytes=4)] == [2, 2]


async def test_four_megabytes_by_default() -> None:
    """So much is held in memory, whatever `batch_size` says."""
    big = "x" * (MAX_BATCH_BYTES // 2)
    assert [len(batch.rows) for batch in await cut([{"a": big}] * 3)] == [2, 1]


async def test_no_more_is_asked_for_than_is_needed() -> None:
    """The source is read one row past a batch, not to its end."""
    asked = 0

    async def source() -> AsyncIterator[dict[str, Any]]:
        nonlocal asked
        while True:
            asked += 1
            yield {"id": asked}

    first = await anext(batches(source(), TABLE, size=3))
    assert (first, asked) == (Batch(columns=("id",), rows=(("1",), ("2",), ("3",))), 4)


@pytest.mark.parametrize(
    "records, error",
    [
        pytest.param(
            [{"id": 1}, [2]],
            {
                "code": "wrong_type",
                "message": "record 1 is not an object",
                "hint": 'A record looks like {"name":"Ana"}.',
                "details": {"path": "records[1]"},
            },
            id="no object",
        ),
        pytest.param(
            [{"id": 1}, {"id": 2}, {"id": "x"}],
            {
                "code": "value_invalid",
                "message": "the value doesn't fit column 'id' of type int4",
                "hint": "Expected an integer from -2147483648 to 2147483647.",
                "details": {"path": "records[2].id"},
            },
            id="a bad value",
        ),
    ],
)
async def test_a_bad_record(records: list[Any], error: dict[str, Any]) -> None:
    """Its number counts over all batches."""
    with pytest.raises(ValidationError) as caught:
        await cut(records, size=1)
    assert caught.value.document() == {"type": "validation_error", "retry": "fix_input"} | error


BY_ID = OnConflict(action=ConflictAction.UPDATE, target=("id",))


@pytest.mark.parametrize(
    "records, size, conflict, path",
    [
        pytest.param([{"id": 1, "a": "x"}, {"id": 2, "a": "y"}], 9, BY_ID, None, id="two keys"),
        pytest.param([{"id": 1, "a": "x"}, {"id": 1, "a": "y"}], 9, BY_ID, "records[1]", id="one key"),
        pytest.param([{"id": 1, "a": "x"}, {"id": 1, "a": "y"}], 1, BY_ID, None, id="one key in two statements"),
        pytest.param([{"id": 9, "a": "x"}, *[{"id": 1, "b": "x"}] * 2], 9, BY_ID, "records[2]", id="in a later batch"),
        pytest.param([{"id": 1}, {"id": 1}], 9, BY_ID, None, id="nothing is updated"),
        pytest.param([{"a": "x"}, {"a": "x"}], 9, BY_ID, None, id="a key that takes its default"),
        pytest.param([{"id": None, "a": "x"}] * 2, 9, BY_ID, None, id="a key that is null"),
        pytest.param(
            [{"id": 1, "a": "x"}] * 2, 9, OnConflict(action=ConflictAction.IGNORE, target=("id",)), None, id="ignored"
        ),
        pytest.param([{"id": 1, "a": "x"}] * 2, 9, OnConflict(), None, id="an error of PostgreSQL's"),
    ],
)
async def test_keys_of_one_statement(records: list[Any], size: int, conflict: OnConflict, path: str | None) -> None:
    """Two records of one key are told before they are sent."""
    parts = with_keys_once(batches(each(records), TABLE, size=size), conflict)
    try:
        assert [batch async for batch in parts] == await cut(records, size=size)
        found = None
    except ValidationError as error:
        found = error.path
    assert found == path
