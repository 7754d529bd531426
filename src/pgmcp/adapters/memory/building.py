"""From declarations to tables: names resolved, constraints named as PostgreSQL names them, first rows put in.

Source: PostgreSQL's `ChooseConstraintName`: table, columns, and what kind of constraint it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from pgmcp.adapters.memory.calling import own
from pgmcp.adapters.memory.declare import ABSENT, ColumnSpec, Expression, ForeignKeySpec, TableSpec
from pgmcp.adapters.memory.definitions import Check, Field, Key, Reference, Table
from pgmcp.adapters.memory.expressions import constant, expression_text
from pgmcp.adapters.memory.refusals import refuse
from pgmcp.adapters.memory.sequences import Sequence
from pgmcp.adapters.memory.state import Space
from pgmcp.adapters.memory.typenames import Declared, read_type
from pgmcp.adapters.memory.values.assigning import assigner, hand_out
from pgmcp.adapters.memory.values.ordering import key_of
from pgmcp.adapters.memory.values.reading import read_text
from pgmcp.adapters.memory.values.taking import is_own
from pgmcp.domain.errors import PgmcpError, QueryError, ValidationError, codes
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.values.text import Unfit, to_text
from pgmcp.domain.values.types import Kind, Type

SCHEMA = "public"


class Catalogue:
    """The tables of one database, made from their declarations.

    Args:
        specs: The declarations by name.

    Raises:
        ValidationError: A declaration names a type, a column or a table that is not there.
        QueryError: `feature_not_supported`, for a type that only PostgreSQL has.
    """

    def __init__(self, specs: Mapping[str, TableSpec]) -> None:
        self.types = _own_types(specs)
        self.sequences: dict[tuple[str, str], Sequence] = {}
        self._specs = specs
        tables = {name: self._table(name, spec) for name, spec in specs.items()}
        self.tables = {name: self._referring(table, specs[name], tables) for name, table in tables.items()}

    def _table(self, name: str, spec: TableSpec) -> Table:
        fields = tuple(self._field(name, column, each, spec) for column, each in spec.columns.items())
        positions = {each.column.name: place for place, each in enumerate(fields)}
        keys = [_key(f"{name}_pkey", spec.primary_key, fields, positions, name)] if spec.primary_key else []
        keys += [_key(f"{name}_{'_'.join(each)}_key", each, fields, positions, name) for each in spec.unique]
        total = tuple(
            key.columns
            for key in keys[bool(spec.primary_key) :]
            if not any(fields[at].column.nullable for at in key.positions)
        )
        is_table = spec.kind is RelationKind.TABLE
        relation = Relation(
            name=Name(SCHEMA, name),
            kind=spec.kind,
            columns=tuple(each.column for each in fields),
            primary_key=spec.primary_key,
            unique=total,
            insertable=is_table,
            updatable=is_table,
            comment=spec.comment,
        )
        query = spec.query and own(f"the query of the view '{name}'", spec.query)
        return Table(relation=relation, fields=fields, keys=tuple(keys), checks=_checks(name, spec), query=query)

    def _field(self, table: str, name: str, given: str | Type | ColumnSpec, spec: TableSpec) -> Field:
        facts = given if isinstance(given, ColumnSpec) else ColumnSpec(type=given)
        try:
            declared = read_type(facts.type, self.types)
        except PgmcpError as error:
            raise error.with_details(table=table, column=name) from None
        column = Column(
            name=name,
            type=declared.type,
            declared=declared.spelled,
            nullable=facts.nullable and name not in spec.primary_key and facts.identity is None,
            default=expression_text(facts.default, declared.type),
            generated=None if facts.generated is None else facts.generated.text,
            identity=facts.identity,
            comment=facts.comment,
        )
        assign = assigner(declared)
        default = self._default(table, name, facts, declared, assign)
        worked_out = (
            None
            if facts.generated is None
            else own(f"the generated column '{name}' of '{table}'", facts.generated.value)
        )
        return Field(
            column=column,
            decode=lambda text: read_text(text, declared.type),
            assign=assign,
            take=lambda value: taken(value, declared, assign),
            hand_out=hand_out(declared.type),
            key=_comparable(declared.type),
            default=default,
            generated=None if worked_out is None else lambda row: taken(worked_out(row), declared, assign),
        )

    def _default(
        self, table: str, name: str, facts: ColumnSpec, declared: Declared, assign: Callable[[Any], Any]
    ) -> Callable[[datetime], Any]:
        if facts.identity is not None:
            sequence = self.sequences[table, name] = Sequence()
            return lambda _: sequence.next()
        what = f"the default of '{name}' of '{table}'"
        if isinstance(facts.default, Expression):
            value = own(what, facts.default.value)
            if facts.default.of_moment:
                return lambda moment: taken(value(moment), declared, assign)
            return lambda _: taken(value(), declared, assign)
        if callable(facts.default):
            of_nothing = own(what, facts.default)
            return lambda _: taken(of_nothing(), declared, assign)
        kept = None if facts.default is ABSENT else constant(facts.default, declared, assign)
        return lambda _: kept

    def _referring(self, table: Table, spec: TableSpec, tables: Mapping[str, Table]) -> Table:
        references = tuple(_reference(table, each, tables) for each in spec.foreign_keys)
        if not references:
            return table
        # Made anew, as frozen objects are; nothing refers to a table by identity yet.
        return Table(
            relation=table.relation,
            fields=table.fields,
            keys=table.keys,
            references=references,
            checks=table.checks,
            query=table.query,
        )


def taken_by(table: Table, given: Mapping[str, Any], space: Space | None = None) -> list[Any]:
    """A row's Python values by column as its table keeps them; the rest take defaults, or NULL without a space."""
    return [
        field.take(given[field.column.name])
        if field.column.name in given
        else None
        if space is None
        else field.default(space.moment)
        for field in table.fields
    ]


