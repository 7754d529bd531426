"""Which columns a filter looks at."""

from __future__ import annotations

from pgmcp.domain.filters.tree import And, Filter, Not, Or, Shielded


def columns_of(tree: Filter) -> frozenset[str]:
    """The names of all columns that a tree reads."""
    match tree:
        case And(parts) | Or(parts):
            return frozenset().union(*(columns_of(part) for part in parts))
        case Not(part):
            return columns_of(part)
        case Shielded(only, part):
            return columns_of(only) | columns_of(part)
        case _:
            return frozenset({tree.operand.column})
