"""What the audit says of a call: who did what to which tables and columns, by what leave, and how it ended.

No record holds a value: not of a row, a parameter, a filter or a statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from attrs import field, frozen

from pgmcp.domain.calls import CallId, LeaseId
from pgmcp.domain.plans import Effect

_HANDLE_CHARACTERS = 12


class Phase(StrEnum):
    """When a record is made."""

    INTENT = "intent"  # before a write runs
    CALL = "call"  # when a call has ended, every call once


class Verdict(StrEnum):
    """Whether a call was let through to its execution."""

    ALLOWED = "allowed"
    REFUSED = "refused"


class Ending(StrEnum):
    """How a call ended."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@frozen(kw_only=True)
class Touched:
    """What a plan reaches.

    Args:
        tables: The columns by the relation's full name.
        statement: A raw statement with its values taken out; None for plans of ours.
        fingerprint: A digest that statements of the same form share.
    """

    tables: Mapping[str, tuple[str, ...]] = field(factory=dict, hash=False)
    statement: str | None = None
    fingerprint: str | None = None


@frozen(kw_only=True)
class AuditRecord:
    """One line of the audit.

    Args:
        at: When it is made, in UTC.
        tool: The tool's name; None for a name that no tool has.
        session: The process or the connection that the call came in by.
        effect: What the call does to the database, as far as it is known.
        rule: What decided: a rule of the policy, or the code of a refusal.
        seconds: From the call's arrival.
        rows: Rows given or changed.
        ending: How it ended; None in an intent.
        error: The code that it failed with.
        outcome: What became of its transaction, where an error says so.
        transaction: A digest of the transaction's handle, which is itself a secret.
    """

    phase: Phase
    at: datetime
    call: CallId
    principal: str
    session: str | None = None
    tool: str | None
    effect: Effect | None = None
    touched: Touched = Touched()
    verdict: Verdict = Verdict.ALLOWED
    rule: str | None = None
    seconds: float = 0.0
    rows: int = 0
    ending: Ending | None = None
    error: str | None = None
    outcome: str | None = None
    transaction: str | None = None

    def document(self) -> dict[str, Any]:
        """The line's JSON object; what says nothing is left out."""
        pairs = {
            "time": self.at.isoformat(timespec="milliseconds"),
            "phase": self.phase.value,
            "call": self.call,
            "principal": self.principal,
            "session": self.session,
            "tool": self.tool,
            "effect": self.effect.value if self.effect else None,
            "tables": {name: list(columns) for name, columns in self.touched.tables.items()} or None,
            "statement": self.touched.statement,
            "fingerprint": self.touched.fingerprint,
            "verdict": self.verdict.value,
            "rule": self.rule,
            "duration_ms": round(self.seconds * 1000, 3) if self.ending else None,
            "rows": self.rows if self.ending else None,
            "ending": self.ending.value if self.ending else None,
            "error": self.error,
            "outcome": self.outcome,
            "transaction": self.transaction,
        }
        return {key: value for key, value in pairs.items() if value is not None}


def digest_of(handle: LeaseId) -> str:
    """A short digest by which lines of one transaction are found together, and which opens nothing.

    >>> digest_of(LeaseId("a handle"))
    '0f2e0fb2f1d2'
    """
    return sha256(handle.encode(errors="replace")).hexdigest()[:_HANDLE_CHARACTERS]
