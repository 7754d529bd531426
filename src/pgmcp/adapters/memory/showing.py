"""Some of a table's columns, as results show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter

from attrs import frozen

from pgmcp.adapters.memory.definitions import Row, Table
from pgmcp.adapters.memory.paging import Shape, Values, shape_of
from pgmcp.domain.results import ResultColumn


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


def shown_of(table: Table, names: Sequence[str]) -> Shown:
    """How these columns of a table are shown."""
    places = [table.position[name] for name in names]
    shape = shape_of(
        [ResultColumn(name, table.fields[place].column.type) for name, place in zip(names, places, strict=True)]
    )
    if places == list(range(len(table.fields))):
        return Shown(shape, None)
    if len(places) == 1:
        only = places[0]
        return Shown(shape, lambda row: (row[only],))
    return Shown(shape, itemgetter(*places) if places else lambda _: ())
