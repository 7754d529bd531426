"""A value that is of the type that it is taken for, or the statement is refused before it runs.

What is written as JSON by what the catalogue said of its type must not have become another one since: a text in place
of a number would be no JSON, a `bigint` in place of an `integer` would lose digits with clients that read doubles.
PostgreSQL looks at the check when it reads the statement, and drops it when it plans it, so it costs a row nothing.
What it says (42883; 42704 where there is no such type any more, or none of arrays of arrays) has the catalogue read
anew.

Source: PostgreSQL documentation, sections 9.18.1 (CASE, and when its parts are evaluated), 9.19 (array operators, which
take two arrays of the very same type), 10.5 (where NULL stands beside it, a domain counts as its base type) and 36.7
(Volatility, on constant folding).
"""

from __future__ import annotations

from pgmcp.adapters.postgres.naming import type_name
from pgmcp.domain.values.types import Kind, Type

# PostgreSQL's own types, without those that have no arrays, which are the catalogue's (`pg_node_tree` and its like).
_NAMES = frozenset(
    "int2 int4 int8 numeric money float4 float8 bool text varchar bpchar name char oid uuid date time timetz timestamp "
    "timestamptz interval bytea xml json jsonb jsonpath bit varbit inet cidr macaddr macaddr8 tsvector tsquery point "
    "line lseg box path polygon circle".split()
)


def checked(made: str, sql: str, type_: Type) -> str:
    """What is made of a value, if that is of its type.

    Args:
        made: SQL of what is made of it.
        sql: The value, as cheap as a column.
        type_: Its type.

    >>> checked("of(c)", "c", Type(name="int4")).replace("pg_catalog.", "")
    'CASE WHEN FALSE AND array_fill(coalesce(c, NULL), NULL) = NULL::"pg_catalog"."int4"[] THEN NULL ELSE of(c) END'
    """
    root = type_.root
    if not _can_be_told(root):
        return made
    if root.kind is Kind.ARRAY:
        # One of its elements would pass, but is no argument of the array's functions.
        check = f"ARRAY[coalesce({sql}, NULL)] = NULL::{type_name(root)}"
    else:
        check = f"pg_catalog.array_fill(coalesce({sql}, NULL), NULL) = NULL::{type_name(root)}[]"
    return f"CASE WHEN FALSE AND {check} THEN NULL ELSE {made} END"


def _can_be_told(root: Type) -> bool:
    match root.kind:
        case Kind.BASE:
            return not root.builtin or root.name in _NAMES
        case Kind.ARRAY:
            return root.element is not None
        case Kind.COMPOSITE:
            return bool(root.attributes)
        case Kind.ENUM | Kind.RANGE | Kind.MULTIRANGE:
            return True
        case _:
            return False
