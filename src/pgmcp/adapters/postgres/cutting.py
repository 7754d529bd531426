"""Cutting a result on the server, so that bytes above the caps never travel, and telling afterwards what was cut.

Rows travel as one JSON text each. The row with which the running sum of bytes passes the cap comes as NULL, those
behind it not at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from pgmcp.adapters.postgres.wire.rows import value
from pgmcp.domain.plans import Bounds
from pgmcp.domain.results import Truncation
from pgmcp.domain.values.types import Type
from pgmcp.ports.driver import Row


def capped(source: str, wire: str, max_bytes: str, keys: str | None = None) -> str:
    """SQL of the rows of `source` as JSON, with as many bytes as `max_bytes` lets through.

    Args:
        source: A query whose columns are `c1`, `c2`…, with a LIMIT of its own, so that its order stays.
        wire: SQL of a row's JSON over `q`.
        max_bytes: SQL of the cap.
        keys: SQL of a second column over `q`.

    OFFSET 0 keeps the planner from working out a row's JSON once for each place where it is used.
    """
    keys_made, keys_given = (f", {keys} AS k", ", k") if keys is not None else ("", "")
    made = f"SELECT {wire} AS w{keys_made} FROM ({source}) AS q OFFSET 0"
    summed = (
        f"SELECT w{keys_given}, pg_catalog.octet_length(w) + 1 AS size, "
        f"pg_catalog.sum(pg_catalog.octet_length(w) + 1) OVER (ROWS UNBOUNDED PRECEDING) AS total FROM ({made}) AS m"
    )
    return (
        f"SELECT CASE WHEN s.total <= {max_bytes} THEN s.w END AS w{keys_given} FROM ({summed}) AS s "
        f"WHERE s.total - s.size <= {max_bytes}"
    )


def biggest(source: str, types: Sequence[Type]) -> str:
    """SQL of the number (from 1) of the column that takes most of the first row of `source`, as JSON.

    Args:
        source: A query whose columns are `c1`, `c2`….
        types: Their types.
    """
    sizes = ", ".join(
        f"({number}, coalesce(pg_catalog.octet_length(({value(f'q.c{number}', type_)})::text), 0))"
        for number, type_ in enumerate(types, start=1)
    )
    return (
        f"SELECT s.n::text FROM (SELECT * FROM ({source}) AS l LIMIT 1) AS q "
        f"CROSS JOIN LATERAL (VALUES {sizes}) AS s(n, size) ORDER BY s.size DESC, s.n LIMIT 1"
    )


def capped_row(source: str, wire: str, max_bytes: str, keys: str | None = None) -> str:
    """As `capped`, where `source` gives one row at the most: without the window, which costs more than the row."""
    keys_made, keys_given = (f", {keys} AS k", ", s.k") if keys is not None else ("", "")
    made = f"SELECT {wire} AS w{keys_made} FROM ({source}) AS q OFFSET 0"
    return (
        f"SELECT CASE WHEN pg_catalog.octet_length(s.w) + 1 <= {max_bytes} THEN s.w END AS w{keys_given} "
        f"FROM ({made}) AS s"
    )


@frozen(kw_only=True)
class Cut:
    """What arrived of a result.

    Args:
        rows: The rows that count, as the server sent them.
        more: Whether the server had more.
        truncated: The cap that cut them, if it was one.
        too_large: Whether the very first row was above the cap, so that there is nothing to show.
    """

    rows: Sequence[Row] = field(repr=False)
    more: bool = False
    truncated: Truncation | None = None
    too_large: bool = False


def settle(rows: Sequence[Row], limit: int, bounds: Bounds) -> Cut:
    """Take the extra row and the NULL of a cut away.

    Args:
        rows: What a `capped` statement with a LIMIT one above the least of `limit` and `bounds.max_rows` gave.
        limit: Rows that were asked for.
        bounds: The caps.
    """
    most = min(limit, bounds.max_rows)
    by_rows = Truncation.ROWS if limit > bounds.max_rows else None
    marked = bool(rows) and rows[-1][0] is None
    whole = rows[:-1] if marked else rows
    if len(whole) > most or (marked and len(whole) == most):
        return Cut(rows=whole[:most], more=True, truncated=by_rows)
    if marked:
        return Cut(rows=whole, more=True, truncated=Truncation.BYTES, too_large=not whole)
    return Cut(rows=whole)
