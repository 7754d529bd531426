"""Records of the audit as lines: JSON in ASCII, so that no name can break a line or an encoding."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from json.encoder import encode_basestring_ascii as quoted

from pgmcp.domain.audit_record import AuditRecord, stamp
from pgmcp.domain.auditing import DONE
from pgmcp.domain.plans import Select
from pgmcp.domain.relations import Relation
from pgmcp.domain.touching import likeness

_KEPT = 500
_TO_SECONDS = len("2026-01-01T00:00:00")
# What differs from one read to the next of the same kind, by its key in the document, as a place in a template.
_PLACES = {
    "time": '"%s.%03d+00:00"',
    "call": "%s",
    "principal": "%s",
    "session": "%s",
    "duration_ms": "%.3f",
    "rows": "%d",
}

Template = tuple[str, Relation]
"""A line with places for what differs, and the relation whose identity is part of its key."""


class Lines:
    """Makes lines; those of reads that went well from what was kept of one before, as most are."""

    def __init__(self) -> None:
        self._templates: dict[Hashable, Template] = {}
        self._second = -1
        self._shown = ""

    def of(self, records: Sequence[AuditRecord]) -> bytes:
        """The lines of records, each with its end."""
        return "".join([self._line(record) for record in records]).encode("ascii")

    def _line(self, record: AuditRecord) -> str:
        at, call, principal, session, tool, effect, plan, transaction, seconds, rows, end = record
        if end is not DONE or type(plan) is not Select or transaction is not None:
            return json.dumps(record.document(), separators=(",", ":")) + "\n"
        key = (tool, effect, session is None, likeness(plan))
        kept = self._templates.get(key) or self._keep(key, record, plan.relation)
        second = int(at)
        if second != self._second:
            self._second = second
            self._shown = stamp(second)[:_TO_SECONDS]
        beyond = (at - second) * 1000
        if session is None:
            return kept[0] % (self._shown, beyond, quoted(call), quoted(principal), seconds * 1000, rows)
        return kept[0] % (
            self._shown,
            beyond,
            quoted(call),
            quoted(principal),
            quoted(session),
            seconds * 1000,
            rows,
        )

    def _keep(self, key: Hashable, record: AuditRecord, relation: Relation) -> Template:
        if len(self._templates) >= _KEPT:
            self._templates.clear()
        parts = [
            f"{_fixed(name)}:{_PLACES[name] if name in _PLACES else _fixed(value)}"
            for name, value in record.document().items()
        ]
        made = self._templates[key] = ("{" + ",".join(parts) + "}\n", relation)
        return made


def _fixed(value: object) -> str:
    """A value's JSON as it stands in a template."""
    return json.dumps(value, separators=(",", ":")).replace("%", "%%")
