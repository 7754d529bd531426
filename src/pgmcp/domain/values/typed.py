"""A type as JSON and back, for what is kept of a result."""

from __future__ import annotations

from typing import Any

from pgmcp.domain.values.types import Attribute, Kind, Type


def type_of(type_: Type) -> Any:
    """A type as a JSON value: its name alone where that says all.

    >>> type_of(Type(name="int4"))
    'int4'
    """
    plain = type_.builtin and type_.kind is Kind.BASE and type_.element is None and type_.extension is None
    if plain and type_.schema == "pg_catalog":
        return type_.name
    pairs: dict[str, Any] = {
        "name": type_.name,
        "schema": type_.schema,
        "kind": type_.kind.value,
        "element": None if type_.element is None else type_of(type_.element),
        "base": None if type_.base is None else type_of(type_.base),
        "labels": list(type_.labels),
        "attributes": [[each.name, type_of(each.type)] for each in type_.attributes],
        "extension": type_.extension,
    }
    return {key: value for key, value in pairs.items() if value not in (None, [])}


def type_from(value: Any) -> Type:
    """The type of a JSON value that `type_of` gave.

    >>> type_from("int4") == Type(name="int4")
    True
    """
    if isinstance(value, str):
        return Type(name=value)
    return Type(
        name=value["name"],
        schema=value["schema"],
        kind=Kind(value["kind"]),
        element=type_from(value["element"]) if "element" in value else None,
        base=type_from(value["base"]) if "base" in value else None,
        labels=tuple(value.get("labels", ())),
        attributes=tuple(Attribute(name, type_from(type_)) for name, type_ in value.get("attributes", ())),
        extension=value.get("extension"),
    )
