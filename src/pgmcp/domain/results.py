"""What a repository gives back: columns, rows in one of two forms, and what the caps cut."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from attrs import field, frozen

from pgmcp.domain.values.types import Type


class Form(StrEnum):
    """The form that rows are wanted in: JSON for the wire, or Python values for an embedding program."""

    WIRE = "wire"
    NATIVE = "native"


@frozen
class ResultColumn:
    """A column of a result: its name as the statement gives it, and its type."""

    name: str
    type: Type


SEPARATOR = "\x1e"
"""Between texts in one: no JSON holds it, neither in a string nor around one (RFC 7464, section 2.2)."""
_SEPARATOR_BYTE = SEPARATOR.encode()


# Made for each read: with slots a frozen object takes three times as long to make.
@frozen(slots=False)
class WireRows:
    r"""Rows as JSON, each an array with a value a column; never parsed again.

    Args:
        texts: The rows, one or more in each text, with `SEPARATOR` between those of one. So they come from a server: to
            make a text of each of ten thousand rows takes half as long as to receive them.

    >>> rows = WireRows(("[1]\x1e[2]", "[3]"))
    >>> rows.rows
    ('[1]', '[2]', '[3]')
    >>> rows.json
    b'[1],[2],[3]'
    >>> rows == WireRows.of(rows.rows)
    True
    """

    # How they are spread over texts makes no difference.
    texts: tuple[str, ...] = field(default=(), repr=False, eq=SEPARATOR.join)

    @classmethod
    def of(cls, rows: Iterable[str]) -> Self:
        """Rows that were made one by one."""
        text = SEPARATOR.join(rows)
        return cls((text,) if text else ())

    @property
    def rows(self) -> tuple[str, ...]:
        """Each row's JSON."""
        return tuple([row for text in self.texts for row in text.split(SEPARATOR)])

    @property
    def json(self) -> bytes:
        """The rows as the elements of one JSON array, in UTF-8."""
        texts = self.texts
        if len(texts) == 1:
            return texts[0].encode().replace(_SEPARATOR_BYTE, b",")
        return b",".join([text.encode().replace(_SEPARATOR_BYTE, b",") for text in texts])


@frozen
class NativeRows:
    """Rows as tuples of Python values."""

    rows: tuple[tuple[Any, ...], ...] = field(repr=False)


class Truncation(StrEnum):
    """Which cap cut a result."""

    ROWS = "rows"
    BYTES = "bytes"


# Made for each call, like its response: with slots a frozen object takes three times as long to make.
@frozen(kw_only=True, slots=False)
class Result:
    """A statement's outcome.

    Args:
        columns: The rows' columns; empty for a write without `returning`.
        rows: The rows, never more than the bounds allow.
        count: Rows here, or rows changed.
        more: Whether rows follow behind these, so that a page can go on.
        truncated: The cap that cut the rows, if one did.
        last_key: With a keyed plan, where more rows follow: the last row's values of the order's keys in PostgreSQL's
            text form.
        as_of: For a result from the cache: a moment that it is not older than; None for one fresh from the database.
    """

    columns: tuple[ResultColumn, ...] = ()
    rows: WireRows | NativeRows = WireRows()
    count: int = 0
    more: bool = False
    truncated: Truncation | None = None
    last_key: tuple[str | None, ...] | None = field(default=None, repr=False)
    as_of: datetime | None = None
