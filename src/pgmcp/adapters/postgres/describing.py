"""The whole description of a relation from the document that `describe.sql` gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pgmcp.domain.catalogue import ForeignKey, TableDescription
from pgmcp.domain.relations import Name, Relation

# What pg_constraint calls them; no action is the default and goes unsaid.
_ACTIONS = {"r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
# Bits of pg_trigger.tgtype (catalog/pg_trigger.h).
_BEFORE, _INSTEAD = 1 << 1, 1 << 6
_EVENTS = ((1 << 2, "insert"), (1 << 4, "update"), (1 << 3, "delete"), (1 << 5, "truncate"))


def description_from(document: str, relation: Relation) -> TableDescription:
    """What a document says about a relation."""
    facts: dict[str, Any] = json.loads(document)
    parent, whole = facts["partition_of"] or (None, None)
    return TableDescription(
        relation=relation,
        foreign_keys=tuple(_foreign_key(each) for each in facts["foreign_keys"] or ()),
        referenced_by=tuple(_foreign_key(each) for each in facts["referenced_by"] or ()),
        unique=tuple(tuple(names) for names in facts["unique"] or ()),
        checks=tuple(facts["checks"] or ()),
        indexes=tuple(facts["indexes"] or ()),
        triggers=tuple(_trigger(*each) for each in facts["triggers"] or ()),
        partition_of=parent,
        parent=Name(*whole) if whole is not None else None,
        partitions=tuple(facts["partitions"] or ()),
        partition_names=tuple(Name(*each) for each in facts["partition_names"] or ()),
        row_security=facts["row_security"],
        rows=facts["rows"],
        bytes=facts["bytes"],
    )


def _foreign_key(facts: Mapping[str, Any]) -> ForeignKey:
    return ForeignKey(
        columns=tuple(facts["columns"]),
        table=facts["table"],
        to=tuple(facts["to"]),
        on_delete=_ACTIONS.get(facts["on_delete"]),
        on_update=_ACTIONS.get(facts["on_update"]),
        other=Name(*facts["other"]),
    )


def _trigger(name: str, bits: int, disabled: bool) -> str:  # noqa: FBT001 -- as the document gives it
    """A trigger's name, timing and events.

    >>> _trigger("touch", 1 + 2 + 16, False)
    'touch before update'
    """
    timing = "before" if bits & _BEFORE else "instead of" if bits & _INSTEAD else "after"
    events = " or ".join(event for bit, event in _EVENTS if bits & bit)
    return f"{name} {timing} {events}" + (" (disabled)" if disabled else "")
