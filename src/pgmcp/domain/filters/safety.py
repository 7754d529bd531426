"""Which conditions can be asked of any row, and how others are kept away from rows that a caller may not see.

PostgreSQL works out the parts of an AND in whatever order it likes. A condition that fails on some values (a LIKE whose
pattern ends in a backslash fails only where a row's text gets that far) would tell of rows that another part leaves
out. CASE has an order. Source: PostgreSQL documentation, sections 4.2.14 and 41.5 (leakproof functions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    Operand,
    Or,
    Range,
    Shielded,
    View,
)

if TYPE_CHECKING:
    # A relation has a filter of its own.
    from pgmcp.domain.relations import Relation

_PATHS = frozenset({JsonOp.PATH_EXISTS, JsonOp.PATH_MATCH})


def is_total(tree: Filter, relation: Relation) -> bool:
    """Whether a tree can't fail, whatever a row of the relation holds."""
    match tree:
        case And(parts) | Or(parts):
            return all(is_total(part, relation) for part in parts)
        case Not(part):
            return is_total(part, relation)
        case Is(operand=operand):
            return not operand.path or _is_sure(operand, relation)
        case Json(operand=operand, op=op):
            return op not in _PATHS and _is_sure(operand, relation)
        case Compare() | Between() | Member() | AnyElement() | Array() | Range() | Network():
            return _is_sure(tree.operand, relation)
        case _:
            return False


def _is_sure(operand: Operand, relation: Relation) -> bool:
    """Whether what a condition looks at can be had of every row.

    A `json` value is read anew each time, and may hold what no text can (U+0000); digits in a document may be more
    than a number takes.
    """
    return operand.view is not View.NUMBER and relation.stored[operand.column].type.root.tag != "json"


def shielded(only: Filter, wanted: Filter, relation: Relation) -> Filter:
    """Rows that pass both, where `wanted` is asked of none that `only` leaves out if it could fail there.

    Args:
        only: The rows that may be looked at.
        wanted: What a caller asks of them.
        relation: Whose rows they are.
    """
    if only == EVERYTHING:
        return wanted
    parts = wanted.parts if isinstance(wanted, And) else (wanted,)
    # The plain parts stand beside it, where an index can serve them.
    plain = tuple(part for part in parts if is_total(part, relation))
    risky = tuple(part for part in parts if not is_total(part, relation))
    around = only.parts if isinstance(only, And) else (only,)
    return And((*around, *plain, *((Shielded(only, And(risky)),) if risky else ())))
