"""The filter tree as SQL: every value a parameter, every name quoted, and forms that an index can serve."""

from __future__ import annotations

from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.folding import lowered
from pgmcp.adapters.postgres.matching import any_element, array_op, document_op, network_op, pattern, range_op, search
from pgmcp.adapters.postgres.operands import null_test, operand, text
from pgmcp.adapters.postgres.shapes import spatial
from pgmcp.domain.filters.tree import (
    And,
    AnyElement,
    Array,
    Between,
    Compare,
    Comparison,
    Filter,
    FullText,
    Is,
    Json,
    Literal,
    Match,
    Member,
    Network,
    Not,
    Or,
    Range,
    Shielded,
    Spatial,
    Truth,
)
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import Kind

COMPARISONS = {
    Comparison.EQ: "=",
    Comparison.NE: "<>",
    Comparison.LT: "<",
    Comparison.LTE: "<=",
    Comparison.GT: ">",
    Comparison.GTE: ">=",
    Comparison.DISTINCT_FROM: "IS DISTINCT FROM",
}
_TRUTHS = {
    Truth.TRUE: "IS TRUE",
    Truth.FALSE: "IS FALSE",
    Truth.UNKNOWN: "IS UNKNOWN",
}


def condition(tree: Filter, relation: Relation, binder: Binder) -> str:  # noqa: C901, PLR0911, PLR0912 -- a case a node
    """SQL of a filter over the relation that the statement calls `t`; in parentheses wherever that could matter."""
    match tree:
        case And(parts):
            return _joined(" AND ", parts, relation, binder) if parts else "TRUE"
        case Or(parts):
            return _joined(" OR ", parts, relation, binder) if parts else "FALSE"
        case Not(part):
            return f"(NOT {condition(part, relation, binder)})"
        case Shielded(only, part):
            # CASE looks at its conditions in order, which AND doesn't.
            held = condition(only, relation, binder)
            return f"(CASE WHEN {held} THEN {condition(part, relation, binder)} ELSE FALSE END)"
        case Compare():
            return _compare(tree, relation, binder)
        case Between():
            sql = operand(tree.operand, relation, binder)
            return f"({sql} BETWEEN {binder.literal(tree.low)} AND {binder.literal(tree.high)})"
        case Member():
            return _member(tree, relation, binder)
        case Is():
            return _is(tree, relation, binder)
        case Match():
            return pattern(tree, relation, binder)
        case Array():
            return array_op(tree, relation, binder)
        case AnyElement():
            return any_element(tree, relation, binder)
        case Range():
            return range_op(tree, relation, binder)
        case Network():
            return network_op(tree, relation, binder)
        case Json():
            return document_op(tree, relation, binder)
        case Spatial():
            return spatial(tree, relation, binder)
        case FullText():
            return search(tree, relation, binder)


def _joined(word: str, parts: tuple[Filter, ...], relation: Relation, binder: Binder) -> str:
    if len(parts) == 1:
        return condition(parts[0], relation, binder)
    return "(" + word.join(condition(part, relation, binder) for part in parts) + ")"


def _compare(tree: Compare, relation: Relation, binder: Binder) -> str:
    symbol = COMPARISONS[tree.op]
    if tree.value is None:
        return f"({operand(tree.operand, relation, binder)} {symbol} NULL)"
    if tree.fold:
        sql = text(tree.operand, relation, binder)
        left, right = lowered(sql, binder.literal(tree.value), tree.operand, relation)
        return f"({left} {symbol} {right})"
    left = operand(tree.operand, relation, binder)
    return f"({left} {symbol} {binder.literal(tree.value)})"


def _member(tree: Member, relation: Relation, binder: Binder) -> str:
    if not tree.values:
        # True for a NULL too: nothing is in an empty list.
        return "TRUE" if tree.negated else "FALSE"
    symbol, quantifier = ("<>", "ALL") if tree.negated else ("=", "ANY")
    type_ = tree.values[0].type
    if tree.fold:
        left, right = lowered(text(tree.operand, relation, binder), "v", tree.operand, relation)
        listed = binder.literals(tree.values, type_)
        return f"({left} {symbol} {quantifier} (SELECT {right} FROM pg_catalog.unnest({listed}) AS u(v)))"
    left = operand(tree.operand, relation, binder)
    if _uniform(tree.values):
        return f"({left} {symbol} {quantifier} ({binder.literals(tree.values, type_)}))"
    # There is no array of arrays, nor one of several types.
    word = " AND " if tree.negated else " OR "
    return "(" + word.join(f"{left} {symbol} {binder.literal(value)}" for value in tree.values) + ")"


def _uniform(values: tuple[Literal, ...]) -> bool:
    first = values[0].type
    return first.root.kind is not Kind.ARRAY and all(value.type == first for value in values)


def _is(tree: Is, relation: Relation, binder: Binder) -> str:
    sql = operand(tree.operand, relation, binder)
    if tree.truth in {Truth.NULL, Truth.NOT_NULL}:
        return f"({null_test(sql, tree.operand.type, negated=tree.truth is Truth.NOT_NULL)})"
    return f"({sql} {_TRUTHS[tree.truth]})"
