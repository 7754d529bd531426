"""A page of rows within its caps, in the form that the call wants.

The caps count as they do for PostgreSQL: a row's bytes are those of its JSON and one for what parts it from the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import field, frozen

from pgmcp.adapters.memory.values.assigning import hand_out
from pgmcp.adapters.memory.values.weighing import weigher
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.plans import Bounds
from pgmcp.domain.results import Form, NativeRows, ResultColumn, Truncation, WireRows
from pgmcp.domain.values.wire import encode, row_encoder

Values = tuple[Any, ...]


# Made for each call: with slots a frozen object takes three times as long to make.
@frozen(kw_only=True, slots=False)
class Cut:
    """What the caps left of a result.

    Args:
        rows: The rows that count.
        texts: Their JSON; none where Python values are wanted and their bytes needn't be counted.
        more: Whether there were more.
        truncated: The cap that cut them, if it was one.
        too_large: Whether the very first row was above the cap.
    """

    rows: Sequence[Values] = field(repr=False)
    texts: Sequence[str] = field(repr=False)
    more: bool = False
    truncated: Truncation | None = None
    too_large: bool = False


@frozen(kw_only=True)
class Shape:
    """What results of the same columns share.

    Args:
        columns: The columns.
        encode: A row's JSON.
        hand_outs: What gives a value to its receiver, by column; None for values that can't be changed.
        weigh: Bytes that a row's JSON can't pass, known without writing it; None where only writing tells.
    """

    columns: tuple[ResultColumn, ...]
    encode: Callable[[Sequence[Any]], str]
    hand_outs: tuple[Callable[[Any], Any] | None, ...]
    weigh: Callable[[Values], int] | None


def shape_of(columns: Sequence[ResultColumn]) -> Shape:
    """The shape of results of these columns."""
    types = [each.type for each in columns]
    return Shape(
        columns=tuple(columns),
        encode=row_encoder(types),
        hand_outs=tuple(hand_out(type_) for type_ in types),
        weigh=weigher(types),
    )


def cut(rows: Sequence[Values], shape: Shape, limit: int, bounds: Bounds, form: Form) -> Cut:
    """As many rows as the caps let through.

    Args:
        rows: All rows.
        shape: Their columns.
        limit: Rows that were asked for.
        bounds: The caps.
        form: The form that is wanted: Python values are made JSON only where their bytes have to be counted.
    """
    most = min(limit, bounds.max_rows)
    kept = rows if len(rows) <= most else rows[:most]
    texts: list[str] = []
    if form is Form.WIRE or shape.weigh is None or sum(map(shape.weigh, kept)) > bounds.max_bytes:
        left = bounds.max_bytes
        for text in map(shape.encode, kept):
            left -= (len(text) if text.isascii() else len(text.encode())) + 1
            if left < 0:
                return Cut(
                    rows=rows[: len(texts)], texts=texts, more=True, truncated=Truncation.BYTES, too_large=not texts
                )
            texts.append(text)
    if len(rows) > most:
        return Cut(rows=kept, texts=texts, more=True, truncated=Truncation.ROWS if limit > bounds.max_rows else None)
    return Cut(rows=kept, texts=texts)


def in_form(found: Cut, form: Form, shape: Shape) -> WireRows | NativeRows:
    """The rows of a result in the form that is wanted; native values are the receiver's to change."""
    if form is Form.WIRE:
        return WireRows.of(found.texts)
    if not any(shape.hand_outs):
        return NativeRows(tuple(found.rows))
    return NativeRows(tuple(tuple(_handed_out(row, shape.hand_outs)) for row in found.rows))


def too_large(row: Values, shape: Shape, bounds: Bounds) -> DatabaseError:
    """The error for a page whose first row alone is above the cap: it names the column that takes most of it."""
    sizes = [len(encode(value, each.type).encode()) for value, each in zip(row, shape.columns, strict=True)]
    name = shape.columns[sizes.index(max(sizes))].name
    return DatabaseError(
        codes.ROW_TOO_LARGE,
        f"One row alone is larger than {bounds.max_bytes} bytes; most of it is in column '{name}'.",
        hint=f"Leave '{name}' out of columns, or read it with execute_query in parts.",
        details={"column": name, "max_bytes": bounds.max_bytes},
    )


def _handed_out(row: Values, hand_outs: Sequence[Callable[[Any], Any] | None]) -> Iterator[Any]:
    for value, change in zip(row, hand_outs, strict=True):
        yield value if change is None else change(value)
