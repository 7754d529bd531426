"""Which conditions can be asked of any row, and how others are kept away from rows that a caller may not see.

PostgreSQL works out the parts of an AND in whatever order it likes. A condition that fails on some values (a LIKE whose
pattern ends in a backslash fails only where a row's text gets that far) would tell of rows that another part leaves
out. CASE has an order. Source: PostgreSQL documentation, sections 4.2.14 and 41.5 (leakproof functions).
"""

from __future__ import annotations

from pgmcp.domain.filters.tree import (
    EVERYTHING,
    And,
    AnyElement,
    Array,
    Between,
    Compare,
    Filter,
    Is,
    Json,
    JsonOp,
    Member,
    Network,
    Not,
    Or,
    Range,
    Shielded,
)

_PATHS = frozenset({JsonOp.PATH_EXISTS, JsonOp.PATH_MATCH})


def is_total(tree: Filter) -> bool:
    """Whether a tree can't fail, whatever a row holds."""
    match tree:
        case And(parts) | Or(parts):
            return all(is_total(part) for part in parts)
        case Not(part):
            return is_total(part)
        case Json(op=op):
            return op not in _PATHS
        case _:
            return isinstance(tree, Compare | Between | Member | Is | AnyElement | Array | Range | Network)


def shielded(only: Filter, wanted: Filter) -> Filter:
    """Rows that pass both, where `wanted` is asked of none that `only` leaves out if it could fail there.

    Args:
        only: The rows that may be looked at.
        wanted: What a caller asks of them.
    """
    if only == EVERYTHING:
        return wanted
    parts = wanted.parts if isinstance(wanted, And) else (wanted,)
    # The plain parts stand beside it, where an index can serve them.
    plain = tuple(part for part in parts if is_total(part))
    risky = tuple(part for part in parts if not is_total(part))
    around = only.parts if isinstance(only, And) else (only,)
    return And((*around, *plain, *((Shielded(only, And(risky)),) if risky else ())))
