"""Order and keyset pages as SQL.

Source: PostgreSQL documentation, sections 7.5 (Sorting Rows) and 9.25.5 (Row Constructor Comparison).
"""

from __future__ import annotations

from collections.abc import Sequence

from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.operands import null_test, operand
from pgmcp.domain.filters.tree import Literal, View
from pgmcp.domain.relations import Order, Relation


def order_by(order: Sequence[Order], relation: Relation, binder: Binder) -> str:
    """An ORDER BY clause with a blank before it; empty without an order. Defaults stay unsaid."""
    if not order:
        return ""
    return " ORDER BY " + ", ".join(_key(key, relation, binder) for key in order)


def _key(key: Order, relation: Relation, binder: Binder) -> str:
    direction = " DESC" if key.descending else ""
    usual = key.nulls_first == key.descending
    nulls = "" if usual else (" NULLS FIRST" if key.nulls_first else " NULLS LAST")
    return f"({operand(key.operand, relation, binder)}){direction}{nulls}"


def behind(order: Sequence[Order], after: Sequence[Literal | None], relation: Relation, binder: Binder) -> str:
    """SQL of "this row comes after the row with these keys".

    Keys that all go one way and are never NULL are compared as a row, which an index serves.
    """
    strict = [_never_null(key, relation) for key in order]
    if all(strict) and len({key.descending for key in order}) == 1 and None not in after:
        left = ", ".join(operand(key.operand, relation, binder) for key in order)
        right = ", ".join(binder.literal(value) for value in after if value is not None)
        return f"(({left}) {'<' if order[0].descending else '>'} ({right}))"
    sql = "FALSE"
    for key, value, never_null in reversed(list(zip(order, after, strict, strict=True))):
        past = _past(key, value, relation, binder, never_null=never_null)
        sql = past if sql == "FALSE" else f"({past} OR ({_same(key, value, relation, binder)} AND {sql}))"
    first, value = order[0], after[0]
    if value is not None and (strict[0] or first.nulls_first):
        # Says nothing new, but an index on the first key can begin here.
        symbol = "<=" if first.descending else ">="
        return f"({operand(first.operand, relation, binder)} {symbol} {binder.literal(value)} AND {sql})"
    return sql


def _past(key: Order, value: Literal | None, relation: Relation, binder: Binder, *, never_null: bool) -> str:
    if value is None and not key.nulls_first:
        return "FALSE"
    sql = operand(key.operand, relation, binder)
    if value is None:
        return f"({null_test(sql, key.operand.type, negated=True)})"
    beyond = f"{sql} {'<' if key.descending else '>'} {binder.literal(value)}"
    return f"({beyond})" if never_null or key.nulls_first else f"({beyond} OR {null_test(sql, key.operand.type)})"


def _same(key: Order, value: Literal | None, relation: Relation, binder: Binder) -> str:
    sql = operand(key.operand, relation, binder)
    same = null_test(sql, key.operand.type) if value is None else f"{sql} = {binder.literal(value)}"
    return f"({same})"


def _never_null(key: Order, relation: Relation) -> bool:
    of = key.operand
    return not of.path and of.view is View.PLAIN and not relation.stored[of.column].nullable
