"""Narrowing: a relation as a caller may know it, and a plan as a caller may carry it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from attrs import evolve

from pgmcp.domain.errors import SecurityError, codes
from pgmcp.domain.filters.safety import shielded
from pgmcp.domain.filters.tree import EVERYTHING
from pgmcp.domain.places import step
from pgmcp.domain.plans import ConflictAction, Delete, Insert, Select, Update
from pgmcp.domain.policy.mentions import mentions
from pgmcp.domain.policy.patterns import Pattern
from pgmcp.domain.policy.refusals import action_refused
from pgmcp.domain.policy.rules import Action
from pgmcp.domain.policy.sights import Sight
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Column, Relation

RowPlan = Select | Insert | Update | Delete
P = TypeVar("P", bound=RowPlan)


def narrowed(relation: Relation, sight: Sight) -> Relation:
    """A relation as a caller sees it: without what is hidden, nor any text that names it, and with its masks.

    The rows that may be seen are for whoever knows the time to put in.
    """
    if sight.table is None:
        return evolve(relation, granted=relation.granted & sight.actions, whole=relation, ruled_by=sight.rule)
    hidden = frozenset(column.name for column in relation.columns if sight.hides(column.name))
    seen = without(relation, hidden)
    return evolve(
        seen,
        columns=tuple(evolve(column, mask=sight.mask(column.name)) for column in seen.columns),
        granted=relation.granted & sight.actions,
        seen_as=sight.rule,
        ruled_by=sight.rule,
        whole=relation,
    )


def without(relation: Relation, hidden: frozenset[str]) -> Relation:
    """A relation without some of its columns, any key over them and any text that names them.

    Args:
        relation: The relation.
        hidden: The columns' names.
    """
    hide = tuple(map(Pattern, hidden))
    return evolve(
        relation,
        columns=tuple(_silent(each, hide) for each in relation.columns if each.name not in hidden),
        hidden=(*relation.hidden, *(each for each in relation.columns if each.name in hidden)),
        primary_key=relation.primary_key if hidden.isdisjoint(relation.primary_key) else (),
        unique=tuple(key for key in relation.unique if hidden.isdisjoint(key)),
        comment=None if mentions(relation.comment, hide) else relation.comment,
    )


def _silent(column: Column, hide: Sequence[Pattern]) -> Column:
    return evolve(
        column,
        default=None if mentions(column.default, hide) else column.default,
        generated="hidden" if mentions(column.generated, hide) else column.generated,
        comment=None if mentions(column.comment, hide) else column.comment,
    )


def authorised(plan: P, view: View) -> P:
    """A plan on rows as its caller may carry it out: the rows that may be seen, and the rule's own limits.

    Raises:
        SecurityError: `action_refused`; `permission_denied` where PostgreSQL's role may not; `attribute_missing`.
    """
    relation = plan.relation
    sight = view.of(relation)
    for action in _actions(plan):
        if action in relation.granted:
            continue
        if action in sight.actions:
            raise SecurityError(
                codes.PERMISSION_DENIED,
                f"PostgreSQL's role may not {action} rows of '{relation.display}'",
                hint=f"GRANT {_GRANTS[action]} on it would allow that.",
            )
        raise action_refused(relation.name.schema, relation.name.name, action, relation.granted, sight.rule).error()
    _check_columns(plan)
    if sight.missing is not None:
        raise SecurityError(
            codes.ATTRIBUTE_MISSING,
            f"the policy's rule for '{relation.display}' needs the attribute '{sight.missing}', which you don't have",
            hint="Whoever keeps the policy gives it to you, in policy.principals.",
        )
    if sight.max_rows is None and (relation.only is EVERYTHING or relation.only == EVERYTHING):
        return plan
    return _limited(_held(plan), sight.max_rows)


_GRANTS = {Action.READ: "SELECT", Action.CREATE: "INSERT", Action.UPDATE: "UPDATE", Action.DELETE: "DELETE"}


def _actions(plan: RowPlan) -> Iterable[Action]:
    """What a plan does. Whatever looks at rows reads them: a filter, rows given back, rows that a key finds."""
    match plan:
        case Select():
            return (Action.READ,)
        case Insert():
            updates = plan.on_conflict.action is ConflictAction.UPDATE
            reads = bool(plan.returning) or updates
            return (Action.CREATE, *((Action.UPDATE,) if updates else ()), *((Action.READ,) if reads else ()))
        case Update():
            return (Action.UPDATE, Action.READ)
        case Delete():
            return (Action.DELETE, Action.READ)


def _check_columns(plan: RowPlan) -> None:
    """Refuse to give a value to a column that PostgreSQL's role may give none; rows that come later it refuses itself.

    Raises:
        SecurityError: `permission_denied`.
    """
    relation = plan.relation
    if not relation.fixes_columns:
        return
    for action, names in _written(plan):
        refused = next((name for name in names if name in relation.fixed[action]), None)
        if refused is not None:
            raise SecurityError(
                codes.PERMISSION_DENIED,
                f"PostgreSQL's role may not {action} column '{refused}' of '{relation.display}'",
                hint=f"Leave it out; GRANT {_GRANTS[action]} on the column would allow it.",
                path=step("data", refused) if isinstance(plan, Update) else None,
            )


def _written(plan: RowPlan) -> Iterator[tuple[Action, Iterable[str]]]:
    """The columns that a plan gives values."""
    if isinstance(plan, Update):
        yield Action.UPDATE, (each.column for each in plan.assignments)
    if isinstance(plan, Insert):
        yield Action.UPDATE, plan.on_conflict.update
        yield Action.CREATE, plan.rows.columns if plan.rows is not None else ()


def _held(plan: P) -> P:
    """The plan, held to the rows that may be seen: those it finds, and those it leaves."""
    only = plan.relation.only
    if isinstance(plan, Insert):
        return evolve(plan, check=only)
    if isinstance(plan, Update):
        return evolve(plan, filter=shielded(only, plan.filter, plan.relation), check=only)
    return evolve(plan, filter=shielded(only, plan.filter, plan.relation))


def _limited(plan: P, max_rows: int | None) -> P:
    if max_rows is None:
        return plan
    bounds = plan.bounds.held_to(max_rows)
    if isinstance(plan, Select):
        return evolve(plan, bounds=bounds, page=evolve(plan.page, limit=min(plan.page.limit, max_rows)))
    if isinstance(plan, Insert):
        return evolve(plan, bounds=bounds)
    return evolve(plan, bounds=bounds, max_rows=min(plan.max_rows, max_rows))
