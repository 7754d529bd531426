"""Statements of everyday writes, kept by the shape of their plan: only the values are put in anew.

As for reads: a statement's text depends on the columns that are set, compared and given back, never on their values.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

from attrs import field, frozen

from pgmcp.adapters.postgres.binder import Suspect
from pgmcp.adapters.postgres.plain_filters import add_filter, suspects_of_filter
from pgmcp.adapters.postgres.showing import Shown
from pgmcp.adapters.postgres.written import Written, nobody
from pgmcp.domain.filters.tree import EVERYTHING
from pgmcp.domain.plans import Batch, Delete, Insert, Update
from pgmcp.domain.relations import Relation
from pgmcp.ports.driver import Parameter, Statement

Shape = tuple[Hashable, list[Parameter]]
"""What a statement's text depends on, and the values of the plan that it was told of."""


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

    def statement(self, plan: Update | Delete, values: list[Parameter]) -> Statement:
        """The statement of a change of this shape, with what its assignments and conditions bind."""
        relation = self.relation
        return Statement(self.text, _with_caps(values, plan), relation.runs_code, relation.display)

    def bound(self, plan: Update | Delete, values: list[Parameter]) -> Written:
        """The same, with what its answer will mean."""
        return Written(self.statement(plan, values), partial(_suspects, plan), self.shown)

    def bound_to(self, plan: Insert, batch: Batch) -> Written:
        """The statement that adds rows, of this shape."""
        relation = self.relation
        statement = Statement(self.text, _values_of_rows(plan, batch), relation.runs_code, relation.display)
        return Written(statement, nobody, self.shown)


def shape_of_update(plan: Update) -> Shape | None:
    """What the text of an update depends on, and its values; None where that takes longer to tell than to write it."""
    if plan.check is not EVERYTHING:
        return None
    relation = plan.relation
    columns = relation.by_name
    # One pass for both: either alone would look at all of it.
    shape: list[Hashable] = ["update", id(relation), plan.returning, plan.bounds.max_bytes]
    values: list[Parameter] = []
    for each in plan.assignments:
        name, value = each.column, each.value
        if value is None:
            # A NULL is bound as any other value.
            values.append(None)
        elif value.type is columns[name].type:
            values.append(value.text)
        else:
            return None
        shape.append(name)
    shape.append(None)  # no column's name: what is set ends here
    if not add_filter(plan.filter, relation, shape, values):
        return None
    return tuple(shape), values


def shape_of_delete(plan: Delete) -> Shape | None:
    """What the text of a removal depends on, and its values; None as for an update."""
    shape: list[Hashable] = ["delete", id(plan.relation), plan.returning, plan.bounds.max_bytes]
    values: list[Parameter] = []
    return (tuple(shape), values) if add_filter(plan.filter, plan.relation, shape, values) else None


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


def kept_change(plan: Update | Delete, values: list[Parameter], written: Written) -> KeptChange | None:
    """What is kept of a change that binds these values; None where its statement holds other values than its plan."""
    bound = (_with_caps(values, plan), _suspects(plan))
    return _kept(plan.relation, written) if (written.statement.parameters, written.suspects()) == bound else None


def kept_insert(plan: Insert, batch: Batch, written: Written) -> KeptChange | None:
    """What is kept of an insert; None as for a change."""
    bound = (_values_of_rows(plan, batch), ())
    return _kept(plan.relation, written) if (written.statement.parameters, written.suspects()) == bound else None


def _kept(relation: Relation, written: Written) -> KeptChange:
    return KeptChange(relation=relation, text=written.statement.text, shown=written.shown)


def _with_caps(values: list[Parameter], plan: Update | Delete) -> tuple[Parameter, ...]:
    """The values, then the cap of rows that are changed, and that of those given back."""
    if plan.returning:
        return (*values, str(plan.max_rows), str(plan.bounds.max_rows + 1))
    return (*values, str(plan.max_rows))


def _values_of_rows(plan: Insert, batch: Batch) -> tuple[Parameter, ...]:
    """A row's own values; of several a list for each column."""
    values: list[Parameter] = list(batch.rows[0] if len(batch.rows) == 1 else zip(*batch.rows, strict=True))
    if plan.returning:
        values.append(str(plan.bounds.max_rows + 1))
    return tuple(values)


def _suspects(plan: Update | Delete) -> tuple[Suspect, ...]:
    suspects = suspects_of_filter(plan.filter)
    if type(plan) is Update:
        given = (each.value for each in plan.assignments)
        suspects = [*(Suspect((value,), value.type) for value in given if value is not None), *suspects]
    return tuple(suspects)
