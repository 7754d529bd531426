"""What a test says of its tables: the arguments of `pgmcp.memory(tables=…, statements=…)`.

Names in a declaration are checked when a database is made of it, as they may refer to one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from attrs import field, frozen

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.relations import RelationKind
from pgmcp.domain.values.types import Attribute, Kind, Type

Row = Mapping[str, Any]
Rows = Iterable[Row]
OnDelete = Literal["no action", "restrict", "cascade", "set null"]


class Absent(Enum):
    """Tells a default that is not there from a default of None."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@frozen
class Expression:
    """A default or a generated column: what PostgreSQL would show of it, and the same in Python.

    Args:
        text: The SQL expression, for `describe_table`.
        value: Gives the value: of nothing for a default, of the row for a generated column.
        of_moment: Whether the default is a function of the statement's moment.
    """

    text: str
    value: Callable[..., Any]
    of_moment: bool = False


def expression(text: str, value: Callable[..., Any]) -> Expression:
    """A default (`value()`) or a generated column (`value(row)`), with the SQL that `describe_table` shows of it.

    >>> expression("gen_random_uuid()", lambda: "6f1c…").text
    'gen_random_uuid()'
    """
    return Expression(text, value)


def now() -> Expression:
    """The default `now()`: the moment by the database's clock."""
    return Expression("now()", _same, of_moment=True)


def _same(moment: datetime) -> datetime:
    return moment


@frozen(kw_only=True)
class ColumnSpec:
    """A column; made by `column`."""

    type: str | Type
    nullable: bool = True
    default: Any = ABSENT
    identity: Literal["always", "by default"] | None = None
    generated: Expression | None = None
    comment: str | None = None


def column(
    type: str | Type,
    *,
    nullable: bool = True,
    default: Any = ABSENT,
    identity: Literal["always", "by default"] | None = None,
    generated: Expression | None = None,
    comment: str | None = None,
) -> ColumnSpec:
    """Declare a column that has more than a type.

    Args:
        type: A type's name (`"int4"`, `"text[]"`, `"numeric(10,2)"`), or one made by `enum` or `composite`.
        nullable: Whether a NULL may stand in it.
        default: A constant, a callable without arguments, an `expression`, or `now()`.
        identity: Numbers of its own, counted on from the greatest among the declared rows.
        generated: How it follows from the other columns.
        comment: What `describe_table` says of it.
    """
    return ColumnSpec(
        type=type, nullable=nullable, default=default, identity=identity, generated=generated, comment=comment
    )


@frozen(kw_only=True)
class ForeignKeySpec:
    """A foreign key; made by `foreign_key`."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...] = ()
    on_delete: OnDelete = "no action"
    name: str | None = None


def foreign_key(
    columns: str | Sequence[str],
    table: str,
    to: str | Sequence[str] = (),
    *,
    on_delete: OnDelete = "no action",
    name: str | None = None,
) -> ForeignKeySpec:
    """Declare that columns refer to a table: to its primary key, or to the unique columns `to`."""
    return ForeignKeySpec(columns=_names(columns), table=table, to=_names(to), on_delete=on_delete, name=name)


@frozen(kw_only=True)
class CheckSpec:
    """A check constraint; made by `check`."""

    expression: str
    holds: Callable[[dict[str, Any]], bool | None]
    columns: tuple[str, ...] = ()
    name: str | None = None


def check(
    expression: str,
    holds: Callable[[dict[str, Any]], bool | None],
    *,
    columns: str | Sequence[str] = (),
    name: str | None = None,
) -> CheckSpec:
    """Declare a check constraint.

    Args:
        expression: Its SQL, for `describe_table`.
        holds: Whether a row (values by column) keeps it; None, for unknown, counts as kept.
        columns: The columns that it reads: a single one is part of the constraint's name, as PostgreSQL has it.
        name: The constraint's name, if not PostgreSQL's own choice.
    """
    return CheckSpec(expression=expression, holds=holds, columns=_names(columns), name=name)


@frozen(kw_only=True)
class TableSpec:
    """A table or a view; made by `table` and `view`. `query` gives a view's rows."""

    columns: Mapping[str, str | Type | ColumnSpec]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKeySpec, ...] = ()
    checks: tuple[CheckSpec, ...] = ()
    rows: Sequence[Row] = field(default=(), repr=False)
    comment: str | None = None
    kind: RelationKind = RelationKind.TABLE
    query: Callable[[Mapping[str, Sequence[Row]]], Rows] | None = None


def table(
    *,
    columns: Mapping[str, str | Type | ColumnSpec],
    primary_key: str | Sequence[str] = (),
    unique: Sequence[str | Sequence[str]] = (),
    foreign_keys: Sequence[ForeignKeySpec] = (),
    checks: Sequence[CheckSpec] = (),
    rows: Rows = (),
    comment: str | None = None,
) -> TableSpec:
    """Declare a table.

    Args:
        columns: The columns by name, in order: a type's name, or a `column(…)`.
        primary_key: The columns of the primary key.
        unique: Further unique keys: a column, or a list of them.
        foreign_keys: What it refers to.
        checks: Its check constraints.
        rows: Its first rows, values by column; what a row leaves out takes its default.
        comment: What `describe_table` says of it.

    >>> table(columns={"id": "int4", "name": column("text", nullable=False)}, primary_key=["id"]).primary_key
    ('id',)
    """
    return TableSpec(
        columns=dict(columns),
        primary_key=_names(primary_key),
        unique=tuple(_names(key) for key in unique),
        foreign_keys=tuple(foreign_keys),
        checks=tuple(checks),
        rows=tuple(rows),
        comment=comment,
    )


def view(
    *,
    columns: Mapping[str, str | Type | ColumnSpec],
    query: Callable[[Mapping[str, Sequence[Row]]], Rows],
    materialized: bool = False,
    unique: Sequence[str | Sequence[str]] = (),
    comment: str | None = None,
) -> TableSpec:
    """Declare a view: its rows are worked out by `query` from the rows of all tables, by their names.

    A materialised view keeps the rows that it had when the database was made; `unique` is for its indexes.
    """
    return TableSpec(
        columns=dict(columns),
        unique=tuple(_names(key) for key in unique),
        comment=comment,
        kind=RelationKind.MATERIALIZED if materialized else RelationKind.VIEW,
        query=query,
    )


def enum(name: str, *labels: str) -> Type:
    """Declare an enum type, for the type of columns; its labels are in order.

    Raises:
        ValidationError: `wrong_type`, for labels that are no texts, such as a list of them.

    >>> enum("order_status", "new", "paid").display
    'order_status'
    """
    if not all(isinstance(label, str) for label in labels):
        raise ValidationError(
            codes.WRONG_TYPE,
            f"the labels of the enum '{name}' are not texts",
            hint='Give them one by one: enum("mood", "sad", "happy").',
        )
    return Type(name=name, schema="public", kind=Kind.ENUM, labels=labels)


def composite(name: str, **attributes: Type) -> Type:
    """Declare a composite type, for the type of columns."""
    fields = tuple(Attribute(attribute, type_) for attribute, type_ in attributes.items())
    return Type(name=name, schema="public", kind=Kind.COMPOSITE, attributes=fields)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several, as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)
