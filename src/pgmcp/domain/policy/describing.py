"""What the catalogue tells of a relation, without what a caller may not know."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from pgmcp.domain.catalogue import ForeignKey, Listed, TableDescription
from pgmcp.domain.policy.mentions import mentions
from pgmcp.domain.policy.patterns import Pattern
from pgmcp.domain.policy.sights import Sight
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Name, Relation


def description_seen(description: TableDescription, relation: Relation, view: View) -> TableDescription:
    """A description as a caller may read it.

    Args:
        description: What the catalogue says.
        relation: The relation as the caller sees it.
        view: The caller's view.
    """
    hidden = tuple(Pattern(column.name) for column in relation.hidden)
    if view.is_open and not hidden:
        return evolve(description, relation=relation)
    names = frozenset(column.name for column in relation.hidden)
    sight = view.of(relation)
    partial = sight.table is not None and sight.table.rows is not None
    known = [_known(view, name) for name in description.partition_names]
    parent = description.parent
    return evolve(
        description,
        relation=relation,
        foreign_keys=_keys(description.foreign_keys, names, view),
        referenced_by=_keys(description.referenced_by, names, view),
        unique=tuple(key for key in description.unique if names.isdisjoint(key)),
        checks=_without(description.checks, hidden),
        indexes=_without(description.indexes, hidden),
        triggers=_without(description.triggers, hidden),
        partition_of=description.partition_of if parent is not None and _known(view, parent) else None,
        partitions=tuple(name for name, may in zip(description.partitions, known, strict=False) if may),
        partition_names=tuple(name for name, may in zip(description.partition_names, known, strict=True) if may),
        # The number of all rows tells of those that may not be seen.
        rows=None if partial else description.rows,
        bytes=None if partial else description.bytes,
    )


def listed_seen(listed: Listed, sight: Sight) -> Listed:
    """A line of a listing as a caller may read it."""
    rule = sight.table
    if rule is None:
        return listed
    partial = rule.rows is not None
    return evolve(
        listed,
        rows=None if partial else listed.rows,
        bytes=None if partial else listed.bytes,
        comment=None if mentions(listed.comment, rule.hide) else listed.comment,
    )


def _known(view: View, name: Name) -> bool:
    return view.relation(name.schema, name.name).known


def _keys(keys: Iterable[ForeignKey], hidden: frozenset[str], view: View) -> tuple[ForeignKey, ...]:
    """The foreign keys of which both sides may be known."""
    return tuple(key for key in keys if hidden.isdisjoint(key.columns) and _other_side(key, view))


def _other_side(key: ForeignKey, view: View) -> bool:
    if view.is_open:
        return True
    if key.other is None:
        return False
    sight = view.relation(key.other.schema, key.other.name)
    return sight.known and not any(sight.hides(column) for column in key.to)


def _without(texts: Iterable[str], hidden: tuple[Pattern, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if not mentions(text, hidden))
