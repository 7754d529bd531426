"""A tool's input schema and annotations, from its declaration; small, since an agent pays for every byte of them."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from attrs import NOTHING, Attribute, fields, resolve_types

from pgmcp.domain.arguments import Argument, facts_of
from pgmcp.domain.plans import Effect
from pgmcp.domain.requests import RequestBase
from pgmcp.handlers.base import HandlerBase

# What many tools take stands behind what is a tool's own.
_LAST = ("transaction_id", "idempotency_key", "timeout_ms")
_TYPES: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def input_schema(request: type[RequestBase[Any]], *, without: Collection[str] = ()) -> dict[str, Any]:
    """The closed JSON schema of a request's arguments, the required ones first.

    Args:
        request: The request's class.
        without: Arguments that are not shown, as nobody can fill them.

    Source: JSON Schema 2020-12, the dialect of MCP.
    """
    shown = [each for each in fields(resolve_types(request)) if each.name not in without]
    declared = sorted(shown, key=_rank)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {each.name: _property(each) for each in declared},
        "required": [each.name for each in declared if each.default is NOTHING],
        "additionalProperties": False,
    }
    if not schema["required"]:
        del schema["required"]
    return schema


def _rank(each: Attribute[Any]) -> tuple[bool, int]:
    return each.default is not NOTHING, _LAST.index(each.name) + 1 if each.name in _LAST else 0


def _property(each: Attribute[Any]) -> dict[str, Any]:
    facts = facts_of(each)
    schema = dict(facts.schema) if facts.schema is not None else _bounded(each, facts)
    if each.default not in (NOTHING, None, (), 0, False):
        schema["default"] = each.default
    if facts.doc:
        schema["description"] = facts.doc
    return schema


def _bounded(each: Attribute[Any], facts: Argument) -> dict[str, Any]:
    """The schema of an argument's type within its bounds."""
    bounds = {
        "enum": list(facts.choices) or None,
        "minimum": facts.minimum,
        "exclusiveMinimum": facts.above,
        "maximum": facts.maximum,
    }
    return _of_type(each.type) | {name: value for name, value in bounds.items() if value is not None}


def _of_type(type_: Any) -> dict[str, Any]:
    """The schema of a declared type; what may be None is simply not required."""
    origin = typing.get_origin(type_)
    if origin in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(type_) if member is not types.NoneType]
        return _of_type(members[0])
    if type_ in _TYPES:
        return {"type": _TYPES[type_]}
    if (origin or type_) is Sequence:
        members = [member for member in typing.get_args(type_) if member is not Any]
        return {"type": "array"} | ({"items": _of_type(members[0])} if members else {})
    return {"type": "object"}


def hints(handler: type[HandlerBase[Any, Any, Any, Any]], *, writes: bool) -> dict[str, bool]:
    """MCP's four hints, from the declared effect.

    Args:
        handler: The tool.
        writes: Whether the access mode lets anything be written: a query is read-only where it doesn't.
    """
    read = handler.effect is Effect.READ or (handler.effect is Effect.RUN and not writes)
    return {
        "readOnlyHint": read,
        "destructiveHint": handler.destructive and not read,
        "idempotentHint": handler.idempotent or read,
        "openWorldHint": False,
    }
