"""Records of the audit as lines: JSON in ASCII, so that no name can break a line or an encoding."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from pgmcp.domain.audit_record import AuditRecord, stamp
from pgmcp.domain.auditing import DONE
from pgmcp.domain.plans import Effect, Select
from pgmcp.domain.relations import Relation
from pgmcp.domain.touching import likeness

_KEPT = 500
_READ = Effect.READ  # an enum's member takes longer to be found than most of what is done here
_TO_SECONDS = len("2026-01-01T00:00:00")
_MICRO = 1_000_000
# What differs from one read to the next of the same kind, in the order of the document.
_DIFFERING = ("time", "call", "principal", "session", "duration_ms", "rows")
# Three digits of a fraction, written once: formatting them anew takes as long as all else of a line.
_THOUSANDTHS = tuple(f"{number:03d}" for number in range(1000))

Template = tuple[tuple[str, ...], Relation]
"""What stands around that which differs, and the relation whose identity is part of its key."""


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
        if end is not DONE or type(plan) is not Select or transaction is not None or effect is not _READ:
            return json.dumps(record.document(), separators=(",", ":")) + "\n"
        key = (tool, session is None, likeness(plan))
        kept = self._templates.get(key) or self._keep(key, record, plan.relation)
        (start, to_call, to_principal, to_session, to_duration, to_rows, rest), _ = kept
        beyond = at - self._second
        if not 0 <= beyond < 1:
            self._second = int(at)
            self._shown = stamp(self._second)[:_TO_SECONDS]
            beyond = at - self._second
        micros = int(seconds * _MICRO + 0.5)
        return (
            f"{start}{self._shown}.{_THOUSANDTHS[int(beyond * 1000)]}{to_call}{quoted(call)}{to_principal}"
            f"{quoted(principal)}{to_session}{'' if session is None else quoted(session)}{to_duration}"
            f"{micros // 1000}.{_THOUSANDTHS[micros % 1000]}{to_rows}{rows}{rest}"
        )

    def _keep(self, key: Hashable, record: AuditRecord, relation: Relation) -> Template:
        if len(self._templates) >= _KEPT:
            self._templates.clear()
        made = self._templates[key] = (_around(record.document()), relation)
        return made


def _around(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What stands before, between and behind all that differs; a session that isn't there is nothing."""
    texts = [""]
    for number, (name, value) in enumerate(document.items()):
        texts[-1] += f"{',' if number else '{'}{_fixed(name)}:"
        if name not in _DIFFERING:
            texts[-1] += _fixed(value)
            continue
        # Of a time only what is before its end differs.
        before, behind = ('"', '+00:00"') if name == "time" else ("", "")
        texts[-1] += before
        texts.append(behind)
        if name == "principal" and "session" not in document:
            texts.append("")
    texts[-1] += "}\n"
    return tuple(texts)


def _fixed(value: object) -> str:
    """A value's JSON."""
    return json.dumps(value, separators=(",", ":"))
