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
        self._second = self._shown_at = -1
        self._to_second = self._shown = ""

    def of(self, records: Sequence[AuditRecord]) -> bytes:
        """The lines of records, each with its end."""
        made: list[str] = []
        templates, shown_at = self._templates, self._shown_at
        # One loop without functions of ours in it: a line takes less time than half a dozen of their calls.
        for record in records:
            at, call, principal, session, tool, effect, plan, transaction, seconds, rows, end = record
            if end is not DONE or type(plan) is not Select or transaction is not None or effect is not _READ:
                made.append(json.dumps(record.document(), separators=(",", ":")) + "\n")
                continue
            key = (tool, session is None, likeness(plan))
            kept = templates.get(key) or self._keep(key, record, plan.relation)
            (start, to_call, to_principal, to_session, to_duration, to_rows, rest), _ = kept
            milli = int(at * 1000)
            if milli != shown_at:
                self._show(milli)
                shown_at = milli
            micros = int(seconds * _MICRO + 0.5)
            made.append(
                f"{start}{self._shown}{to_call}{quoted(call)}{to_principal}{quoted(principal)}{to_session}"
                f"{'' if session is None else quoted(session)}{to_duration}{micros // 1000}"
                f".{_THOUSANDTHS[micros % 1000]}{to_rows}{rows}{rest}"
            )
        return "".join(made).encode("ascii")

    def _show(self, milli: int) -> None:
        """Show a moment, in milliseconds since 1970; of those in one second only the fraction is made."""
        second, fraction = divmod(milli, 1000)
        if second != self._second:
            self._second = second
            self._to_second = stamp(second)[:_TO_SECONDS]
        self._shown_at = milli
        self._shown = f"{self._to_second}.{_THOUSANDTHS[fraction]}"

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
