"""Plans that would tell of what their caller may not know: pure, from what a statement uses."""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.domain.guard.resolution import Resolution, UsedRelation
from pgmcp.domain.policy.mentions import mentions
from pgmcp.domain.policy.patterns import Pattern
from pgmcp.domain.policy.views import View

# Such a function's body can become a part of the plan, with its tables and conditions.
_INLINED = "sql"


def is_veiled(resolution: Resolution, view: View) -> bool:
    """Whether PostgreSQL's plan of a statement would show names or conditions that are not for its caller.

    A plan has the conditions of row security, with their constants, the names of partitions and of indexes, what stands
    in a function of SQL or in place of a virtual generated column, and once it has run a write the names of its foreign
    keys.

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
            mentions(text, hidden)
            for relation in resolution.relations
            if (hidden := _hidden_columns(relation, view))
            for text in (*relation.indexes, *relation.computed)
        )
    )


def _hidden_columns(relation: UsedRelation, view: View) -> Sequence[Pattern]:
    """What a relation's own rule hides, and those of its parents."""
    sights = (view.relation(each.schema, each.name) for each in (relation.name, *relation.ancestors))
    return [pattern for sight in sights if sight.table is not None for pattern in sight.table.hide]


def has_unknown_kin(resolution: Resolution, view: View) -> bool:
    """Whether a statement uses a table with partitions or children that its caller may not know."""
    return any(
        not view.relation(kin.schema, kin.name).known
        for relation in resolution.relations
        for kin in relation.descendants
    )
