"""A transaction as an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from pgmcp.domain.responses.base import SuccessResponse


@frozen(kw_only=True)
class TransactionResponse(SuccessResponse):
    """A transaction that is held between calls; what there is nothing to say of is None.

    Args:
        transaction_id: The handle that calls name it by.
        state: `idle`, `active`, `failed` or `ended`.
        isolation_level: Its isolation level.
        read_only: Whether it refuses every write.
        deferrable: Whether it could wait at its beginning.
        age_s: Seconds since its beginning.
        idle_s: Seconds since its last use.
        expires_in_s: Seconds until it ends when nobody uses it.
        timeout_s: How long it may be open.
        idle_timeout_s: How long it may lie idle.
        statements: Calls that ran in it.
        savepoints: Names of its savepoints, the latest last.
        locks: What it holds: objects of `relation` and `mode`.
        blocking: The server's processes that wait for it.
        sqlstate: What failed, while only a rollback is left.
        outcome: How it ended: `committed`, `rolled_back` or `unknown`.
        reason: Why: `committed`, `rolled_back`, `expired`, `connection_lost` or `shutdown`.
        hint: What can still be done in one that has failed.
    """

    transaction_id: str
    state: str
    isolation_level: str
    read_only: bool
    deferrable: bool | None = None
    age_s: float | None = None
    idle_s: float | None = None
    expires_in_s: float | None = None
    timeout_s: float | None = None
    idle_timeout_s: float | None = None
    statements: int | None = None
    savepoints: Sequence[str] | None = None
    locks: Sequence[Mapping[str, Any]] | None = field(default=None, hash=False)
    blocking: Sequence[int] | None = None
    sqlstate: str | None = None
    outcome: str | None = None
    reason: str | None = None
    hint: str | None = None
