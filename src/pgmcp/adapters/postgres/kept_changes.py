"""Statements of everyday writes, kept by the shape of their plan: only the values are put in anew.

As for reads: a statement's text depends on the columns that are set, compared and given back, never on their values.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

from attrs import field, frozen

from pgmcp.adapters.postgres.binder import Suspect
from pgmcp.adapters.postgres.plain_filters import shape_of_filter, suspects_of_filter, values_of_filter
from pgmcp.adapters.postgres.showing import Shown
from pgmcp.adapters.postgres.written import Written, nobody
from pgmcp.domain.filters.tree import EVERYTHING
from pgmcp.domain.plans import Batch, Bounds, Delete, Insert, Update
from pgmcp.domain.relations import Relation
from pgmcp.ports.driver import Parameter, Statement


@frozen(kw_only=True)
class KeptChange:
    """A statement without its values.

    Args:
        relation: What it changes: shapes are told by its identity, so it lives as long as this does.
        text: The statement's text.
        shown: As of `Written`.
    """

    relation: Relation = field(repr=False)
    text: str
    shown: Shown

    def bound(self, plan: Update | Delete) -> Written:
        """The statement of a change of this shape."""
        return Written(
            statement=Statement(self.text, _values(plan), self.relation.runs_code, self.relation.display),
            suspects=partial(_suspects, plan),
            shown=self.shown,
        )

    def bound_to(self, plan: Insert, batch: Batch) -> Written:
        """The statement that adds rows, of this shape."""
        return Written(
            statement=Statement(
                self.text, _values_of_rows(plan, batch), self.relation.runs_code, self.relation.display
            ),
            suspects=nobody,
            shown=self.shown,
        )


def shape_of_update(plan: Update) -> Hashable | None:
    """What the text of an update depends on; None where that takes longer to tell than to write it."""
    relation = plan.relation
    conditions = shape_of_filter(plan.filter, relation)
    if conditions is None or plan.check is not EVERYTHING:
        return None
    columns: list[str] = []
    for each in plan.assignments:
        # A NULL is bound as any other value.
        if each.value is not None and each.value.type is not relation.by_name[each.column].type:
            return None
        columns.append(each.column)
    return ("update", id(relation), tuple(columns), conditions, plan.returning, plan.bounds.max_bytes)


def shape_of_delete(plan: Delete) -> Hashable | None:
    """What the text of a removal depends on; None as for an update."""
    conditions = shape_of_filter(plan.filter, plan.relation)
    if conditions is None:
        return None
    return ("delete", id(plan.relation), conditions, plan.returning, plan.bounds.max_bytes)


def shape_of_insert(plan: Insert, batch: Batch) -> Hashable | None:
    """What the text of a batch depends on: how many rows there are counts only as one or more."""
    if plan.check is not EVERYTHING or not batch.columns:
        return None
    conflict = plan.on_conflict
    return (
        "insert",
        id(plan.relation),
        batch.columns,
        len(batch.rows) == 1,
        (conflict.action, conflict.target, conflict.update),
        plan.returning,
        plan.bounds.max_bytes,
    )


def kept_change(plan: Update | Delete, written: Written) -> KeptChange | None:
    """What is kept of a change; None where its statement holds other values than its plan."""
    bound = (_values(plan), _suspects(plan))
    return _kept(plan.relation, written) if (written.statement.parameters, written.suspects()) == bound else None


def kept_insert(plan: Insert, batch: Batch, written: Written) -> KeptChange | None:
    """What is kept of an insert; None as for a change."""
    bound = (_values_of_rows(plan, batch), ())
    return _kept(plan.relation, written) if (written.statement.parameters, written.suspects()) == bound else None


def _kept(relation: Relation, written: Written) -> KeptChange:
    return KeptChange(relation=relation, text=written.statement.text, shown=written.shown)


def _values(plan: Update | Delete) -> tuple[Parameter, ...]:
    """The values that are bound: what is set, the conditions', the cap, and that of the rows that are given back."""
    values: list[Parameter] = []
    if type(plan) is Update:
        values += [None if each.value is None else each.value.text for each in plan.assignments]
    values += values_of_filter(plan.filter)
    values.append(str(plan.max_rows))
    return _with_cap(values, plan.returning, plan.bounds)


def _values_of_rows(plan: Insert, batch: Batch) -> tuple[Parameter, ...]:
    """A row's own values; of several a list for each column."""
    values: list[Parameter] = list(batch.rows[0] if len(batch.rows) == 1 else zip(*batch.rows, strict=True))
    return _with_cap(values, plan.returning, plan.bounds)


def _with_cap(values: list[Parameter], returning: tuple[str, ...], bounds: Bounds) -> tuple[Parameter, ...]:
    if returning:
        values.append(str(bounds.max_rows + 1))
    return tuple(values)


def _suspects(plan: Update | Delete) -> tuple[Suspect, ...]:
    suspects = suspects_of_filter(plan.filter)
    if type(plan) is Update:
        given = (each.value for each in plan.assignments)
        suspects = [*(Suspect((value,), value.type) for value in given if value is not None), *suspects]
    return tuple(suspects)
