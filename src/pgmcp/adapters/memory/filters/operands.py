"""What a condition looks at, read from a row: a column, a place in its document, an array's length."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pgmcp.adapters.memory.definitions import Row, Table
from pgmcp.adapters.memory.refusals import refuse
from pgmcp.adapters.memory.values import arrays, documents
from pgmcp.domain.filters.tree import ALONE, Operand, View
from pgmcp.domain.values.documents import wrapped
from pgmcp.domain.values.types import INTEGERS, TEXTS, Kind, Type

Reader = Callable[[Row], Any]
"""Gives an operand's value in a row; None for SQL NULL."""

_NUMBER = re.compile(r"-?[0-9]+(?:[.][0-9]+)?(?:[eE][+-]?[0-9]{1,5})?")


def reader(operand: Operand, table: Table) -> Reader:
    """What reads an operand.

    Raises:
        QueryError: `feature_not_supported`, for what only PostgreSQL can read.
    """
    position = table.position[operand.column]
    stored = table.fields[position].column.type
    if operand.path:
        return _place(operand, position, stored)
    if operand.view is View.LENGTH:
        return lambda row: None if (value := row[position]) is None else (arrays.dimensions(value) or (0,))[0]
    if stored.root.tag == "json" and operand.type.tag == "jsonb":
        return lambda row: (
            None if (value := row[position]) is None else wrapped(documents.normal(documents.bare(value)))
        )
    return lambda row: row[position]


def text_reader(operand: Operand, table: Table, *, padded: bool, path: str) -> Reader:
    """What reads an operand as text.

    Args:
        operand: What to read.
        table: Whose rows are read.
        padded: Whether a `char(n)` keeps the blanks at its end.
        path: Where the condition stands in the request.
    """
    read = reader(operand, table)
    root = operand.type.root
    if root.tag == "bpchar" and not padded:
        return lambda row: None if (value := read(row)) is None else value.rstrip(" ")
    if root.tag in TEXTS or root.kind is Kind.ENUM:
        return read
    write = _WRITERS.get(root.tag)
    if write is None:
        raise refuse(f"text operators on values of type {operand.type.display}", path)
    return lambda row: None if (value := read(row)) is None else write(value)


def _date(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else str(value)


_WRITERS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(INTEGERS, str),
    "bool": lambda value: "true" if value else "false",
    "uuid": str,
    "date": _date,
    "numeric": lambda value: format(value, "f"),
}


def _place(operand: Operand, position: int, stored: Type) -> Reader:
    """What reads a place in a document."""
    binary = stored.root.tag == "jsonb"
    steps = operand.path
    alone = ALONE if binary else frozenset[int]()

    def found(row: Row) -> Any:
        value = row[position]
        return documents.NOTHING if value is None else documents.at(documents.bare(value), steps, alone)

    if operand.view is View.PLAIN:
        return lambda row: None if documents.missing(value := found(row)) else wrapped(_normal(value, binary=binary))

    def text(row: Row) -> str | None:
        value = found(row)
        if value is None or documents.missing(value):
            return None
        if not binary and isinstance(value, dict | list):
            raise refuse("the text of an object or an array inside a json column (jsonb has one)")
        return documents.text_of(value)

    if operand.view is View.NUMBER:
        return lambda row: _number(text(row))
    if operand.view is View.BOOLEAN:
        return lambda row: {"true": True, "false": False}.get(text(row) or "")
    return text


def _normal(value: Any, *, binary: bool) -> Any:
    return value if binary else documents.normal(value)


def _number(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None and _NUMBER.fullmatch(text) else None
