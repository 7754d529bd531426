"""Everyday filters, each condition of which compares a column with one value: their shape, and the values in them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from pgmcp.adapters.postgres.binder import Suspect
from pgmcp.domain.filters.tree import And, Compare, Filter
from pgmcp.domain.relations import Relation
from pgmcp.ports.driver import Parameter


def shape_of_filter(filter_: Filter, relation: Relation) -> tuple[Hashable, ...] | None:
    """What a filter's SQL depends on, beside its relation; None where that takes longer to tell than to write it."""
    conditions: list[Hashable] = []
    return tuple(conditions) if add_filter(filter_, relation, conditions, []) else None


def add_filter(filter_: Filter, relation: Relation, shape: list[Hashable], values: list[Parameter]) -> bool:
    """Add what a filter's SQL depends on, and the values that it binds, in order; whether it is one of these."""
    plain = relation.plain
    for part in filter_.parts if type(filter_) is And else (filter_,):
        # The relation's own operands: what is compared, and as what type, follows from the column's name then.
        if type(part) is not Compare or part.fold:
            return False
        operand, value = part.operand, part.value
        column = operand.column
        if plain.get(column) is not operand or value is None or value.type is not operand.type:
            return False
        shape.append(column)
        shape.append(part.op)
        values.append(value.text)
    return True


def values_of_filter(filter_: Filter) -> list[Parameter]:
    """The values that such a filter binds, in order."""
    return [part.value.text for part in _parts(filter_) if type(part) is Compare and part.value is not None]


def suspects_of_filter(filter_: Filter) -> list[Suspect]:
    """The caller's literals in such a filter."""
    return [
        Suspect((part.value,), part.value.type)
        for part in _parts(filter_)
        if type(part) is Compare and part.value is not None
    ]


def _parts(filter_: Filter) -> Sequence[Filter]:
    return filter_.parts if type(filter_) is And else (filter_,)
