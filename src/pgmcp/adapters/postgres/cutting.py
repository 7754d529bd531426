"""Cutting a result on the server, so that bytes above the caps never travel, and telling afterwards what was cut.

Rows travel as JSON texts, several of them in one record. An empty text stands for the row with which the running sum of
bytes passes the cap; those behind it don't come at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import field, frozen

from pgmcp.adapters.postgres.wire.dialect import Dialect
from pgmcp.adapters.postgres.wire.rows import SEPARATOR_SQL, value
from pgmcp.domain.plans import Bounds
from pgmcp.domain.results import SEPARATOR, Truncation, WireRows
from pgmcp.domain.values.types import Type
from pgmcp.ports.driver import Row, Rows

# A record for each row costs both sides more than a short row itself. PostgreSQL holds what it puts together.
_RECORD_BYTES = 65_536
# https://www.postgresql.org/docs/18/datatype-character.html
_LONGEST_VARCHAR = 10_485_760


def capped(source: str, wire: str, max_bytes: str, keys: str | None = None) -> str:
    """SQL of the rows of `source` as JSON, with as many bytes as `max_bytes` lets through.

    Args:
        source: A query whose columns are `c1`, `c2`…, with a LIMIT of its own, so that its order stays.
        wire: SQL of a row's JSON over `q`.
        max_bytes: SQL of the cap, which is evaluated for each row.
        keys: SQL of a second column over `q`.

    OFFSET 0 keeps the planner from working out a row's JSON once for each place where it is used.
    """
    keys_made, keys_given = (f", {keys} AS k", ", k") if keys is not None else ("", "")
    made = f"SELECT {wire} AS w{keys_made} FROM ({source}) AS q OFFSET 0"
    size = "pg_catalog.octet_length(w) + 1"
    summed = f"SELECT w{keys_given}, pg_catalog.sum({size}) OVER (ROWS UNBOUNDED PRECEDING) AS total FROM ({made}) AS m"
    whole = f"CASE WHEN s.total <= {max_bytes} THEN s.w ELSE '' END"
    keys_joined = "" if keys is None else f", {_joined('s.k')} AS k"
    record = f"s.total / {_RECORD_BYTES}"
    return (
        f"SELECT {_joined(whole)} AS w{keys_joined} FROM ({summed}) AS s "
        f"WHERE s.total - pg_catalog.octet_length(s.w) <= {max_bytes} + 1 GROUP BY {record} ORDER BY {record}"
    )


def _joined(sql: str) -> str:
    return f"pg_catalog.string_agg({sql}, {SEPARATOR_SQL} ORDER BY s.total)"


def biggest(source: str, types: Sequence[Type], dialect: Dialect) -> str:
    """SQL of the number (from 1) of the column that takes most of the first row of `source`, as JSON.

    Args:
        source: A query whose columns are `c1`, `c2`….
        types: Their types.
        dialect: How the server writes JSON.
    """
    sizes = ", ".join(
        f"({number}, coalesce(pg_catalog.octet_length(({value(f'q.c{number}', type_, dialect)})::text), 0))"
        for number, type_ in enumerate(types, start=1)
    )
    return (
        f"SELECT s.n::text FROM (SELECT * FROM ({source}) AS l LIMIT 1) AS q "
        f"CROSS JOIN LATERAL (VALUES {sizes}) AS s(n, size) ORDER BY s.size DESC, s.n LIMIT 1"
    )


def heaviest(source: str, columns: int) -> str:
    """SQL of the number (from 1) of the column with the largest value of `source`, as PostgreSQL holds it.

    Args:
        source: A query whose columns are `c1`, `c2`….
        columns: How many there are.
    """
    numbers = range(1, columns + 1)
    most = ", ".join(f"pg_catalog.max(pg_catalog.pg_column_size(q.c{number})) AS c{number}" for number in numbers)
    sizes = ", ".join(f"({number}, m.c{number})" for number in numbers)
    return (
        f"SELECT s.n::text FROM (SELECT {most} FROM ({source}) AS q) AS m "
        f"CROSS JOIN LATERAL (VALUES {sizes}) AS s(n, size) ORDER BY s.size DESC NULLS LAST, s.n LIMIT 1"
    )


def capped_row(source: str, parts: str, max_bytes: int) -> str:
    """As `capped`, where `source` gives one row at the most: the row's parts, without a sum.

    Args:
        source: As for `capped`.
        parts: SQL of a row's parts over `q`, as `wire.parts` has them.
        max_bytes: The cap; of a longer text as many characters come, or NULL.
    """
    if max_bytes <= _LONGEST_VARCHAR:
        # Nothing is done, nor a second node needed, where there are no more bytes than there may be characters.
        return f"SELECT {parts}::pg_catalog.varchar({max_bytes}) AS w FROM ({source}) AS q"
    made = f"SELECT {parts} AS w FROM ({source}) AS q OFFSET 0"
    return f"SELECT CASE WHEN pg_catalog.octet_length(s.w) < {max_bytes} THEN s.w END AS w FROM ({made}) AS s"


@frozen(kw_only=True)
class Cut:
    """What arrived of a result.

    Args:
        rows: The rows that count.
        count: How many they are.
        last_keys: The JSON of the last row's keys, where keys came beside the rows and more rows follow.
        more: Whether the server had more.
        truncated: The cap that cut them, if it was one.
        too_large: Whether the very first row was above the cap, so that there is nothing to show.
    """

    rows: WireRows = WireRows()
    count: int = 0
    last_keys: str | None = field(default=None, repr=False)
    more: bool = False
    truncated: Truncation | None = None
    too_large: bool = False


def settle(records: Sequence[Row], limit: int, bounds: Bounds) -> Cut:
    """Take records apart, and the extra row and the mark of a cut away.

    Args:
        records: What a `capped` statement with a LIMIT one above the least of `limit` and `bounds.max_rows` gave.
        limit: Rows that were asked for.
        bounds: The caps.
    """
    most = min(limit, bounds.max_rows)
    by_rows = Truncation.ROWS if limit > bounds.max_rows else None
    texts = [record[0] or "" for record in records]
    count = sum([text.count(SEPARATOR) + 1 for text in texts])
    marked = bool(texts) and (not texts[-1] or texts[-1][-1] == SEPARATOR)
    more = marked or count > most
    by_bytes = marked and count <= most
    last_keys = None
    if more:
        behind = max(count - most, 1)
        count -= behind
        _drop_last(texts, behind)
        if count and len(records[0]) > 1:
            last_keys = SEPARATOR.join([record[1] or "" for record in records]).split(SEPARATOR)[count - 1]
    return Cut(
        rows=WireRows(tuple(texts)),
        count=count,
        last_keys=last_keys,
        more=more,
        truncated=(Truncation.BYTES if by_bytes else by_rows) if more else None,
        too_large=by_bytes and not count,
    )


def count_rows(rows: Rows) -> int:
    """The rows that a `capped` statement gave, or those that were changed."""
    records = rows.rows
    if len(records) == 1:
        # Of most, without a generator: this is on the way of every statement.
        return (records[0][0] or "").count(SEPARATOR) + 1
    return sum((record[0] or "").count(SEPARATOR) + 1 for record in records) or rows.affected


def settle_row(records: Sequence[Row], assemble: Callable[[str], str], bounds: Bounds) -> str | None:
    """The JSON of the row that a `capped_row` statement gave, or nothing; None where it is above the cap."""
    if not records:
        return ""
    joined = records[0][0]
    # What is shorter was not cut.
    if joined is None or len(joined) >= bounds.max_bytes:
        return None
    text = assemble(joined)
    size = len(text) if text.isascii() else len(text.encode())
    return text if size < bounds.max_bytes else None


def _drop_last(texts: list[str], rows: int) -> None:
    for _ in range(rows):
        texts[-1], others, _ = texts[-1].rpartition(SEPARATOR)
        if not others:
            texts.pop()
