"""Transactions and their leases: states, limits, and what may be done, decided by pure functions.

A lease is a transaction that a caller holds between calls: its handle, its owner, its limits and what is known of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from attrs import evolve, frozen

from pgmcp.domain.altering import altered
from pgmcp.domain.calls import LeaseId
from pgmcp.domain.changes import NOTHING, Changes
from pgmcp.domain.relations import Name


class Isolation(StrEnum):
    """PostgreSQL's isolation levels. https://www.postgresql.org/docs/18/transaction-iso.html"""

    READ_COMMITTED = "read committed"
    REPEATABLE_READ = "repeatable read"
    SERIALIZABLE = "serializable"
    READ_UNCOMMITTED = "read uncommitted"


@frozen(kw_only=True, cache_hash=True)
class Limits:
    """How long a transaction may stay open, in seconds.

    Args:
        total_s: From its beginning to its end.
        idle_s: Between two uses.
    """

    total_s: float
    idle_s: float


@frozen(kw_only=True, cache_hash=True)
class TransactionOptions:
    """How a transaction begins.

    Args:
        isolation: The isolation level.
        read_only: Whether it refuses every write.
        deferrable: Whether it may wait at its beginning, so that it never fails later (serializable and read-only).
        limits: Limits that the database keeps as well, should we be gone; None for a session's own.
    """

    isolation: Isolation = Isolation.READ_COMMITTED
    read_only: bool = False
    deferrable: bool = False
    limits: Limits | None = None


class Outcome(StrEnum):
    """How a transaction ended; `UNKNOWN` when the server could not be asked."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"


class Condition(StrEnum):
    """What an open transaction is good for: anything, only a rollback, or nothing, as its session is gone."""

    OPEN = "open"
    FAILED = "failed"
    EXPIRED = "expired"
    LOST = "lost"


class EndReason(StrEnum):
    """Why a lease ended."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"
    EXPIRED = "expired"
    CONNECTION_LOST = "connection_lost"
    SHUTDOWN = "shutdown"


class LeaseState(StrEnum):
    """What a lease is doing."""

    IDLE = "idle"
    ACTIVE = "active"
    FAILED = "failed"
    ENDED = "ended"


@frozen(kw_only=True)
class End:
    """How and why a lease ended, and when on the clock's monotonic scale."""

    outcome: Outcome
    reason: EndReason
    at: float


# Each use makes one anew: without slots that takes a fifth of the time, see `altered`.
@frozen(kw_only=True, slots=False)
class Lease:
    """What is known of a transaction that a caller holds.

    Args:
        id: The handle: opaque, not to be guessed.
        owner: The principal's name; nobody else may know that the lease is there.
        options: How it began.
        limits: How long it may last.
        began_at, used_at: Moments on the clock's monotonic scale.
        view: The digest of what its owner may know and do: the same name with other attributes is not its owner.
        statements: Calls that ran in it.
        savepoints: Their names, the latest last; a name may stand more than once.
        failed: SQLSTATE of the error after which only rolling back is left; None while all is well.
        changes: What was written in it.
        end: How it ended; None while it is open.
    """

    id: LeaseId
    owner: str
    options: TransactionOptions
    limits: Limits
    began_at: float
    used_at: float
    view: str = ""
    statements: int = 0
    savepoints: tuple[str, ...] = ()
    failed: str | None = None
    changes: Changes = NOTHING
    end: End | None = None

    @property
    def ends_at(self) -> float:
        """The moment of its total limit."""
        return self.began_at + self.limits.total_s

    @property
    def expires_at(self) -> float:
        """The moment at which it ends when nobody uses it."""
        return min(self.ends_at, self.used_at + self.limits.idle_s)

    def is_due(self, now: float, *, active: bool) -> bool:
        """Whether a limit has passed; while a call runs in it only the total one counts."""
        return self.end is None and now >= (self.ends_at if active else self.expires_at)

    def used(self, now: float, changes: Changes = NOTHING, times: int = 1) -> Lease:
        """The lease after calls that went well, the last of them now."""
        return altered(self, used_at=now, statements=self.statements + times, changes=self.changes | changes)

    def after_error(self, now: float, sqlstate: str) -> Lease:
        """The lease after an error that only a rollback mends; the first one is the one to tell of."""
        return altered(self, used_at=now, statements=self.statements + 1, failed=self.failed or sqlstate)

    def ended(self, end: End) -> Lease:
        """The lease after its end."""
        return altered(self, end=end)

    def with_savepoint(self, name: str, now: float) -> Lease:
        """The lease with one more savepoint."""
        return altered(self, used_at=now, savepoints=(*self.savepoints, name))

    def back_at(self, name: str, now: float) -> Lease:
        """The lease rolled back to the latest savepoint of a name, which stays."""
        return altered(self, used_at=now, savepoints=self.savepoints[: _place(self, name) + 1], failed=None)

    def without_savepoint(self, name: str, now: float) -> Lease:
        """The lease without the latest savepoint of a name, and those behind it."""
        return altered(self, used_at=now, savepoints=self.savepoints[: _place(self, name)])

    def state(self, *, active: bool) -> LeaseState:
        """What it is doing."""
        if self.end is not None:
            return LeaseState.ENDED
        if active:
            return LeaseState.ACTIVE
        return LeaseState.IDLE if self.failed is None else LeaseState.FAILED


