"""A caller's statement inside one of ours: parameters get their casts, rows come back as JSON and within the caps.

The caller's own characters are never changed, only cut at parameters and put between text of ours, so a position that
the server reports can be told in the caller's own text.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from pgmcp.adapters.postgres.binder import cast
from pgmcp.adapters.postgres.cutting import biggest, capped
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
    listed = _listed(columns)
    wire = row([column.type for column in columns], dialect)
    if analysis.kind is StatementKind.ROWS:
        # Line breaks, so that nothing of ours can end in a comment of the caller's.
        inner = f"SELECT * FROM (\n\0\n) AS q{listed}{_no_more(analysis, 'q', columns)} LIMIT {limit}"
        before, behind = _around(capped(inner, wire, max_bytes))
        sent = (Piece(before), *pieces, Piece(behind))
    else:
        first, main = _split(pieces, analysis.main)
        opening = Piece(f"{', ' if first else 'WITH '}{_MAIN}{listed} AS (\n")
        source = f"{_MAIN}{_no_more(analysis, _MAIN, columns)}"
        sent = (*first, opening, *main, Piece(f"\n) {_answer(source, wire, limit, max_bytes, counted=counted)}"))
    return Wrapped(pieces=sent, parameters=tuple(parameters), columns=tuple(columns), counted=counted, bounded=True)


def largest(analysis: Analysis, parameters: Sequence[Type], columns: Sequence[ResultColumn], dialect: Dialect) -> str:
    """A statement that gives the number (from 1) of the column that takes most of a query's first row."""
    text = "".join(piece.text for piece in cast_parameters(analysis, parameters))
    return biggest(f"SELECT * FROM (\n{text}\n) AS q{_listed(columns)}", [column.type for column in columns], dialect)


def _listed(columns: Sequence[ResultColumn]) -> str:
    return f"({', '.join(f'c{number}' for number in range(1, len(columns) + 1))})" if columns else ""


def _no_more(analysis: Analysis, source: str, columns: Sequence[ResultColumn]) -> str:
    """A condition that PostgreSQL refuses to read (42601) where there are more columns by now than there were.

    A list of fewer names than columns is no mistake to it, so a column that was added would be missing without a word.
    It is folded away before anything is planned. Only a star or TABLE can give other columns than it did.
    """
    text = analysis.text
    if not columns or not ("*" in text or "table" in text.lower()):
        return ""
    return f" WHERE NOT (FALSE AND EXISTS (SELECT {source}.* UNION ALL SELECT {', '.join(['NULL'] * len(columns))}))"


def _answer(source: str, wire: str, limit: str, max_bytes: str, *, counted: bool) -> str:
    rows = capped(f"SELECT * FROM {source} LIMIT {limit}", wire, max_bytes)
    return f"SELECT pg_catalog.count(*)::text AS w FROM {_MAIN} UNION ALL ({rows})" if counted else rows


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
