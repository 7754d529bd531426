"""What several handlers answer alike: rows with their caps, rows of a listing, what a write did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pgmcp.domain.calls import CallContext
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse
from pgmcp.domain.results import Form, NativeRows, Result, Truncation, WireRows
from pgmcp.domain.values.types import Type
from pgmcp.domain.values.wire import encode_row

NARROWER = "Ask for fewer columns or rows"


def rows(result: Result, *, next_cursor: str | None = None, hint: str | None = None) -> DataResponse:
    """A result as an answer, with what to do when a cap cut it."""
    if hint is None and result.truncated is Truncation.BYTES:
        hint = f"{NARROWER}; go on with next_cursor." if next_cursor else f"{NARROWER}."
    return DataResponse(
        columns=tuple([column.name for column in result.columns]),
        types=tuple([column.type.display for column in result.columns]),
        data=result.rows,
        count=result.count,
        next_cursor=next_cursor,
        truncated=result.truncated,
        hint=hint,
        cached=None if result.as_of is None else True,
        as_of=None if result.as_of is None else result.as_of.isoformat().replace("+00:00", "Z"),
    )


def listing(
    columns: Sequence[tuple[str, Type]],
    lines: Iterable[tuple[Any, ...]],
    call: CallContext,
    *,
    next_cursor: str | None = None,
) -> DataResponse:
    """Lines of a listing as an answer, in the form that the call wants."""
    values = tuple(lines)
    types = [type_ for _, type_ in columns]
    wire = call.form is Form.WIRE
    return DataResponse(
        columns=tuple(name for name, _ in columns),
        types=tuple(type_.display for type_ in types),
        data=WireRows.of(encode_row(line, types) for line in values) if wire else NativeRows(values),
        count=len(values),
        next_cursor=next_cursor,
    )


def written(result: Result, *, returning: bool, dry_run: bool | None = None) -> DataResponse | AcknowledgementResponse:
    """What a write did: its rows where some are given back, else how many there were."""
    if not returning:
        extra = {"dry_run": True} if dry_run else {}
        return AcknowledgementResponse(count=result.count, extra=extra)
    hint = "All rows were written; only these are given back." if result.truncated else None
    answer = rows(result, hint=hint)
    return DataResponse(
        columns=answer.columns,
        types=answer.types,
        data=answer.data,
        count=answer.count,
        truncated=answer.truncated,
        hint=answer.hint,
        dry_run=dry_run or None,
    )
