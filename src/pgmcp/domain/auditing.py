"""What the audit says of a call: who did what to which tables and columns, by what leave, and how it ended.

No record holds a value: not of a row, a parameter, a filter or a statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256

from attrs import field, frozen

from pgmcp.domain.calls import LeaseId

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
        tables: The columns by the relation's full name; `*` for whole rows.
        rules: The rules of the policy that say what may be done with them.
        statement: A raw statement with its values taken out; None for plans of ours.
        fingerprint: A digest that statements of the same form share.
    """

    tables: Mapping[str, tuple[str, ...]] = field(factory=dict, hash=False)
    rules: tuple[str, ...] = ()
    statement: str | None = None
    fingerprint: str | None = None


@frozen(kw_only=True)
class End:
    """How far a call has come: let through or not, and once it has ended how.

    Args:
        rule: What refused: a rule of the policy, a layer of the guard, or the refusal's code where there is none.
        ending: How it ended; None in an intent.
        error: The code that it failed with.
        outcome: What became of its transaction, where an error says so.
    """

    phase: Phase = Phase.CALL
    verdict: Verdict = Verdict.ALLOWED
    rule: str | None = None
    ending: Ending | None = None
    error: str | None = None
    outcome: str | None = None


INTENDED = End(phase=Phase.INTENT)
DONE = End(ending=Ending.DONE)


def digest_of(handle: LeaseId) -> str:
    """A short digest by which lines of one transaction are found together, and which opens nothing.

    >>> digest_of(LeaseId("a handle"))
    '0f2e0fb2f1d2'
    """
    return sha256(handle.encode(errors="replace")).hexdigest()[:_HANDLE_CHARACTERS]
