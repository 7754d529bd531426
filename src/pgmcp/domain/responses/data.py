"""Rows as an answer."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from pgmcp.domain.responses.base import SuccessResponse
from pgmcp.domain.results import NativeRows, WireRows


@frozen(kw_only=True, slots=False)
class DataResponse(SuccessResponse):
    """Rows, in the form that the caller asked for.

    Args:
        columns: The columns' names in order; the same name may stand more than once.
        types: The columns' types as answers name them.
        data: The rows: JSON texts for the wire, or tuples of Python values.
        count: Rows here, or rows changed by a write.
        next_cursor: What to give as `cursor` for the rows behind these; None when none follow.
        truncated: `rows` or `bytes` when a cap cut the answer.
        hint: What to do about it.
        transaction_id: The transaction that it was done in; None outside one.
        dry_run: Whether the write was only tried; None for reads.
        cached: True for rows from the cache; None for fresh ones.
        as_of: A moment in ISO 8601 that rows from the cache are not older than.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    data: WireRows | NativeRows = field(repr=False)
    count: int
    next_cursor: str | None = None
    truncated: str | None = None
    hint: str | None = None
    dry_run: bool | None = None
    transaction_id: str | None = None
    cached: bool | None = None
    as_of: str | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries of Python values; a name that comes again is told apart as `name_2`.

        Raises:
            TypeError: The answer was asked for in wire form.
        """
        if isinstance(self.data, WireRows):
            message = "this answer is in wire form; ask for native values to read its rows"
            raise TypeError(message)
        names = distinct(self.columns)
        return [dict(zip(names, row, strict=True)) for row in self.data.rows]


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, with a number behind those that stood before.

    >>> distinct(("id", "name", "id"))
    ('id', 'name', 'id_2')
    """
    found: dict[str, None] = {}
    for name in names:
        candidate, number = name, 1
        while candidate in found:
            number += 1
            candidate = f"{name}_{number}"
        found[candidate] = None
    return tuple(found)
