"""A statement that has been written: its text and parameters, and what its answer will mean."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from pgmcp.adapters.postgres.binder import Binder, Suspect
from pgmcp.adapters.postgres.showing import Shown
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import Type
from pgmcp.ports.driver import Statement

Suspects = Callable[[], tuple[Suspect, ...]]
"""Tells the caller's literals in a statement, to find the one that the server could not read; seldom asked."""


def nobody() -> tuple[Suspect, ...]:
    """The literals of a statement that has none."""
    return ()


# One is made for each statement, and a frozen one takes twice as long to make; by position it is made fastest.
@define
class Written:
    """A statement of ours.

    Args:
        statement: The text and the parameters.
        suspects: The caller's literals in it; what tells them is another function each time.
        shown: The columns of the rows that it gives.
        keys: The types of the order's keys, when each row has them beside it.
        single: Whether it gives one row at the most, in parts.
    """

    statement: Statement
    suspects: Suspects = field(repr=False, eq=False)
    shown: Shown
    keys: tuple[Type, ...] = ()
    single: bool = False


def written(
    text: str, binder: Binder, shown: Shown, relation: Relation, keys: tuple[Type, ...] = (), *, single: bool = False
) -> Written:
    """A text about a relation, with everything that was bound while it was written."""
    suspects = tuple(binder.suspects)
    return Written(
        statement=Statement(text, tuple(binder.values), relation.runs_code, relation.display),
        suspects=lambda: suspects,
        shown=shown,
        keys=keys,
        single=single,
    )
