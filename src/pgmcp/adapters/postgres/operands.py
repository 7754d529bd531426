"""What a condition or an order looks at, as SQL: a column, a place in its document, an array's length."""

from __future__ import annotations

from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.naming import quote, type_name
from pgmcp.domain.filters.tree import Operand, View
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import Kind, Type

# What `->>` gives for a number of JSON, with an exponent that numeric can hold.
_NUMBER = "'^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,5})?$'"


def column(name: str) -> str:
    """A column of the relation that a statement is about, which all our statements call `t`."""
    return f"t.{quote(name)}"


def operand(of: Operand, relation: Relation, binder: Binder) -> str:
    """SQL of an operand; never an unparenthesised operator.

    A domain is seen as its base type, so that operators of arrays and ranges are found; an index on the column still
    serves.
    """
    if of.path:
        return _place(of, relation, binder)
    type_ = relation.stored[of.column].type
    sql = column(of.column)
    if of.view is View.LENGTH:
        return f"CASE WHEN {sql} IS NOT NULL THEN coalesce(pg_catalog.array_length({sql}, 1), 0) END"
    if type_.kind is Kind.DOMAIN or (type_.tag == "json" and of.type.tag == "jsonb"):
        return f"{sql}::{type_name(of.type if type_.tag == 'json' else type_)}"
    return sql


def null_test(sql: str, type_: Type, *, negated: bool = False) -> str:
    """Whether a value is NULL, or isn't; without parentheses.

    Of a composite the value itself is asked about, where `IS NULL` would ask about its fields.
    Source: PostgreSQL documentation, section 9.2 (Comparison Functions and Operators).
    """
    if type_.root.kind is Kind.COMPOSITE:
        return f"{sql} IS {'' if negated else 'NOT '}DISTINCT FROM NULL"
    return f"{sql} IS {'NOT ' if negated else ''}NULL"


def text(of: Operand, relation: Relation, binder: Binder) -> str:
    """SQL of an operand as text; citext stays what it is, so that its own operators are used."""
    sql = operand(of, relation, binder)
    return sql if of.type.tag in {"text", "citext", "varchar", "bpchar", "name"} else f"({sql})::text"


def _place(of: Operand, relation: Relation, binder: Binder) -> str:
    """A place in a document: `->` and `->>` for keys, `#>` and `#>>` where a number may be a position or a key."""
    parts = []
    as_text = of.view is not View.PLAIN
    for index, part in enumerate(of.path):
        arrow = ">>" if as_text and index == len(of.path) - 1 else ">"
        if isinstance(part, int):
            parts.append(f"#{arrow} {binder.texts([str(part)])}")
        else:
            parts.append(f"-{arrow} {binder.text(part)}")
    type_ = relation.stored[of.column].type
    document = column(of.column)
    if type_.kind is Kind.DOMAIN:
        document = f"{document}::{type_name(type_)}"
    sql = f"({document} {' '.join(parts)})"
    if of.view is View.NUMBER:
        return f"CASE WHEN {sql} ~ {_NUMBER} THEN {sql}::numeric END"
    if of.view is View.BOOLEAN:
        return f"CASE {sql} WHEN 'true' THEN true WHEN 'false' THEN false END"
    if of.view is View.PLAIN and type_.tag == "json":
        return f"{sql}::jsonb"
    return sql
