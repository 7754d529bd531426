"""Adding rows: one statement's text for batches of any size.

Source: PostgreSQL documentation, INSERT and section 9.19 (`unnest` of several arrays).
"""

from __future__ import annotations

from pgmcp.adapters.postgres.binder import Binder, cast
from pgmcp.adapters.postgres.changing import Demand, answered, outside
from pgmcp.adapters.postgres.conditions import condition
from pgmcp.adapters.postgres.naming import qualified, quote
from pgmcp.adapters.postgres.receipting import UNKEPT
from pgmcp.adapters.postgres.selecting import where
from pgmcp.adapters.postgres.showing import ShownOf
from pgmcp.adapters.postgres.written import Written, written
from pgmcp.domain.plans import Batch, ConflictAction, Insert
from pgmcp.domain.receipts import Receipt


def receipted_insert(plan: Insert, batch: Batch, shown_of: ShownOf, binder: Binder, receipt: Receipt) -> Written:
    """The statement that adds one row and keeps a receipt of it, where none is kept yet."""
    names = ", ".join(quote(name) for name in batch.columns)
    into = f"INSERT INTO {qualified(plan.relation.name)} AS t ({names})"
    given = f"SELECT {_values(plan, batch, binder)} WHERE {UNKEPT}"
    shown = shown_of(plan.relation, plan.returning)
    text = f"{into} {given}{_conflict(plan, binder)}"
    return written(answered(text, shown, plan.bounds, binder, receipt=receipt), binder, shown, plan.relation)


def insert(plan: Insert, batch: Batch, shown_of: ShownOf, binder: Binder) -> Written:
    """The statement that adds a batch; casts have no modifiers, so the assignment refuses what is too long."""
    names = ", ".join(quote(name) for name in batch.columns)
    into = f"INSERT INTO {qualified(plan.relation.name)} AS t"
    if batch.columns:
        one = len(batch.rows) == 1
        given = f"VALUES ({_values(plan, batch, binder)})" if one else _many(plan, batch, binder)
        text = f"{into} ({names}) {given}{_conflict(plan, binder)}"
    elif len(batch.rows) == 1:
        text = f"{into} DEFAULT VALUES{_conflict(plan, binder)}"
    else:
        text = _defaults(plan, into, len(batch.rows), binder)
    shown = shown_of(plan.relation, plan.returning)
    demand = _demand(plan, batch, binder)
    if shown.columns or demand.outside:
        text = answered(text, shown, plan.bounds, binder, demand=demand)
    return written(text, binder, shown, plan.relation)


def _demand(plan: Insert, batch: Batch, binder: Binder) -> Demand:
    """That all rows may be seen; and, where a key finds some, that none of those was passed over as unseen."""
    updates = plan.on_conflict.action is ConflictAction.UPDATE and plan.on_conflict.update
    held = outside(plan.check, plan.relation, binder)
    return Demand(outside=held, exactly=binder.number(len(batch.rows)) if held and updates else "")


def _values(plan: Insert, batch: Batch, binder: Binder) -> str:
    """The values of one row."""
    return ", ".join(
        cast(binder.text(text), plan.relation.by_name[name].type)
        for name, text in zip(batch.columns, batch.rows[0], strict=True)
    )


def _many(plan: Insert, batch: Batch, binder: Binder) -> str:
    values = ", ".join(
        cast(f"u.c{number}", plan.relation.by_name[name].type) for number, name in enumerate(batch.columns, start=1)
    )
    columns = zip(*batch.rows, strict=True)
    arrays = ", ".join(f"pg_catalog.unnest({binder.texts(values)})" for values in columns)
    names = ", ".join(f"c{number}" for number in range(1, len(batch.columns) + 1))
    return f"SELECT {values} FROM ROWS FROM ({arrays}) WITH ORDINALITY AS u({names}, o) ORDER BY u.o"


def _defaults(plan: Insert, into: str, rows: int, binder: Binder) -> str:
    """Rows of defaults alone: a column that takes no value of its own is left to DEFAULT once a row."""
    columns = plan.relation.stored.values()
    if not columns:
        number = binder.number(rows)
        return f"{into} SELECT FROM pg_catalog.generate_series(1, {number}){_conflict(plan, binder)}"
    writable = [each.name for each in columns if each.generated is None and each.identity is None]
    name = (writable or [each.name for each in columns])[0]
    values = ", ".join(["(DEFAULT)"] * rows)
    return f"{into} ({quote(name)}) VALUES {values}{_conflict(plan, binder)}"


def _conflict(plan: Insert, binder: Binder) -> str:
    conflict = plan.on_conflict
    if conflict.action is ConflictAction.ERROR:
        return ""
    target = f" ({', '.join(quote(name) for name in conflict.target)})" if conflict.target else ""
    if conflict.action is ConflictAction.IGNORE or not conflict.update:
        return f" ON CONFLICT{target} DO NOTHING"
    updates = ", ".join(f"{quote(name)} = EXCLUDED.{quote(name)}" for name in conflict.update)
    return f" ON CONFLICT{target} DO UPDATE SET {updates}{where(condition(plan.check, plan.relation, binder))}"
