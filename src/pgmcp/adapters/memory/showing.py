"""Some of a table's columns, as results show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from attrs import frozen

from pgmcp.adapters.memory.definitions import Row, Table
from pgmcp.adapters.memory.filters.operands import text_reader
from pgmcp.adapters.memory.paging import Shape, Values, shape_of
from pgmcp.domain.filters.tree import Operand
from pgmcp.domain.policy.masks import Mask, masked
from pgmcp.domain.results import ResultColumn
from pgmcp.domain.values.types import TEXT


@frozen
class Shown:
    """Columns of a table.

    Args:
        shape: The shape of their results.
        pick: A row's values in these columns; None where they are all of its columns in their order.
    """

    shape: Shape
    pick: Callable[[Row], Values] | None

    def of(self, rows: Sequence[Row]) -> Sequence[Values]:
        """The values of rows in these columns."""
        return rows if self.pick is None else list(map(self.pick, rows))


def shown_of(table: Table, names: Sequence[str], masks: Mapping[str, Mask], key: bytes) -> Shown:
    """How these columns of a table are shown.

    Args:
        table: Whose.
        names: Which columns.
        masks: What some of them show in place of their values.
        key: The secret behind masks that hash.
    """
    places = [table.position[name] for name in names]
    types = [table.fields[place].column.type for place in places]
    types = [TEXT if masks.get(name, Mask.NULL) is not Mask.NULL else of for name, of in zip(names, types, strict=True)]
    shape = shape_of([ResultColumn(name, of) for name, of in zip(names, types, strict=True)])
    if masks:
        readers = [_reader(table, name, masks.get(name), key) for name in names]
        return Shown(shape, lambda row: tuple([read(row) for read in readers]))
    if places == list(range(len(table.fields))):
        return Shown(shape, None)
    if len(places) == 1:
        only = places[0]
        return Shown(shape, lambda row: (row[only],))
    return Shown(shape, itemgetter(*places) if places else lambda _: ())


def _reader(table: Table, name: str, mask: Mask | None, key: bytes) -> Callable[[Row], Any]:
    """What reads a column's value, or what its mask shows of it."""
    place = table.position[name]
    if mask is None:
        return itemgetter(place)
    if mask is Mask.NULL:
        return lambda _: None
    if mask is Mask.FULL:
        return lambda row: masked(None if row[place] is None else "", mask)
    of = Operand(column=name, type=table.fields[place].column.type.root)
    read = text_reader(of, table, padded=False, path="columns")
    return lambda row: masked(read(row), mask, key)
