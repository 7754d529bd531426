"""What a plan reaches: the tables and columns that it reads, filters by, orders by or writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgmcp.domain.auditing import Touched
from pgmcp.domain.filters.tree import And, Filter, Not, Or, Shielded
from pgmcp.domain.plans import Delete, DescribeTable, Explain, Insert, Plan, RawQuery, Select, Update
from pgmcp.domain.relations import Relation
from pgmcp.domain.sql.fingerprint import fingerprint, without_values


def touched(plan: Plan) -> Touched:
    """What a plan reaches, without any value of it."""
    match plan:
        case Select():
            ordered = [order.operand.column for order in plan.order]
            return _of(plan.relation, (*plan.columns, *filtered(plan.filter), *ordered))
        case Insert():
            written = plan.rows.columns if plan.rows is not None else ()
            return _of(plan.relation, (*written, *plan.returning))
        case Update():
            written = tuple(assignment.column for assignment in plan.assignments)
            return _of(plan.relation, (*written, *filtered(plan.filter), *plan.returning))
        case Delete():
            return _of(plan.relation, (*filtered(plan.filter), *plan.returning))
        case DescribeTable():
            return _of(plan.relation, plan.columns)
        case Explain():
            return touched(plan.query)
        case RawQuery():
            text = without_values(plan.text)
            return Touched(statement=text, fingerprint=fingerprint(text))
        case _:
            return Touched()


def filtered(tree: Filter) -> Iterator[str]:
    """The columns that a filter looks at."""
    waiting = [tree]
    while waiting:
        match waiting.pop():
            case And(parts=parts) | Or(parts=parts):
                waiting.extend(parts)
            case Not(part=part):
                waiting.append(part)
            case Shielded(only=only, part=part):
                waiting.extend((only, part))
            case leaf:
                yield leaf.operand.column


def _of(relation: Relation, columns: Iterable[str]) -> Touched:
    rules = (relation.ruled_by,) if relation.ruled_by else ()
    return Touched(tables={str(relation.name): tuple(dict.fromkeys(columns))}, rules=rules)
