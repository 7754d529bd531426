"""Changing and removing rows: the cap is checked inside the statement itself.

The change runs in a CTE whose rows are counted while they come; one above the cap makes the counting fail on purpose,
so the statement ends early and changes nothing. Choosing rows first and changing them afterwards would lose some
under READ COMMITTED. Source: PostgreSQL documentation, section 7.8.4 (Data-Modifying Statements in WITH).
"""

from __future__ import annotations

from attrs import frozen

from pgmcp.adapters.postgres.binder import Binder, cast
from pgmcp.adapters.postgres.conditions import condition
from pgmcp.adapters.postgres.cutting import capped
from pgmcp.adapters.postgres.masking import with_key
from pgmcp.adapters.postgres.naming import qualified, quote
from pgmcp.adapters.postgres.receipting import UNKEPT, receipted
from pgmcp.adapters.postgres.selecting import where
from pgmcp.adapters.postgres.showing import Shown, ShownOf
from pgmcp.adapters.postgres.written import Written, written
from pgmcp.domain.filters.tree import EVERYTHING, Filter
from pgmcp.domain.plans import Assignment, Bounds, Delete, Update
from pgmcp.domain.receipts import Receipt
from pgmcp.domain.relations import Relation

PAST_CAP = "2201G"
"""The SQLSTATE of the deliberate error: `width_bucket` without buckets; nothing else here raises it."""
OUTSIDE = "2202E"
"""That of a row outside of those that the caller may see: `trim_array` of more elements than there are."""


def update(plan: Update, shown_of: ShownOf, binder: Binder, receipt: Receipt | None = None) -> Written:
    """The statement that changes rows, and keeps the receipt where there is one."""
    assigned = ", ".join(_assignment(each, plan.relation, binder) for each in plan.assignments)
    held = _held(plan, binder, receipt)
    change = f"UPDATE {qualified(plan.relation.name)} AS t SET {assigned}{held}"
    return _limited(change, plan, binder, shown_of, receipt)


def delete(plan: Delete, shown_of: ShownOf, binder: Binder, receipt: Receipt | None = None) -> Written:
    """The statement that removes rows, and keeps the receipt where there is one."""
    held = _held(plan, binder, receipt)
    return _limited(f"DELETE FROM {qualified(plan.relation.name)} AS t{held}", plan, binder, shown_of, receipt)


def _held(plan: Update | Delete, binder: Binder, receipt: Receipt | None) -> str:
    held = where(condition(plan.filter, plan.relation, binder))
    if receipt is None:
        return held
    return f"{held} AND {UNKEPT}" if held else f" WHERE {UNKEPT}"


def _assignment(assignment: Assignment, relation: Relation, binder: Binder) -> str:
    if assignment.value is None:
        value = cast(binder.text(None), relation.by_name[assignment.column].type)
    else:
        value = binder.literal(assignment.value)
    return f"{quote(assignment.column)} = {value}"


def _limited(change: str, plan: Update | Delete, binder: Binder, shown_of: ShownOf, receipt: Receipt | None) -> Written:
    shown = shown_of(plan.relation, plan.returning)
    check = plan.check if isinstance(plan, Update) else EVERYTHING
    demand = Demand(outside=outside(check, plan.relation, binder))
    return written(
        answered(change, shown, plan.bounds, binder, plan.max_rows, demand, receipt), binder, shown, plan.relation
    )


@frozen(kw_only=True)
class Demand:
    """What has to hold for the rows of a change, else the statement fails with `OUTSIDE`.

    Args:
        outside: SQL that is true of a row, as it has become, that may not be left so; empty for none.
        exactly: SQL of the number of rows that there have to be; empty for any.
    """

    outside: str = ""
    exactly: str = ""


def outside(check: Filter, relation: Relation, binder: Binder) -> str:
    """SQL of "this row breaks the check", for RETURNING; empty without a check."""
    return "" if check == EVERYTHING else f"({condition(check, relation, binder)}) IS NOT TRUE"


def answered(
    change: str,
    shown: Shown,
    bounds: Bounds,
    binder: Binder,
    max_changed: int | None = None,
    demand: Demand = Demand(),
    receipt: Receipt | None = None,
) -> str:
    """SQL of a change and its answer: first the number of rows changed, then the `returning` rows, capped.

    Args:
        change: The change, without RETURNING.
        shown: The columns to give back; without any, the number alone.
        bounds: The caps of what is given back.
        binder: Holds what the change binds.
        max_changed: Rows above which the statement fails; None for no such cap.
        demand: What has to hold for the rows that are changed.
        receipt: What is kept of it by the same statement, whose change does nothing then where it is kept already.
    """
    listed = with_key(shown.listed, binder) or "1 AS c1"
    if demand.outside:
        listed = f"{listed}, {demand.outside} AS off"
    if max_changed is None:
        counted = f"SELECT {_kept_to(demand, 'pg_catalog.count(*)::text')} AS w FROM u"
    else:
        cap = binder.number(max_changed)
        # The LIMIT ends the change as soon as the cap is passed, not when all rows have been changed.
        counted = (
            "SELECT CASE WHEN pg_catalog.width_bucket(0::float8, 0, 1, CASE WHEN pg_catalog.count(*) > "
            f"{cap} THEN 0 ELSE 1 END) = 1 THEN {_kept_to(demand, 'pg_catalog.count(*)::text')} END AS w "
            f"FROM (SELECT{' off' if demand.outside else ''} FROM u LIMIT {cap} + 1) AS l"
        )
    change, answer = f"{change} RETURNING {listed}", counted
    if shown.columns:
        source = f"SELECT * FROM u LIMIT {binder.number(bounds.max_rows + 1)}"
        answer = f"{counted} UNION ALL ({capped(source, shown.wire, str(bounds.max_bytes))})"
    if receipt is not None:
        return receipted(change, answer, receipt, shown, bounds, binder)
    return f"WITH u AS ({change}) {answer}"


def _kept_to(demand: Demand, count: str) -> str:
    """SQL of the count that fails on purpose where the demand isn't met."""
    broken = [
        *(["pg_catalog.count(*) FILTER (WHERE off) > 0"] if demand.outside else ()),
        *([f"pg_catalog.count(*) <> {demand.exactly}"] if demand.exactly else ()),
    ]
    if not broken:
        return count
    trimmed = f"pg_catalog.trim_array(ARRAY[1], CASE WHEN {' OR '.join(broken)} THEN 2 ELSE 0 END)"
    return f"CASE WHEN {trimmed} IS NOT NULL THEN {count} END"
