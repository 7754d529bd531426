"""The whole description of a relation, as `describe_table` tells it.

Source: PostgreSQL documentation, chapter 53 (System Catalogs).
"""

from __future__ import annotations

from attrs import field, frozen

from pgmcp.domain.relations import Name, Relation


@frozen(kw_only=True)
class ForeignKey:
    """A foreign key, seen from either side.

    Args:
        columns: The columns on this side.
        table: The relation on the other side, with its schema only where it is off the search path.
        to: The columns on the other side.
        on_delete, on_update: What happens; None for `no action`.
        other: The relation on the other side, by its whole name.
    """

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    on_delete: str | None = None
    on_update: str | None = None
    other: Name | None = field(default=None, eq=False)


@frozen(kw_only=True)
class TableDescription:
    """Everything about a relation that a caller may want to know.

    Args:
        unique: Column lists of unique constraints and indexes.
        checks: The check constraints' expressions.
        indexes: The indexes' definitions from `USING` on, with the name before it.
        triggers: The triggers' names with their timing and events.
        partition_of: What it is a partition of, with its schema only where that is off the search path.
        parent: The same, by its whole name.
        partition_names: The partitions, by their whole names.
        row_security: Whether row security is on for the role that asks.
        rows: PostgreSQL's estimate; None when it has none.
        bytes: Size on disk with indexes; None for what has no storage.
    """

    relation: Relation
    foreign_keys: tuple[ForeignKey, ...] = ()
    referenced_by: tuple[ForeignKey, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    checks: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    partition_of: str | None = None
    parent: Name | None = field(default=None, eq=False)
    partitions: tuple[str, ...] = ()
    partition_names: tuple[Name, ...] = field(default=(), eq=False)
    row_security: bool = False
    rows: int | None = None
    bytes: int | None = None


@frozen
class Named:
    """A relation's name, and how a caller may write it."""

    name: Name
    display: str


@frozen(kw_only=True)
class Listed:
    """A line of `list_tables`."""

    name: Name
    on_path: bool
    kind: str
    rows: int | None
    bytes: int | None
    comment: str | None


@frozen(kw_only=True)
class Schema:
    """A line of `list_schemas`."""

    name: str
    owner: str
    tables: int
    on_path: bool
    comment: str | None
