"""The JSON of an array, of any number of dimensions; with a lower bound other than 1, PostgreSQL's text form.

Source: PostgreSQL documentation, section 8.15 (Arrays).
"""

from __future__ import annotations

from collections.abc import Callable

from pgmcp.adapters.postgres.wire.dialect import Dialect
from pgmcp.adapters.postgres.wire.scalars import text_form

EXACT = frozenset({"bool", "int2", "int4", "float4", "float8", "text", "varchar", "bpchar", "name", "uuid", "date"})
"""Element types that `array_to_json` writes exactly."""
_LEVELS = range(2, 7)
# A bound that is not 1 shows in the dimensions: `[1:2][0:1]`.
_SHIFTED = "[[](?!1:)"


def array(sql: str, element: Callable[[str], str], dialect: Dialect, *, exact: bool, lists: bool = False) -> str:
    """An array's JSON.

    Args:
        sql: The array.
        element: The JSON of one element.
        dialect: How the server writes JSON.
        exact: Whether `array_to_json` writes these elements exactly.
        lists: Whether elements may be lists themselves, so that a list inside a list is an element: then an array of
            several dimensions is given as text (`pgmcp.domain.values.text`).
    """
    # All branches are json, or all are text, so that no document is parsed again.
    body = f"pg_catalog.array_to_json({sql})" if exact else _general(sql, element)
    whole = text_form(sql, dialect) if exact else f"({text_form(sql, dialect)})::text"
    plain = f"pg_catalog.array_ndims({sql}) = 1 AND pg_catalog.array_lower({sql}, 1) = 1"
    shifted = f"NOT ({plain})" if lists else f"NOT ({plain}) AND pg_catalog.array_dims({sql}) ~ '{_SHIFTED}'"
    return f"CASE WHEN {sql} IS NULL THEN NULL WHEN {shifted} THEN {whole} ELSE {body} END"


def short_array(sql: str, dialect: Dialect) -> str:
    """As `array`, of exact elements that are no lists: fewer steps to get ready, more work for each value."""
    # A bracket that is left opens a bound other than 1.
    shifted = f"pg_catalog.replace(pg_catalog.array_dims({sql}), '[1:', '') LIKE '%[%'"
    whole = dialect.scalar(f"pg_catalog.concat({sql})")
    return f"CASE WHEN {shifted} THEN {whole} ELSE pg_catalog.array_to_json({sql}) END"


def _general(sql: str, element: Callable[[str], str]) -> str:
    """Elements in storage order, each with the brackets that open before it and close behind it.

    With n elements below a bracket of some level, one opens before elements 1, n + 1, 2n + 1… and closes behind n, 2n…
    """
    strides = ", ".join(f"{_stride(sql, level)} AS s{level}" for level in _LEVELS)
    opening, closing = _brackets("u.o - 1"), _brackets("u.o")
    # `unnest` in FROM would spread a composite over several columns; OFFSET 0 keeps an element's JSON from being made
    # twice.
    elements = (
        f"SELECT pg_catalog.unnest({sql}) AS e, pg_catalog.generate_series(1, pg_catalog.cardinality({sql})) AS o"
    )
    values = f"SELECT coalesce(({element('v.e')})::text, 'null') AS j, v.o FROM ({elements}) AS v OFFSET 0"
    return (
        "(SELECT '[' || coalesce(pg_catalog.string_agg(CASE WHEN d.n = 1 THEN u.j ELSE "
        f"pg_catalog.repeat('[', {opening}) || u.j || pg_catalog.repeat(']', {closing}) END, ',' ORDER BY u.o), '') "
        f"|| ']' FROM ({values}) AS u, (SELECT pg_catalog.array_ndims({sql}) AS n, {strides}) AS d)"
    )


def _stride(sql: str, level: int) -> str:
    """How many elements lie below a bracket of that level."""
    return " * ".join(f"coalesce(pg_catalog.array_length({sql}, {each}), 1)" for each in _LEVELS if each >= level)


def _brackets(position: str) -> str:
    """How many brackets below the outermost stand at a position."""
    return " + ".join(f"(d.n >= {level} AND ({position}) % d.s{level} = 0)::int4" for level in _LEVELS)
