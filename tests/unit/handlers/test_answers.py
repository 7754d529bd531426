"""What several handlers answer alike."""

from __future__ import annotations

import pytest

from pgmcp.domain.responses import AcknowledgementResponse, DataResponse
from pgmcp.domain.results import Form, NativeRows, Result, ResultColumn, Truncation, WireRows
from pgmcp.domain.values.types import INT8, TEXT, array_of
from pgmcp.handlers import answers
from tests.unit.house import House

COLUMNS = (ResultColumn("id", INT8), ResultColumn("tags", array_of(TEXT)))
ROWS = WireRows.of(('[1,["a"]]',))


def test_rows() -> None:
    """Names and types beside the rows as they came."""
    result = Result(columns=COLUMNS, rows=ROWS, count=1, more=True, last_key=("1",))
    assert answers.rows(result) == DataResponse(columns=("id", "tags"), types=("int8", "text[]"), data=ROWS, count=1)


@pytest.mark.parametrize(
    "truncated, next_cursor, hint, said",
    [
        pytest.param(None, "c", None, None, id="a page"),
        pytest.param(Truncation.BYTES, None, None, "Ask for fewer columns or rows.", id="cut by bytes"),
        pytest.param(
            Truncation.BYTES,
            "c",
            None,
            "Ask for fewer columns or rows; go on with next_cursor.",
            id="cut by bytes, with a cursor",
        ),
        pytest.param(Truncation.BYTES, "c", "Other.", "Other.", id="cut by bytes, with a hint of the tool's own"),
        pytest.param(Truncation.ROWS, "c", None, None, id="cut by rows"),
        pytest.param(Truncation.ROWS, "c", "Other.", "Other.", id="cut by rows, with a hint"),
    ],
)
def test_what_to_do_about_a_cut(
    truncated: Truncation | None, next_cursor: str | None, hint: str | None, said: str | None
) -> None:
    """Bytes have a hint of their own, unless the tool knows better."""
    result = Result(columns=COLUMNS, rows=ROWS, count=1, truncated=truncated)
    found = answers.rows(result, next_cursor=next_cursor, hint=hint)
    assert (found.truncated, found.next_cursor, found.hint) == (truncated, next_cursor, said)


@pytest.mark.parametrize(
    "form, data",
    [
        pytest.param(Form.WIRE, WireRows.of(('["9007199254740993","a"]', "[null,null]")), id="wire"),
        pytest.param(Form.NATIVE, NativeRows(((9007199254740993, "a"), (None, None))), id="native"),
    ],
)
def test_a_listing(form: Form, data: WireRows | NativeRows) -> None:
    """Lines in the form that is wanted."""
    lines = iter([(9007199254740993, "a"), (None, None)])
    found = answers.listing((("n", INT8), ("t", TEXT)), lines, House().call(form=form), next_cursor="c")
    assert found == DataResponse(columns=("n", "t"), types=("int8", "text"), data=data, count=2, next_cursor="c")


@pytest.mark.parametrize(
    "dry_run, extra",
    [
        pytest.param(None, {}, id="no trial"),
        pytest.param(False, {}, id="none either"),
        pytest.param(True, {"dry_run": True}, id="a trial"),
    ],
)
def test_an_acknowledged_write(dry_run: bool | None, extra: dict[str, bool]) -> None:
    """How many rows, and whether it was only tried."""
    found = answers.written(Result(count=3), returning=False, dry_run=dry_run)
    assert found == AcknowledgementResponse(count=3, extra=extra)


@pytest.mark.parametrize(
    "dry_run, truncated, hint",
    [
        pytest.param(None, None, None, id="whole"),
        pytest.param(
            True, Truncation.ROWS, "All rows were written; only these are given back.", id="cut by rows, a trial"
        ),
        pytest.param(False, Truncation.BYTES, "All rows were written; only these are given back.", id="cut by bytes"),
    ],
)
def test_a_write_that_gives_rows(dry_run: bool | None, truncated: Truncation | None, hint: str | None) -> None:
    """As a read, with the count of all that was written."""
    result = Result(columns=COLUMNS, rows=ROWS, count=9, truncated=truncated)
    assert answers.written(result, returning=True, dry_run=dry_run) == DataResponse(
        columns=("id", "tags"),
        types=("int8", "text[]"),
        data=ROWS,
        count=9,
        truncated=truncated,
        hint=hint,
        dry_run=dry_run or None,
    )
