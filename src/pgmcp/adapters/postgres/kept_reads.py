"""Statements of everyday reads, kept by the shape of their plan: only the values are put in anew.

The text of a statement depends on a plan's shape alone (relation, columns, operators, order, whether there is an
offset). Of a plan whose conditions each compare a column with one value the shape is quickly told.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

from attrs import field, frozen

from pgmcp.adapters.postgres.binder import Suspect
from pgmcp.adapters.postgres.fingerprints import fingerprint
from pgmcp.adapters.postgres.plain_filters import shape_of_filter, suspects_of_filter, values_of_filter
from pgmcp.adapters.postgres.showing import Shown
from pgmcp.adapters.postgres.written import Written
from pgmcp.domain.plans import Select
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import Type
from pgmcp.ports.driver import Parameter, Statement


@frozen(kw_only=True)
class KeptRead:
    """A statement without its values.

    Args:
        relation: What it reads: shapes are told by its identity, so it lives as long as this does.
        text: The statement's text.
        fingerprint: The text's.
        shown, keys, single: As of `Written`.
    """

    relation: Relation = field(repr=False)
    text: str
    fingerprint: str
    shown: Shown
    keys: tuple[Type, ...]
    single: bool

    def bound(self, plan: Select) -> Written:
        """The statement of a plan of this shape."""
        relation = self.relation
        values = _values(plan, single=self.single)
        statement = Statement(self.text, values, relation.runs_code, relation.display, self.fingerprint)
        return Written(statement, partial(_suspects, plan), self.shown, self.keys, self.single)


def shape_of(plan: Select) -> Hashable | None:
    """What the text of a plan's statement depends on; None where that takes longer to tell than to write the text."""
    relation = plan.relation
    if plan.page.after is not None:
        return None
    conditions = shape_of_filter(plan.filter, relation)
    if conditions is None:
        return None
    order: list[Hashable] = []
    for key in plan.order:
        if relation.plain.get(key.operand.column) is not key.operand:
            return None
        order += (key.operand.column, key.descending, key.nulls_first)
    offset = bool(plan.page.offset)
    return (id(relation), plan.columns, conditions, tuple(order), offset, plan.keyed, plan.bounds.max_bytes)


def kept_of(plan: Select, written: Written) -> KeptRead | None:
    """What is kept of a statement; None where it holds other values than its plan."""
    bound = (_values(plan, single=written.single), _suspects(plan))
    if (written.statement.parameters, written.suspects()) != bound:
        return None
    return KeptRead(
        relation=plan.relation,
        text=written.statement.text,
        fingerprint=fingerprint(written.statement.text),
        shown=written.shown,
        keys=written.keys,
        single=written.single,
    )


def _values(plan: Select, *, single: bool) -> tuple[Parameter, ...]:
    """The values that are bound: those of the conditions, then those of the page."""
    values = values_of_filter(plan.filter)
    page = plan.page
    if page.offset:
        values.append(str(page.offset))
    if not single:
        values.append(str(min(page.limit, plan.bounds.max_rows) + 1))
    return tuple(values)


def _suspects(plan: Select) -> tuple[Suspect, ...]:
    return tuple(suspects_of_filter(plan.filter))
