"""Operators on JSON documents; json columns, and any place in a document, are looked at as jsonb.

Source: PostgreSQL documentation, section 9.16 (JSON Functions and Operators).
"""

from __future__ import annotations

from pgmcp.domain.filters.conditions import Condition
from pgmcp.domain.filters.tree import Filter, Json, JsonOp
from pgmcp.domain.filters.values import is_text, literal
from pgmcp.domain.values.types import JSONB, TEXT, Type

JSONPATH = Type(name="jsonpath")
_NULL_HINT = 'The JSON value null is written {"$json":null}.'


def containment(condition: Condition) -> Filter:
    """`jsonb_contains`, `jsonb_contained_by`: any JSON value."""
    if condition.value is None:
        raise condition.invalid("a JSON value", hint=_NULL_HINT)
    return _json(condition, JSONB)


def has_key(condition: Condition) -> Filter:
    """`has_key`: one key, or a text in an array."""
    if not is_text(condition.value):
        raise condition.invalid("one key as text")
    return _json(condition, TEXT)


def has_keys(condition: Condition) -> Filter:
    """`has_any_keys`, `has_all_keys`: a list of keys."""
    keys = condition.value
    if not isinstance(keys, list | tuple):
        raise condition.invalid("a list of keys")
    for position, key in enumerate(keys):
        if not is_text(key):
            raise condition.invalid("keys as text", at=f"{condition.at}[{position}]")
    literals = tuple(
        literal(condition, TEXT, value=key, at=f"{condition.at}[{position}]") for position, key in enumerate(keys)
    )
    return Json(operand=condition.target.operand(JSONB), op=JsonOp(condition.operator), values=literals)


def json_path(condition: Condition) -> Filter:
    """`jsonb_path`, `jsonb_path_match`: a path of the SQL/JSON path language."""
    if not is_text(condition.value) or not condition.value.strip():
        raise condition.invalid("an SQL/JSON path as text")
    return _json(condition, JSONPATH)


def _json(condition: Condition, type_: Type) -> Json:
    operand = condition.target.operand(JSONB)
    return Json(operand=operand, op=JsonOp(condition.operator), values=(literal(condition, type_),))
