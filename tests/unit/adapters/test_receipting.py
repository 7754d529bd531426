"""A write that keeps its own receipt: what its statement looks like, and what its kept answer means."""

from __future__ import annotations

import pytest

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.adapters.postgres.receipting import RECORD_HEAD_END, UNKEPT, VOID, answer_of, whole
from pgmcp.domain.filters.tree import EVERYTHING
from pgmcp.domain.plans import Assignment, Batch, Bounds, Delete, Insert, Update
from pgmcp.domain.receipts import AlreadyKept, Kept, Receipt, decoded, encoded
from pgmcp.domain.results import Form, Result, ResultColumn, Truncation, WireRows
from pgmcp.domain.values.types import INT4, TEXT
from tests.fixtures.relations import relation

GOODS = relation("goods", {"id": INT4, "name": TEXT})
RECEIPT = Receipt(principal="o'ana", key="k$1", digest="d")
COLUMNS = (ResultColumn("id", INT4), ResultColumn("name", TEXT))
HEAD = '{"columns":[["id","int4"],["name","text"]],"max_rows":2,"max_bytes":99,"records":'


def builder() -> QueryBuilder:
    """One that has kept nothing."""
    return QueryBuilder(SystemClock())


STATEMENTS = [
    pytest.param(
        builder().update(
            Update(
                relation=GOODS,
                assignments=(Assignment(column="name", value=None),),
                filter=EVERYTHING,
                returning=("id", "name"),
                max_rows=1,
                bounds=Bounds(max_rows=2, max_bytes=99),
            ),
            RECEIPT,
        ),
        id="update",
    ),
    pytest.param(
        builder().delete(
            Delete(
                relation=GOODS,
                filter=EVERYTHING,
                returning=("id", "name"),
                max_rows=1,
                bounds=Bounds(max_rows=2, max_bytes=99),
            ),
            RECEIPT,
        ),
        id="delete",
    ),
    pytest.param(
        builder().insert(
            Insert(relation=GOODS, returning=("id", "name"), bounds=Bounds(max_rows=2, max_bytes=99)),
            Batch(columns=("id",), rows=(("1",),)),
            RECEIPT,
        ),
        id="insert",
    ),
]


@pytest.mark.parametrize("written", STATEMENTS)
def test_a_key_is_bound_and_looked_for_first(written: object) -> None:
    """No value stands in the text, and the change has the condition that its key is free."""
    statement = getattr(written, "statement")  # noqa: B009 -- of any of the statements
    assert {"o'ana", "k$1", "d", HEAD} <= set(statement.parameters)
    assert "ana" not in statement.text
    assert statement.text.count(UNKEPT) == 2  # once for the change, once for the receipt
    assert HEAD.endswith(RECORD_HEAD_END)


def test_what_was_done_now_is_answered_by_its_records() -> None:
    """The first is the number of rows changed."""
    assert answer_of([("1", None, None), ("[1,null]", None, None)]) == [("1",), ("[1,null]",)]


def test_what_was_done_before_is_told() -> None:
    """With the digest and the answer of then; one that is still to come has none."""
    for answer in (f'{HEAD}["1"]}}', None):
        with pytest.raises(AlreadyKept) as told:
            answer_of([("0", "d", answer)])
        assert told.value.kept == Kept(digest="d", answer=whole(answer))


def test_a_void_receipt_is_none() -> None:
    """Its key has to be taken, which waits for nobody any more."""
    with pytest.raises(AlreadyKept) as told:
        answer_of([("0", VOID, None)])
    assert told.value.kept is None


@pytest.mark.parametrize(
    "records, result",
    [
        pytest.param('["0"]', Result(columns=COLUMNS), id="nothing"),
        pytest.param(
            '["2","[1,\\"a\\"]\\u001e[2,null]"]',
            Result(columns=COLUMNS, rows=WireRows.of(('[1,"a"]', "[2,null]")), count=2),
            id="rows",
        ),
        pytest.param(
            '["3","[1,\\"a\\"]\\u001e[2,null]\\u001e[3,null]"]',
            Result(
                columns=COLUMNS,
                rows=WireRows.of(('[1,"a"]', "[2,null]")),
                count=3,
                more=True,
                truncated=Truncation.ROWS,
            ),
            id="more rows than are given back",
        ),
        pytest.param(
            '["1","[1,\\"a\\"]\\u001e"]',
            Result(columns=COLUMNS, rows=WireRows.of(('[1,"a"]',)), count=1, more=True, truncated=Truncation.BYTES),
            id="more bytes than are given back",
        ),
    ],
)
def test_a_kept_answer_is_the_first_one(records: str, result: Result) -> None:
    """Whichever statement kept it, it means the same to who reads it."""
    kept = whole(f"{HEAD}{records}}}")
    assert kept == encoded(result)
    assert whole(kept) == kept
    assert kept is not None
    assert decoded(kept, Form.WIRE) == result


def test_a_number_alone() -> None:
    """Of a write that gives nothing back."""
    head = '{"columns":[],"max_rows":1000,"max_bytes":262144,"records":'
    assert whole(f'{head}["7"]}}') == encoded(Result(count=7))