def taken(value: Any, declared: Declared, assign: Callable[[Any], Any]) -> Any:
    """A Python value as a column of a declared type keeps it.

    Raises:
        ValidationError: `value_invalid`.
    """
    if is_own(value, declared.type):
        return assign(value)
    try:
        text = to_text(value, declared.type)
    except Unfit as unfit:
        raise ValidationError(
            codes.VALUE_INVALID,
            f"a declared value doesn't fit the type {declared.spelled or declared.type.display}",
            hint=f"Expected {unfit.expected}.",
        ) from None
    return None if text is None else assign(read_text(text, declared.type))


def _own_types(specs: Mapping[str, TableSpec]) -> dict[str, Type]:
    """The types that declarations bring themselves, by name."""
    given = (
        each.type if isinstance(each, ColumnSpec) else each for spec in specs.values() for each in spec.columns.values()
    )
    return {
        each.name: each for each in given if isinstance(each, Type) and not each.builtin and each.kind is not Kind.ARRAY
    }


def _comparable(type_: Type) -> Callable[[Any], Any] | None:
    """A type's key; None for those that can be kept, but that only PostgreSQL can compare."""
    try:
        return key_of(type_)
    except QueryError:
        return None


def _key(name: str, columns: Iterable[str], fields: tuple[Field, ...], positions: Mapping[str, int], table: str) -> Key:
    names = tuple(columns)
    found = []
    for column in names:
        if column not in positions:
            raise _unknown_column(table, column, positions)
        key = fields[positions[column]].key
        if key is None:
            raise refuse(f"a key over columns of type {fields[positions[column]].column.type.display}")
        found.append(key)
    return Key(name=name, columns=names, positions=tuple(positions[each] for each in names), keys=tuple(found))


def _checks(table: str, spec: TableSpec) -> tuple[Check, ...]:
    taken_names: set[str] = set()
    made: list[Check] = []
    for each in spec.checks:
        base = f"{table}_{each.columns[0]}_check" if len(each.columns) == 1 else f"{table}_check"
        numbered = (base if number == 0 else f"{base}{number}" for number in count())
        name = each.name or next(candidate for candidate in numbered if candidate not in taken_names)
        taken_names.add(name)
        holds = own(f"the check '{name}' of '{table}'", each.holds)
        made.append(Check(name=name, expression=each.expression, columns=each.columns, holds=holds))
    return tuple(sorted(made, key=lambda check: check.name))


def _reference(table: Table, spec: ForeignKeySpec, tables: Mapping[str, Table]) -> Reference:
    target = tables.get(spec.table)
    if target is None:
        raise ValidationError(
            codes.UNKNOWN_TABLE,
            f"a foreign key of '{table.name}' refers to the table '{spec.table}', which is not declared",
            hint=did_you_mean(spec.table, tables),
        )
    to = spec.to or target.relation.primary_key
    key = next((each for each in target.keys if set(each.columns) == set(to) and len(to) == len(spec.columns)), None)
    if key is None:
        raise ValidationError(
            codes.UNKNOWN_CONSTRAINT,
            f"a foreign key of '{table.name}' refers to columns of '{spec.table}' that are no unique key of it",
        )
    pairs = dict(zip(to, spec.columns, strict=True))
    name = spec.name or f"{table.name}_{'_'.join(spec.columns)}_fkey"
    # In the order of the target's key, so that both sides' keys can be compared.
    local = _key(name, [pairs[each] for each in key.columns], table.fields, table.position, table.name)
    return Reference(
        name=name,
        table=table.name,
        columns=spec.columns,
        local=local,
        target=target.name,
        to=to,
        key=key,
        on_delete=spec.on_delete,
    )


def _unknown_column(table: str, column: str, known: Iterable[str]) -> ValidationError:
    return ValidationError(
        codes.UNKNOWN_COLUMN, f"'{table}' declares no column '{column}'", hint=did_you_mean(column, known)
    )
