"""Records of the audit as lines: JSON in ASCII, so that no name can break a line or an encoding."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from json.encoder import encode_basestring_ascii as quoted

from pgmcp.domain.audit_record import AuditRecord, stamp
from pgmcp.domain.auditing import DONE
from pgmcp.domain.calls import CallId
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

Filling = tuple[str, float, CallId, str, str | None, float, int]
"""A template and what differs: when, the call, the principal, the session, the seconds, the rows."""


class Lines:
    """Makes lines; those of reads that went well from what was kept of one before, as most are."""

    def __init__(self) -> None:
        self._templates: dict[Hashable, Template] = {}
        self._second = -1
        self._shown = ""

    def prepared(self, record: AuditRecord) -> Filling | AuditRecord:
        """What is enough to make a record's line later; of most reads no more than what differs.

        Plans that waited for their lines would have calls work in ever new memory, which costs more than the lines.
        """
        at, call, principal, session, tool, effect, plan, transaction, seconds, rows, end = record
        if end is not DONE or type(plan) is not Select or transaction is not None:
            return record
        key = (tool, effect, session is None, likeness(plan))
        kept = self._templates.get(key) or self._keep(key, record, plan.relation)
        return kept[0], at, call, principal, session, seconds, rows

    def of(self, prepared: Sequence[Filling | AuditRecord]) -> bytes:
        """The lines of records, each with its end."""
        return "".join([self._line(each) for each in prepared]).encode("ascii")

    def _line(self, prepared: Filling | AuditRecord) -> str:
        if isinstance(prepared, AuditRecord):
            return json.dumps(prepared.document(), separators=(",", ":")) + "\n"
        template, at, call, principal, session, seconds, rows = prepared
        second = int(at)
        if second != self._second:
            self._second = second
            self._shown = stamp(second)[:_TO_SECONDS]
        beyond, ms = (at - second) * 1000, seconds * 1000
        if session is None:
            return template % (self._shown, beyond, quoted(call), quoted(principal), ms, rows)
        return template % (self._shown, beyond, quoted(call), quoted(principal), quoted(session), ms, rows)

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