@frozen(kw_only=True)
class Held:
    """A lock on a relation.

    Args:
        name: The relation's name.
        relation: The same as the session's search path lets it be told.
        mode: PostgreSQL's name of the lock.
    """

    name: Name
    relation: str
    mode: str


@frozen(kw_only=True)
class Footprint:
    """What an open transaction holds, and the server's processes that wait for it, as the database says."""

    locks: Sequence[Held] = ()
    blocking: Sequence[int] = ()


def limits_of(total_s: float | None, idle_s: float | None, most: Limits) -> Limits:
    """The limits that a caller gets: what is wished for, never more than the settings have.

    >>> limits_of(900, None, Limits(total_s=600, idle_s=60))
    Limits(total_s=600, idle_s=60)
    """
    total = most.total_s if total_s is None else min(total_s, most.total_s)
    return Limits(total_s=total, idle_s=min(total, most.idle_s if idle_s is None else min(idle_s, most.idle_s)))


# Transactions begin in a few ways, over and over.
@lru_cache(maxsize=100)
def limited(
    options: TransactionOptions, total_s: float | None, idle_s: float | None, most: Limits
) -> tuple[TransactionOptions, Limits]:
    """How a transaction begins that its caller holds: the options with the limits that `limits_of` gives, and those."""
    limits = limits_of(total_s, idle_s, most)
    return evolve(options, limits=limits), limits


def wait_for_room(open_: Iterable[Lease], owner: str, *, per_owner: int, most: int, now: float) -> float | None:
    """How long until another lease can begin.

    Args:
        open_: Every lease that is open.
        owner: Who wants one more.
        per_owner: Leases that one principal may hold.
        most: Leases in all.
        now: On the clock's monotonic scale.

    Returns:
        None when there is room; else seconds after which the first lease in the way ends by itself.
    """
    everyone = list(open_)
    own = [lease for lease in everyone if lease.owner == owner]
    if len(own) >= per_owner:
        return max(0.0, min(lease.expires_at for lease in own) - now)
    if len(everyone) >= most:
        return max(0.0, min(lease.expires_at for lease in everyone) - now)
    return None


def reason_of(outcome: Outcome, *, lost: bool = False) -> EndReason:
    """Why a lease ended whose end was asked for.

    Args:
        outcome: How it ended.
        lost: Whether its connection was gone before its end could be asked for, so that it ended by that.
    """
    if lost and outcome is Outcome.ROLLED_BACK:
        return EndReason.CONNECTION_LOST
    match outcome:
        case Outcome.COMMITTED:
            return EndReason.COMMITTED
        case Outcome.ROLLED_BACK:
            return EndReason.ROLLED_BACK
        case Outcome.UNKNOWN:
            return EndReason.CONNECTION_LOST


def _place(lease: Lease, name: str) -> int:
    """Where the latest savepoint of a name stands."""
    return len(lease.savepoints) - 1 - lease.savepoints[::-1].index(name)
