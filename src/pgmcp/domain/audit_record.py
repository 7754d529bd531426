"""One line of the audit, as what it says and as the JSON that says it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeGuard

from pgmcp.domain.auditing import DONE, End, Touched
from pgmcp.domain.calls import CallId
from pgmcp.domain.plans import Effect, Plan, Select
from pgmcp.domain.touching import touched

# Where no rule of the policy speaks of it, the access mode has let a call through.
_ACCESS = "access"
_MS = 1000


class Recordable(Protocol):
    """What a record can be made of when there is time for it; it changes no more."""

    def record(self) -> AuditRecord:
        """The record."""
        ...


class AuditRecord(NamedTuple):
    """One line of the audit; a tuple, as one is made of every call, and a line of it when lines are written.

    Args:
        at: When it is made, in seconds since 1970.
        session: The process or the connection that the call came in by.
        tool: The tool's name; None for a name that no tool has.
        effect: What the call does to the database, as far as it is known.
        reach: What it reaches, or the plan that says so; None before there is one.
        transaction: A digest of the transaction's handle, which is itself a secret.
        seconds: From the call's arrival.
        rows: Rows given or changed.
        end: How far it has come.
    """

    at: float
    call: CallId
    principal: str
    session: str | None
    tool: str | None
    effect: Effect | None = None
    reach: Touched | Plan | None = None
    transaction: str | None = None
    seconds: float = 0.0
    rows: int = 0
    end: End = DONE

    def record(self) -> AuditRecord:
        """Itself; implements `Recordable`."""
        return self

    @property
    def touched(self) -> Touched:
        """What it reaches."""
        if self.reach is None:
            return Touched()
        return self.reach if isinstance(self.reach, Touched) else touched(self.reach)

    def document(self) -> dict[str, Any]:
        """The line's JSON object; what says nothing is left out."""
        reached, end = self.touched, self.end
        ended = end.ending is not None
        pairs = {
            "time": stamp(self.at),
            "phase": end.phase.value,
            "call": self.call,
            "principal": self.principal,
            "session": self.session,
            "tool": self.tool,
            "effect": self.effect.value if self.effect else None,
            "tables": {name: list(columns) for name, columns in reached.tables.items()} or None,
            "statement": reached.statement,
            "fingerprint": reached.fingerprint,
            "verdict": end.verdict.value,
            "rule": end.rule or ", ".join(reached.rules) or _ACCESS,
            "duration_ms": round(self.seconds * _MS, 3) if ended else None,
            "rows": self.rows if ended else None,
            "ending": end.ending.value if end.ending else None,
            "error": end.error,
            "outcome": end.outcome,
            "transaction": self.transaction,
        }
        return {key: value for key, value in pairs.items() if value is not None}

    def __repr__(self) -> str:
        """As its line: a plan holds values."""
        return f"AuditRecord({self.document()})"


DoneRead = tuple[float, CallId, str, str | None, str | None, Select, float, int]
"""What differs from one read that went well to the next: a record is made of it when there is time for it.

When it ended, in seconds since 1970, its call, principal, session, tool and plan, how long it took, in seconds, and how
many rows it gave. It read outside of transactions, by a tool that only reads. A plain tuple takes a fifth of the time
of a record.
"""

Ended = Recordable | DoneRead
"""A call's end, as the audit is told of it."""


audit_record: Callable[
    [
        tuple[
            float,
            CallId,
            str,
            str | None,
            str | None,
            Effect | None,
            Touched | Plan | None,
            str | None,
            float,
            int,
            End,
        ]
    ],
    AuditRecord,
] = partial(tuple.__new__, AuditRecord)
"""Makes one from its fields in order, in a quarter of the time."""


def is_done_read(ended: Ended) -> TypeGuard[DoneRead]:
    """Whether it is a read that went well; a record is a tuple too, but of a kind of its own."""
    return type(ended) is tuple


def record_of(ended: Ended) -> AuditRecord:
    """The audit's record of a call's end."""
    if not is_done_read(ended):
        return ended.record()  # type: ignore[union-attr] # whatever else there is has one
    at, call, principal, session, tool, plan, seconds, rows = ended
    return audit_record((at, call, principal, session, tool, Effect.READ, plan, None, seconds, rows, DONE))


def stamp(at: float) -> str:
    """A moment since 1970 as ISO 8601, in UTC, to the millisecond.

    >>> stamp(1767225600.0634)
    '2026-01-01T00:00:00.063+00:00'
    """
    second, milli = divmod(int(at * _MS), _MS)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{milli:03d}+00:00"
