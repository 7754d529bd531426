"""Tables as the memory database knows them: declarations whose names are resolved."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from attrs import field, frozen

from pgmcp.adapters.memory.declare import OnDelete
from pgmcp.domain.relations import Column, Relation

Row = tuple[Any, ...]
"""A row's values in the order of the relation's columns, as the database keeps them; never changed in place."""


@frozen(kw_only=True, eq=False)
class Field:
    """How values of a column come and go.

    Args:
        column: What planning knows of it.
        decode: PostgreSQL's text form → the value.
        assign: A value → the value as the column keeps it: rounded, padded, put in its normal form; or an error.
        take: Any Python value that fits the type → the value as the column keeps it.
        hand_out: A value → one that its receiver may change without harm; None where values can't be changed.
        key: A value that is not None → what equal values have in common; None where PostgreSQL knows no equality.
        default: Gives the value of a column that a row leaves out, at the moment of its statement.
        generated: The value of a generated column, of the row's other values by name.
    """

    column: Column
    decode: Callable[[str], Any]
    assign: Callable[[Any], Any]
    take: Callable[[Any], Any]
    hand_out: Callable[[Any], Any] | None
    key: Callable[[Any], Hashable] | None
    default: Callable[[datetime], Any]
    generated: Callable[[Mapping[str, Any]], Any] | None = None


@frozen(kw_only=True, eq=False)
class Key:
    """A primary key or a unique constraint, by its index."""

    name: str
    columns: tuple[str, ...]
    positions: tuple[int, ...]
    keys: tuple[Callable[[Any], Hashable], ...] = field(repr=False)

    def of(self, row: Row) -> Hashable | None:
        """What rows with equal key columns have in common; None where a part is NULL, so that nothing is equal."""
        if len(self.positions) == 1:
            value = row[self.positions[0]]
            return None if value is None else self.keys[0](value)
        return self.of_values([row[position] for position in self.positions])

    def of_values(self, values: Sequence[Any]) -> Hashable | None:
        """The same for the key columns' values alone."""
        if len(values) == 1:
            return None if values[0] is None else self.keys[0](values[0])
        if any(value is None for value in values):
            return None
        return tuple(key(value) for key, value in zip(self.keys, values, strict=True))


@frozen(kw_only=True, eq=False)
class Reference:
    """A foreign key of a table to the key of another.

    Args:
        columns, to: The columns on both sides, as declared.
        local, key: The same as keys, in the order of the target's key.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    local: Key
    target: str
    to: tuple[str, ...]
    key: Key
    on_delete: OnDelete


@frozen(kw_only=True, eq=False)
class Check:
    """A check constraint; `columns` are those that it is declared to read."""

    name: str
    expression: str
    columns: tuple[str, ...]
    holds: Callable[[dict[str, Any]], bool | None]


@frozen(kw_only=True, eq=False, slots=False)
class Table:
    """A table or a view, with all that its rows have to keep.

    Args:
        relation: What planning knows of it.
        fields: Its columns, in order.
        keys: Its unique keys in the order in which PostgreSQL checks them, the primary key first.
        references: Its foreign keys in the order in which PostgreSQL checks them: as they were declared.
        checks: Its check constraints in the order in which PostgreSQL checks them: by name.
        query: A view's rows, of the rows of all tables by name.
    """

    relation: Relation
    fields: tuple[Field, ...]
    keys: tuple[Key, ...] = ()
    references: tuple[Reference, ...] = ()
    checks: tuple[Check, ...] = ()
    query: Callable[[Mapping[str, Sequence[Mapping[str, Any]]]], Any] | None = None

    @cached_property
    def position(self) -> Mapping[str, int]:
        """The columns' places in a row."""
        return {each.column.name: place for place, each in enumerate(self.fields)}

    @property
    def name(self) -> str:
        """The table's name."""
        return self.relation.name.name

    def by_name(self, row: Row) -> dict[str, Any]:
        """A row's values by column."""
        return dict(zip(self.position, row, strict=True))

    def completed(self, values: list[Any]) -> Row:
        """A row of these values, its generated columns worked out; without a value that must be there they are not."""
        if self._generated and any(values[place] is None for place in self._required):
            return tuple(values)
        for place in self._generated:
            make = self.fields[place].generated
            values[place] = make(self.by_name(tuple(values))) if make is not None else None
        return tuple(values)

    @cached_property
    def _required(self) -> tuple[int, ...]:
        return tuple(
            place for place, each in enumerate(self.fields) if each.generated is None and not each.column.nullable
        )

    @cached_property
    def _generated(self) -> tuple[int, ...]:
        return tuple(place for place, each in enumerate(self.fields) if each.generated is not None)
