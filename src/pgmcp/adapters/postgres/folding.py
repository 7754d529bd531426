"""Comparing texts whatever their case: both sides in lower case, as the column's collation has it.

Source: PostgreSQL documentation, section 23.2 (Collation Support).
"""

from __future__ import annotations

from pgmcp.domain.filters.tree import Operand
from pgmcp.domain.relations import Relation


def lowered(left: str, right: str, of: Operand, relation: Relation) -> tuple[str, str]:
    """SQL of an operand and of a value for it, both in lower case.

    By itself a value would be put in lower case by the database's collation, which may know letters that the column's
    doesn't, so that a text would not even equal itself.
    """
    if _has_its_own_collation(of, relation):
        right = f"CASE WHEN FALSE THEN {left} ELSE {right} END"  # of the column's collation, and nothing else of it
    return f"pg_catalog.lower({left})", f"pg_catalog.lower({right})"


def _has_its_own_collation(of: Operand, relation: Relation) -> bool:
    """Whether it may have: `name` is in "C", and what a domain brings along is not known."""
    column = relation.stored[of.column]
    return not of.path and (column.collation is not None or column.type.base is not None or column.type.tag == "name")
