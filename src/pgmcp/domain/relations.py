"""Relations as planning knows them: tables, views, their columns and keys.

Source: PostgreSQL documentation, sections 53.11 (pg_class), 53.7 (pg_attribute), 53.13 (pg_constraint).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b

from attrs import field, frozen

from pgmcp.domain.changes import Changes
from pgmcp.domain.filters.tree import EVERYTHING, Filter, Operand
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.policy.rules import EVERY_ACTION, Action
from pgmcp.domain.values.types import Type


class RelationKind(StrEnum):
    """What a relation is, in the words that answers use."""

    TABLE = "table"
    PARTITIONED = "partitioned table"
    VIEW = "view"
    MATERIALIZED = "materialized view"
    FOREIGN = "foreign table"


def _in_order(actions: frozenset[Action]) -> str:
    """A set's text that is the same in every process: fingerprints are made of it."""
    return ",".join(sorted(actions))


@frozen(cache_hash=True)
class Name:
    """A relation's name with its schema."""

    schema: str
    name: str

    def __str__(self) -> str:
        """`schema.name`, for messages."""
        return f"{self.schema}.{self.name}"


@frozen(kw_only=True)
class Column:
    """A column of a relation.

    Args:
        name: Its name, as stored.
        type: Its type.
        declared: The type with its modifier as answers show it, such as `varchar(12)` or `numeric(10,2)`.
        nullable: Whether a NULL may stand in it.
        default: The default's expression; None without one.
        generated: The expression of a generated column.
        identity: `always` or `by default` for identity columns.
        comment: What the database says about it.
        collation: A collation other than the database's own.
        mask: What the caller sees in place of its values; None for the values themselves.
        granted: What PostgreSQL's role may do with it where it may do that with rows at all.
    """

    name: str
    type: Type
    declared: str = ""
    nullable: bool = True
    default: str | None = None
    generated: str | None = None
    identity: str | None = None
    comment: str | None = None
    collation: str | None = None
    mask: Mask | None = None
    granted: frozenset[Action] = field(default=EVERY_ACTION, repr=_in_order)

    @property
    def read_only(self) -> bool:
        """Whether PostgreSQL alone gives it its value."""
        return self.generated is not None or self.identity == "always"

    @property
    def type_name(self) -> str:
        """The type as answers show it."""
        return self.declared or self.type.display


@frozen(kw_only=True)
class Order:
    """One key of an order of rows; where NULLs stand is always said."""

    operand: Operand
    descending: bool = False
    nulls_first: bool = False


@frozen(kw_only=True, slots=False)
class Relation:
    """A table, view, materialised view or foreign table.

    Args:
        name: Schema and name.
        kind: What it is.
        columns: Its columns in their order; what the caller may not see is not among them.
        primary_key: The names of the primary key's columns.
        unique: Column lists of unique indexes without a predicate or an expression, over columns that are not null.
        late: Column lists of keys that may be checked as late as at a commit (`DEFERRABLE`), so that they settle no
            conflict; None stands for an expression.
        on_path: Whether the name alone finds it along the search path.
        has_children: Whether other tables inherit from it (not partitions), so that no key of its own is total.
        insertable, updatable: Whether PostgreSQL lets rows be added, or changed and removed.
        runs_code: Whether using it may call functions that are written in the database: by a trigger, a default, a
            check, a policy, an index or a view's query.
        hidden: Columns that the caller may not know of; what is carried out may still rest on them.
        only: The rows that the caller may see.
        granted: What may be done with its rows.
        ruled_by: The place of the policy's rule that says what of it a caller sees; empty without a policy.
        seen_as: Which of the forms that callers see it in this is; empty for its own.
        whole: What the catalogue says, where this is a part of it.
        ancestors: What it is a partition or a child of, nearest first: its rows are theirs too.
    """

    name: Name
    kind: RelationKind
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    late: tuple[tuple[str | None, ...], ...] = ()
    on_path: bool = True
    has_children: bool = False
    insertable: bool = True
    updatable: bool = True
    runs_code: bool = False
    comment: str | None = field(default=None, eq=False)
    hidden: tuple[Column, ...] = ()
    only: Filter = EVERYTHING
    granted: frozenset[Action] = field(default=EVERY_ACTION, repr=_in_order)
    seen_as: str = ""
    ruled_by: str = ""
    whole: Relation | None = field(default=None, eq=False, repr=False)
    ancestors: tuple[Name, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by their names."""
        return {column.name: column for column in self.columns}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in their order."""
        return tuple(self.by_name)

    @cached_property
    def fixed(self) -> Mapping[Action, frozenset[str]]:
        """The columns that PostgreSQL's role may give no value when a row is added, or when one is changed."""
        return {
            action: frozenset(column.name for column in self.columns if action not in column.granted)
            for action in (Action.CREATE, Action.UPDATE)
        }

    @cached_property
    def fixes_columns(self) -> bool:
        """Whether there is any column in `fixed`."""
        return any(self.fixed.values())

    @cached_property
    def plain(self) -> Mapping[str, Operand]:
        """What conditions and orders look at in each column whose values may be seen as they are."""
        return {
            column.name: Operand(column=column.name, type=column.type.root)
            for column in self.columns
            if column.mask is None
        }

    @cached_property
    def changes(self) -> Changes:
        """What is changed by whatever changes its rows alone."""
        return Changes.of(self.name)

    @cached_property
    def fingerprint(self) -> str:
        """A short text that tells two states of its definition apart."""
        return blake2b(repr(self).encode(), digest_size=8).hexdigest()

    @cached_property
    def definition(self) -> tuple[str, ...]:
        """All that planning goes by, with what its columns' types are made of: for telling two readings apart."""
        types = (column.type.root for column in (*self.columns, *self.hidden))
        made_of = (f"{each!r} {each.labels} {each.attributes}" for each in types)
        return (repr(self), str(self.comment), *made_of)

    @cached_property
    def stored(self) -> Mapping[str, Column]:
        """All columns by their names, hidden ones too: for those who carry out what has been decided."""
        return {column.name: column for column in (*self.columns, *self.hidden)}

    @cached_property
    def display(self) -> str:
        """The name that a caller can use as it is: with the schema only where that is needed."""
        return self.name.name if self.on_path else str(self.name)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Columns that make any order of its rows total and whose values may be seen; empty where there are none."""
        if self.has_children:
            return ()
        if self.primary_key and self._is_plain(self.primary_key):
            return self.primary_key
        return min(filter(self._is_plain, self.unique), key=len, default=())

    @cached_property
    def by_key(self) -> tuple[Order, ...]:
        """The order by its key, which most reads have; empty where it has none."""
        return tuple(Order(operand=self.plain[name]) for name in self.key)

    def _is_plain(self, names: tuple[str, ...]) -> bool:
        return all(self.by_name[name].mask is None for name in names)
