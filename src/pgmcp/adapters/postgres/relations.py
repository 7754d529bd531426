"""A relation from the document that `relation.sql` gives."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pgmcp.adapters.postgres.types import types_from
from pgmcp.domain.policy.narrowing import without
from pgmcp.domain.policy.rules import EVERY_ACTION, Action
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.values.types import UNKNOWN, Kind, Type

KINDS = {
    "r": RelationKind.TABLE,
    "p": RelationKind.PARTITIONED,
    "v": RelationKind.VIEW,
    "m": RelationKind.MATERIALIZED,
    "f": RelationKind.FOREIGN,
}
_IDENTITIES = {"a": "always", "d": "by default"}
_MODIFIER = re.compile(r"\([^()]*\)")
# Bits of pg_relation_is_updatable, one for each command (nodes.h, CmdType).
_UPDATE, _INSERT, _DELETE = 1 << 2, 1 << 3, 1 << 4


def relation_from(document: str) -> Relation:
    """The relation that a document describes."""
    facts: dict[str, Any] = json.loads(document)
    types = types_from(facts["types"] or [])
    changes = facts["changes"]
    listed = facts["columns"] or ()
    readable = frozenset(each["name"] for each in listed if each["readable"])
    relation = Relation(
        name=Name(facts["schema"], facts["name"]),
        kind=KINDS[facts["kind"]],
        columns=tuple(_column(each, types) for each in listed),
        primary_key=tuple(facts["primary_key"] or ()),
        unique=tuple(tuple(names) for names in facts["unique"] or ()),
        late=tuple(tuple(names) for names in facts["late"] or ()),
        on_path=facts["on_path"],
        has_children=facts["has_children"],
        insertable=bool(changes & _INSERT),
        updatable=bool(changes & _UPDATE and changes & _DELETE),
        runs_code=facts["runs_code"],
        ancestors=tuple(Name(*each) for each in facts["ancestors"] or ()),
        comment=facts["comment"],
        granted=frozenset(Action(word) for word in facts["granted"].split(",") if word),
    )
    # Where the role may read nothing it may still write.
    unread = frozenset(relation.by_name).difference(readable) if readable else frozenset()
    return without(relation, unread) if unread else relation


def _column(facts: Mapping[str, Any], types: Mapping[int, Type]) -> Column:
    type_ = types.get(facts["type"], UNKNOWN)
    return Column(
        name=facts["name"],
        type=type_,
        declared=_declared(type_, facts["spelt"]),
        nullable=facts["nullable"],
        default=facts["default"],
        generated=facts["generated"],
        identity=_IDENTITIES.get(facts["identity"]),
        comment=facts["comment"],
        collation=facts["collation"],
        granted=EVERY_ACTION.difference(Action(word) for word in facts["fixed"].split(",") if word),
    )


def _declared(type_: Type, spelt: str | None) -> str:
    """The type's short name with the modifier that `format_type` spells out; empty without one.

    >>> _declared(Type(name="varchar"), "character varying(12)")
    'varchar(12)'
    """
    if spelt is None:
        return ""
    if type_.builtin and type_.name == "interval":
        return spelt
    found = _MODIFIER.search(spelt)
    if found is None:
        return ""
    if type_.kind is Kind.ARRAY and type_.element is not None:
        return f"{type_.element.display}{found[0]}[]"
    return f"{type_.display}{found[0]}"
