"""Plans that would tell of what their caller may not know: pure, from what a statement uses."""

from __future__ import annotations

from pgmcp.domain.guard.resolution import Resolution
from pgmcp.domain.policy.mentions import mentions
from pgmcp.domain.policy.views import View

# Such a function's body can become a part of the plan, with its tables and conditions.
_INLINED = "sql"


def is_veiled(resolution: Resolution, view: View) -> bool:
    """Whether PostgreSQL's plan of a statement would show names or conditions that are not for its caller.

    A plan has the conditions of row security, with their constants, the names of partitions and of indexes, what stands
    in a function of SQL, and once it has run a write the names of its foreign keys.

    Args:
        resolution: What the statement uses.
        view: What its caller may know.
    """
    return (
        resolution.shielded
        or has_unknown_kin(resolution, view)
        or any(
            not view.relation(other.schema, other.name).known
            for relation in resolution.relations
            if relation.writes
            for other in relation.keys
        )
        or any(each.language == _INLINED and not each.builtin for each in resolution.functions)
        or any(
            mentions(index, sight.table.hide)
            for relation in resolution.relations
            if (sight := view.relation(relation.name.schema, relation.name.name)).table is not None
            for index in relation.indexes
        )
    )


def has_unknown_kin(resolution: Resolution, view: View) -> bool:
    """Whether a statement uses a table with partitions or children that its caller may not know."""
    return any(
        not view.relation(kin.schema, kin.name).known
        for relation in resolution.relations
        for kin in relation.descendants
    )
