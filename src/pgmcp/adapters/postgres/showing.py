"""The columns that a statement shows: how they are read, how a row becomes JSON, what the result calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import field, frozen

from pgmcp.adapters.postgres.masking import masked, shown_type
from pgmcp.adapters.postgres.operands import column
from pgmcp.adapters.postgres.wire.dialect import Dialect
from pgmcp.adapters.postgres.wire.parts import assembler, parts
from pgmcp.adapters.postgres.wire.rows import row
from pgmcp.domain.relations import Column, Relation
from pgmcp.domain.results import ResultColumn
from pgmcp.domain.values.types import Type


@frozen(kw_only=True)
class Shown:
    """Columns of a relation, in the order that a plan wants them.

    Args:
        listed: A select list that calls the columns `c1`, `c2`…
        wire: SQL of the JSON of a row `q` with those columns.
        parts: SQL of a row's parts, for one row alone.
        assemble: Makes a row's JSON of its parts.
        columns: What the result says of them.
        types: Their types.
        places: Where each column stands, from 0.
        dialect: How the server writes JSON.
    """

    listed: str = field(repr=False)
    wire: str = field(repr=False)
    parts: str = field(repr=False)
    assemble: Callable[[str], str] = field(repr=False)
    columns: tuple[ResultColumn, ...]
    types: tuple[Type, ...]
    places: Mapping[str, int]
    dialect: Dialect


ShownOf = Callable[[Relation, tuple[str, ...]], Shown]
"""Gives the columns of those names; what it gives may be kept."""


def shown(relation: Relation, names: Sequence[str], dialect: Dialect) -> Shown:
    """The columns of a relation with those names."""
    columns = [relation.by_name[name] for name in names]
    types = tuple(shown_type(each.type, each.mask) for each in columns)
    return Shown(
        listed=", ".join(f"{_read(each)} AS c{number}" for number, each in enumerate(columns, start=1)),
        wire=row(types, dialect),
        parts=parts(types, dialect) if types else "",
        assemble=assembler(types),
        columns=tuple(ResultColumn(name, type_) for name, type_ in zip(names, types, strict=True)),
        types=types,
        places={name: index for index, name in enumerate(names)},
        dialect=dialect,
    )


def _read(of: Column) -> str:
    sql = column(of.name)
    return sql if of.mask is None else masked(sql, of.type, of.mask)
