"""A caller's statement inside one of ours: parameters get their casts, rows come back as JSON and within the caps.

The caller's own characters are never changed, only cut at parameters and put between text of ours, so a position that
the server reports can be told in the caller's own text.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from pgmcp.adapters.postgres.binder import cast
from pgmcp.adapters.postgres.cutting import biggest, capped
from pgmcp.adapters.postgres.naming import quote
from pgmcp.adapters.postgres.wire.dialect import Dialect
from pgmcp.adapters.postgres.wire.rows import row
from pgmcp.domain.plans import StatementKind
from pgmcp.domain.results import ResultColumn
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.domain.values.types import Type

_MAIN = '"pgmcp main"'
_COUNTED = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


@frozen
class Piece:
    """A stretch of a statement: the caller's from character `start` on (from 0), or ours where that is None."""

    text: str = field(repr=False)
    start: int | None = None


@frozen(kw_only=True)
class Wrapped:
    """A caller's statement as it is sent.

    Args:
        pieces: The text in its pieces.
        parameters: The types of the caller's parameters.
        columns: What the rows' JSON holds; empty when rows come as they are, or not at all.
        counted: Whether the first row is the number of rows changed.
        bounded: Whether two parameters of ours follow the caller's: the rows and the bytes at the most.
    """

    pieces: tuple[Piece, ...] = field(repr=False)
    parameters: tuple[Type, ...] = ()
    columns: tuple[ResultColumn, ...] = ()
    counted: bool = False
    bounded: bool = False

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces)

    def position(self, sent: int | None) -> int | None:
        """Where a character of the text that was sent (from 1) stands in the caller's; None where it is ours."""
        left = (sent or 0) - 1
        for piece in self.pieces if left >= 0 else ():
            if left < len(piece.text):
                return None if piece.start is None else piece.start + left + 1
            left -= len(piece.text)
        return None

    def is_ours(self, sent: int | None) -> bool:
        """Whether a character of the text that was sent is one of those that we have put around the caller's."""
        return sent is not None and self.position(sent) is None


def wrapped(
    analysis: Analysis, parameters: Sequence[Type], columns: Sequence[ResultColumn], dialect: Dialect
) -> Wrapped:
    """The statement as it is sent.

    Args:
        analysis: What it is.
        parameters: The types of its parameters, by their numbers.
        columns: What it gives.
        dialect: How the server writes JSON.
    """
    pieces = tuple(cast_parameters(analysis, parameters))
    if analysis.kind not in {StatementKind.ROWS, StatementKind.RETURNING}:
        return Wrapped(pieces=pieces, parameters=tuple(parameters))
    counted = analysis.command in _COUNTED
    limit, max_bytes = (f"${len(parameters) + own}::text::pg_catalog.int8" for own in (1, 2))
    # As a query of its own it is read once, not once a row.
    max_bytes = f"(SELECT {max_bytes})"
    wire = row([column.type for column in columns], dialect)
    if analysis.kind is StatementKind.ROWS:
        shown = _shown(analysis, "q", columns)
        # Line breaks, so that nothing of ours can end in a comment of the caller's.
        inner = f"SELECT {shown.listed} FROM (\n\0\n) AS q{shown.alias}{shown.condition} LIMIT {limit}"
        before, behind = _around(capped(inner, wire, max_bytes))
        sent = (Piece(before), *pieces, Piece(behind))
    else:
        shown = _shown(analysis, _MAIN, columns)
        first, main = _split(pieces, analysis.main)
        opening = Piece(f"{', ' if first else 'WITH '}{_MAIN}{shown.alias} AS (\n")
        rows = capped(f"SELECT {shown.listed} FROM {_MAIN}{shown.condition} LIMIT {limit}", wire, max_bytes)
        sent = (*first, opening, *main, Piece(f"\n) {_counted(rows) if counted else rows}"))
    return Wrapped(pieces=sent, parameters=tuple(parameters), columns=tuple(columns), counted=counted, bounded=True)


def largest(analysis: Analysis, parameters: Sequence[Type], columns: Sequence[ResultColumn], dialect: Dialect) -> str:
    """A statement that gives the number (from 1) of the column that takes most of a query's first row."""
    text = "".join(piece.text for piece in cast_parameters(analysis, parameters))
    return biggest(f"SELECT * FROM (\n{text}\n) AS q{_alias(columns)}", [column.type for column in columns], dialect)


@frozen
class _Shown:
    """A caller's rows as a source of ours with columns `c1`, `c2`…: what is selected, under which names, and when."""

    listed: str
    alias: str
    condition: str


def _shown(analysis: Analysis, source: str, columns: Sequence[ResultColumn]) -> _Shown:
    """How the columns that a statement gave when it was described are taken from what it gives when it runs.

    Only a star or TABLE can give others than it did, and a list of names beside it would go by their places alone: one
    that was added would be missing without a word, two that changed names would stand under each other's. So there each
    is taken by its name (42703 where there is none of it), unless several have the same one, and PostgreSQL refuses to
    read a condition (42601) where there are more of them. It is folded away before anything is planned.
    """
    text = analysis.text
    if not columns or not ("*" in text or "table" in text.lower()):
        return _Shown("*", _alias(columns), "")
    nulls = ", ".join(["NULL"] * len(columns))
    no_more = f" WHERE NOT (FALSE AND EXISTS (SELECT {source}.* UNION ALL SELECT {nulls}))"
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        return _Shown("*", _alias(columns), no_more)
    return _Shown(", ".join(f"{source}.{quote(name)} AS c{at}" for at, name in enumerate(names, start=1)), "", no_more)


def _alias(columns: Sequence[ResultColumn]) -> str:
    return f"({', '.join(f'c{number}' for number in range(1, len(columns) + 1))})" if columns else ""


def _counted(rows: str) -> str:
    return f"SELECT pg_catalog.count(*)::text AS w FROM {_MAIN} UNION ALL ({rows})"


def _around(text: str) -> tuple[str, str]:
    before, _, behind = text.partition("\0")
    return before, behind


def cast_parameters(analysis: Analysis, types: Sequence[Type]) -> list[Piece]:
    """The statement with each `$n` as text that is cast to its type, in parentheses, as subscripts may follow."""
    pieces = []
    at = 0
    for parameter in analysis.parameters:
        pieces.append(Piece(analysis.text[at : parameter.start], at))
        pieces.append(Piece(f"({cast(f'${parameter.number}::text', types[parameter.number - 1])})"))
        at = parameter.start + len(f"${parameter.number}")
    pieces.append(Piece(analysis.text[at:], at))
    return pieces


def _split(pieces: Sequence[Piece], main: int) -> tuple[list[Piece], list[Piece]]:
    """The pieces before the main statement, and those from it on."""
    first: list[Piece] = []
    last: list[Piece] = []
    for piece in pieces:
        if piece.start is None:
            (last or first).append(piece)
            continue
        cut = min(max(main - piece.start, 0), len(piece.text))
        if cut:
            first.append(Piece(piece.text[:cut], piece.start))
        if cut < len(piece.text):
            last.append(Piece(piece.text[cut:], piece.start + cut))
    return first, last
