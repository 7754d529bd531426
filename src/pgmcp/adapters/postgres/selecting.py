"""A structured read as one statement."""

from __future__ import annotations

from pgmcp.adapters.postgres import cutting
from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.conditions import condition
from pgmcp.adapters.postgres.cutting import biggest, capped, capped_row
from pgmcp.adapters.postgres.masking import with_key
from pgmcp.adapters.postgres.naming import qualified
from pgmcp.adapters.postgres.operands import operand
from pgmcp.adapters.postgres.ordering import behind, order_by
from pgmcp.adapters.postgres.showing import ShownOf
from pgmcp.adapters.postgres.wire.rows import row
from pgmcp.adapters.postgres.written import Written, written
from pgmcp.domain.filters.tree import And, Compare, Comparison, Filter, View
from pgmcp.domain.plans import Select


def select(plan: Select, shown_of: ShownOf, binder: Binder) -> Written:
    """The statement of a read: rows as JSON, and beside each the order's keys where the row doesn't show them."""
    single = _at_most_one(plan)
    # Nothing follows behind one row.
    beside = plan.keyed and not single and not keys_shown(plan)
    keys = tuple(key.operand.type for key in plan.order) if beside else ()
    shown = shown_of(plan.relation, plan.columns)
    source = _source(plan, shown.listed, binder, beside=beside, single=single)
    if single:
        text = capped_row(source, shown.parts, plan.bounds.max_bytes)
    else:
        keys_json = row(keys, shown.dialect, "q.k") if beside else None
        text = capped(source, shown.wire, str(plan.bounds.max_bytes), keys_json)
    return written(text, binder, shown, plan.relation, keys, single=single)


def largest(plan: Select, shown_of: ShownOf, binder: Binder) -> Written:
    """A statement that gives the number (from 1) of the column that takes most of the first row."""
    shown = shown_of(plan.relation, plan.columns)
    source = _source(plan, shown.listed, binder, beside=False, single=_at_most_one(plan))
    return written(biggest(source, shown.types, shown.dialect), binder, shown, plan.relation)


def heaviest(plan: Select, shown_of: ShownOf, binder: Binder) -> Written:
    """A statement that gives the number (from 1) of the column with the page's largest value, made without JSON."""
    shown = shown_of(plan.relation, plan.columns)
    source = _source(plan, shown.listed, binder, beside=False, single=_at_most_one(plan))
    return written(cutting.heaviest(source, len(plan.columns)), binder, shown, plan.relation)


def keys_shown(plan: Select) -> bool:
    """Whether every key of the order is a column that the rows show."""
    return all(
        not key.operand.path and key.operand.view is View.PLAIN and key.operand.column in plan.columns
        for key in plan.order
    )


def _at_most_one(plan: Select) -> bool:
    """Whether the filter fixes every column of the relation's key, and something is shown of that row."""
    if not plan.columns or not plan.relation.key:
        return False
    parts: tuple[Filter, ...] = plan.filter.parts if isinstance(plan.filter, And) else (plan.filter,)
    fixed = {
        part.operand.column
        for part in parts
        if isinstance(part, Compare)
        and part.op is Comparison.EQ
        and not part.fold
        and not part.operand.path
        and part.operand.view is View.PLAIN
    }
    return fixed.issuperset(plan.relation.key)


def where(sql: str) -> str:
    """A WHERE clause with a blank before it; empty for what is always true."""
    return "" if sql == "TRUE" else f" WHERE {sql}"


def _source(plan: Select, listed: str, binder: Binder, *, beside: bool, single: bool) -> str:
    listed = with_key(listed, binder)
    if beside:
        keys = (
            f"{operand(key.operand, plan.relation, binder)} AS k{number}"
            for number, key in enumerate(plan.order, start=1)
        )
        listed = ", ".join((*((listed,) if listed else ()), *keys))
    held = condition(plan.filter, plan.relation, binder)
    if plan.page.after is not None and plan.order:
        later = behind(plan.order, plan.page.after, plan.relation, binder)
        held = later if held == "TRUE" else f"({held} AND {later})"
    offset = f" OFFSET {binder.number(plan.page.offset)}" if plan.page.offset else ""
    rows = f"SELECT {listed} FROM {qualified(plan.relation.name)} AS t{where(held)}"
    if single:
        return rows + offset
    ordered = order_by(plan.order, plan.relation, binder)
    limit = binder.number(min(plan.page.limit, plan.bounds.max_rows) + 1)
    return f"{rows}{ordered} LIMIT {limit}{offset}"
