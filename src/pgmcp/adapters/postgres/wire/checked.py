"""A value that is of the type that it is taken for, or the statement is refused before it runs.

A type that is written as JSON without an escape must not have become another one since the catalogue was read: a text
in its place would be no JSON. PostgreSQL looks at the check when it reads the statement, and drops it when it plans it,
so it costs a row nothing. What it says (42883, 42804) has the catalogue read anew.

Source: PostgreSQL documentation, sections 9.18.1 (CASE, and when its parts are evaluated) and 36.7 (Volatility, on
constant folding).
"""

from __future__ import annotations

from types import MappingProxyType

_NUMBER, _INSTANT = "+{} IS NULL", "{} + '0'::pg_catalog.interval IS NULL"
_CHECKS = MappingProxyType(
    dict.fromkeys(("int2", "int4", "int8", "numeric", "float4", "float8"), _NUMBER)
    | dict.fromkeys(("time", "timetz", "timestamp", "timestamptz"), _INSTANT)
    | {
        "bool": "NOT {}",
        "date": "{} + 0 IS NULL",
        "uuid": "{} = NULL::pg_catalog.uuid",
        "jsonb": "pg_catalog.jsonb_typeof({}) IS NULL",
    }
)


def checked(sql: str, name: str) -> str:
    """A value of a built-in type of that name, as it is.

    >>> checked("q.c1", "int4")
    'CASE WHEN FALSE AND +q.c1 IS NULL THEN NULL ELSE q.c1 END'
    """
    check = _CHECKS.get(name)
    return sql if check is None else f"CASE WHEN FALSE AND {check.format(sql)} THEN NULL ELSE {sql} END"
