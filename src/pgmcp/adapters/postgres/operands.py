"""What a condition or an order looks at, as SQL: a column, a place in its document, an array's length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.naming import quote, type_name
from pgmcp.domain.filters.tree import ALONE, Operand, View
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
    """A place in a document, as its view has it."""
    type_ = relation.stored[of.column].type
    document = column(of.column)
    if type_.kind is Kind.DOMAIN:
        document = f"{document}::{type_name(type_)}"
    as_text = of.view is not View.PLAIN
    sql = _walked(document, of.path, binder, as_text=as_text)
    if of.path[-1] in ALONE and type_.root.tag == "jsonb":
        sql = f"coalesce({sql}, {_walked_alone(document, of.path, binder, as_text=as_text)})"
    if of.view is View.NUMBER:
        return f"CASE WHEN {sql} ~ {_NUMBER} THEN {sql}::numeric END"
    if of.view is View.BOOLEAN:
        return f"CASE {sql} WHEN 'true' THEN true WHEN 'false' THEN false END"
    if of.view is View.PLAIN and type_.tag == "json":
        return f"{sql}::jsonb"
    return sql


def _walked(document: str, path: Sequence[str | int], binder: Binder, *, as_text: bool) -> str:
    """Steps into a document: `->` and `->>` for keys, `#>` and `#>>` where a number may be a position or a key."""
    steps = (
        (f"#{arrow}", binder.texts([str(step)])) if isinstance(step, int) else (f"-{arrow}", binder.text(step))
        for step, arrow in _arrows(path, as_text=as_text)
    )
    return f"({document} {' '.join(map(' '.join, steps))})"


def _walked_alone(document: str, path: Sequence[str | int], binder: Binder, *, as_text: bool) -> str:
    """The same by `->` alone, which finds a jsonb value that is neither object nor array at its own position."""
    steps = (
        (f"-{arrow}", f"{binder.text(str(step))}::int4" if isinstance(step, int) else binder.text(step))
        for step, arrow in _arrows(path, as_text=as_text)
    )
    return f"({document} {' '.join(map(' '.join, steps))})"


def _arrows(path: Sequence[str | int], *, as_text: bool) -> Iterator[tuple[str | int, str]]:
    last = len(path) - 1
    return ((step, ">>" if as_text and index == last else ">") for index, step in enumerate(path))
