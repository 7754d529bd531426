"""The order of a read: what the caller asks for, made total by the relation's key.

Source: PostgreSQL documentation, section 7.5 (Sorting Rows).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.filters.keys import parse_path, refuse_masked, resolve
from pgmcp.domain.filters.tree import Operand
from pgmcp.domain.filters.values import is_text
from pgmcp.domain.places import shown, step
from pgmcp.domain.records import unknown_column
from pgmcp.domain.relations import Column, Order, Relation
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.domain.values.types import DOCUMENTS, JSONB, is_ordered, is_surely_ordered

MAX_KEYS = 64
_KEYS = ("column", "descending", "nulls", "path")
_HINT = 'Write a name, "-name" for descending, a list of them, or {"column":"name","descending":true,"nulls":"last"}.'


def parse_order(order_by: Any, ascending: Any, relation: Relation) -> tuple[tuple[Order, ...], bool]:
    """The order of a read.

    Args:
        order_by: A name or path as filters have them, the same with `-` before it, an object with `column`,
            `descending`, `nulls` and `path`, a list of all these, or None.
        ascending: False turns the whole order round, NULLs and the key at its end included.
        relation: Whose columns may be named.

    Returns:
        The order, and whether it is total: the relation has a key, whose columns stand at the end of every order. In
        place of a key that is not there stand the other columns, so that pages by offset differ in nothing but rows
        that are alike.

    Raises:
        ValidationError: `unknown_column`, `order_invalid`, `wrong_type` and others, with the path of the mistake.
    """
    if not isinstance(ascending, bool):
        raise ValidationError(codes.WRONG_TYPE, "'ascending' is true or false", path="ascending")
    keys = relation.by_key
    if order_by is None and ascending:
        return keys, bool(keys)  # most reads
    orders: dict[Operand, Order] = {}
    asked = _asked(order_by, relation)
    for order in (*asked, *(keys if keys or not asked else _rest(relation))):
        orders.setdefault(order.operand, order)
    if ascending:
        return tuple(orders.values()), bool(keys)
    turned = (
        Order(operand=order.operand, descending=not order.descending, nulls_first=not order.nulls_first)
        for order in orders.values()
    )
    return tuple(turned), bool(keys)


def _rest(relation: Relation) -> list[Order]:
    """Every column that can be sorted by: rows that are equal in what is asked for have one place then, not any."""
    return [
        Order(operand=operand)
        for name, operand in relation.plain.items()
        if is_surely_ordered(relation.by_name[name].type)
    ]


def _asked(order_by: Any, relation: Relation) -> list[Order]:
    if order_by is None:
        return []
    if not isinstance(order_by, list | tuple):
        return [_one(order_by, relation, "order_by")]
    if len(order_by) > MAX_KEYS:
        raise ValidationError(codes.ORDER_INVALID, f"an order has {MAX_KEYS} columns at the most", path="order_by")
    return [_one(member, relation, f"order_by[{position}]") for position, member in enumerate(order_by)]


def _one(member: Any, relation: Relation, at: str) -> Order:
    if isinstance(member, Mapping):
        return _object(member, relation, at)
    if not is_text(member):
        raise ValidationError(codes.WRONG_TYPE, "an order is a column's name or an object", hint=_HINT, path=at)
    descending = member.startswith("-") and member not in relation.by_name
    target = resolve(member[1:] if descending else member, relation, at)
    # A path's end is compared as jsonb however it is written, so that numbers stand in their own order.
    operand = target.operand(JSONB) if target.path else _operand(target.column, relation, at)
    return Order(operand=operand, descending=descending, nulls_first=descending)


def _object(member: Mapping[Any, Any], relation: Relation, at: str) -> Order:
    for key in member:
        if key not in _KEYS:
            name = shown(key) if isinstance(key, str) else type(key).__name__
            raise ValidationError(
                codes.UNKNOWN_ARGUMENT,
                f"an order has no '{name}'",
                hint=did_you_mean(name, _KEYS, otherwise=f"It takes {', '.join(_KEYS)}."),
                path=step(at, name),
            )
    if not is_text(member.get("column")):
        raise ValidationError(codes.WRONG_TYPE, "'column' is a column's name", hint=_HINT, path=f"{at}.column")
    column = relation.by_name.get(member["column"])
    if column is None:
        raise unknown_column(shown(member["column"]), relation, f"{at}.column")
    refuse_masked(column, f"{at}.column")
    descending = member.get("descending", False)
    if not isinstance(descending, bool):
        raise ValidationError(codes.WRONG_TYPE, "'descending' is true or false", path=f"{at}.descending")
    nulls = member.get("nulls", "first" if descending else "last")
    if not is_text(nulls) or nulls not in {"first", "last"}:
        raise ValidationError(codes.UNKNOWN_CHOICE, "'nulls' is 'first' or 'last'", path=f"{at}.nulls")
    operand = (
        _place(column, member["path"], f"{at}.path") if "path" in member else _operand(column, relation, f"{at}.column")
    )
    return Order(operand=operand, descending=descending, nulls_first=nulls == "first")


def _operand(column: Column, relation: Relation, at: str) -> Operand:
    if not is_ordered(column.type):
        hint = 'Name a place in it: {"column":"…","path":"a.b"}.' if column.type.tag in DOCUMENTS else None
        raise ValidationError(
            codes.ORDER_INVALID,
            f"column '{column.name}' is {column.type_name}, which has no order",
            hint=hint or "Order by another column.",
            path=at,
        )
    return relation.plain[column.name]


def _place(column: Column, path: Any, at: str) -> Operand:
    """A place in a document, compared as jsonb."""
    if column.type.tag not in DOCUMENTS:
        raise ValidationError(
            codes.ORDER_INVALID,
            f"column '{column.name}' is {column.type_name}: a path walks into json and jsonb columns only",
            hint="Leave 'path' out.",
            path=at,
        )
    if not is_text(path):
        raise ValidationError(codes.WRONG_TYPE, "'path' is text", hint="Write a->0->b, or a.0.b.", path=at)
    return Operand(column=column.name, type=JSONB, path=_steps(path, at))


def _steps(path: str, at: str) -> tuple[str | int, ...]:
    """The path's steps; the arrow or dot before the first may be left out."""
    if not path.startswith(("->", ".")):
        path = f"->{path}" if "->" in path else f".{path}"
    return parse_path(path, at)[1]
