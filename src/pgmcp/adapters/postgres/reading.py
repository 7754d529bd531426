"""From what arrived to a result's rows, in the form that the call wants, and to the keys of its last row."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pgmcp.adapters.postgres.cutting import Cut
from pgmcp.adapters.postgres.showing import Shown
from pgmcp.domain import nesting
from pgmcp.domain.json import Number
from pgmcp.domain.plans import Select
from pgmcp.domain.results import SEPARATOR, Form, NativeRows, WireRows
from pgmcp.domain.values.native import decode_row
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.types import Type

_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, strict=False)


def rows_in(form: Form, rows: WireRows, types: Sequence[Type]) -> WireRows | NativeRows:
    """Rows, given as JSON, in the form that is wanted."""
    return rows if form is Form.WIRE else NativeRows(tuple(decode_row(text, types) for text in rows.rows))


def keys_of(plan: Select, shown: Shown, cut: Cut) -> tuple[str | None, ...]:
    """The order's values of the last row in PostgreSQL's text form: from the keys beside it, or from the row itself."""
    if cut.last_keys is None:
        places = [shown.places[key.operand.column] for key in plan.order]
        values = _first(cut.rows.texts[-1].rpartition(SEPARATOR)[2], max(places, default=-1) + 1)
        values = [values[place] for place in places]
    else:
        values = _first(cut.last_keys, len(plan.order))
    return tuple(to_text(value, key.operand.type) for value, key in zip(values, plan.order, strict=True))


def _first(wire: str, count: int) -> list[object]:
    """The first values of a row's JSON with their digits; unlike a caller's JSON it may hold what a json column may.

    A key's columns mostly come first, and what stands behind them may be long. The row is as `wire.rows.row` makes it,
    without blanks.
    """
    values: list[object] = []
    at = 1
    try:
        for _ in range(count):
            value, end = _DECODER.raw_decode(wire, at)
            values.append(value)
            at = end + 1
    except RecursionError:
        return list(nesting.read(wire, _DECODER.decode)[:count])
    return values
