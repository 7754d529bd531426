"""Leases in this process's memory, each with its transaction and its queue, and one timer for all."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from pgmcp.adapters.turnstile import Turnstile
from pgmcp.domain.calls import LeaseId
from pgmcp.domain.changes import Changes
from pgmcp.domain.errors import DatabaseError, codes
from pgmcp.domain.transactions import Lease
from pgmcp.ports.clock import Clock
from pgmcp.ports.leases import Turn
from pgmcp.ports.transactions import Transaction

Expire = Callable[[LeaseId], Awaitable[None]]

# How often a lease is looked at, in seconds: whether its connection is still there, and its end at its limit has come
# about.
_LOOK_S = 1.0


class _Entry(Turnstile):
    """An open lease with all that belongs to it, and the turn of whoever has it; implements `Turn`.

    What each use changes stands beside the lease until somebody asks for it: making a lease anew takes longer than all
    else of a turn.
    """

    __slots__ = (
        "_changes",
        "_lease",
        "_used_at",
        "_uses",
        "ends_at",
        "expire",
        "idle_ends_at",
        "idle_s",
        "ready_for",
        "transaction",
    )

    def __init__(self, lease: Lease, transaction: Transaction, expire: Expire) -> None:
        super().__init__()
        self.transaction = transaction
        self.expire = expire
        self.keep(lease)

    @property
    def lease(self) -> Lease:
        if self._uses:
            self.keep(self._lease.used(self._used_at, self._changes, times=self._uses))
        return self._lease

    def keep(self, lease: Lease) -> None:
        """Know the lease as it is now."""
        self._lease = lease
        self._used_at, self._uses, self._changes = lease.used_at, 0, lease.changes
        self.ends_at, self.idle_s = lease.ends_at, lease.limits.idle_s
        # The moment of its idle limit, if nobody uses it until then.
        self.idle_ends_at = lease.used_at + self.idle_s
        # None where it takes no statements.
        self.ready_for = (lease.owner, lease.view) if lease.end is None and lease.failed is None else None

    def used(self, now: float, changes: Changes) -> None:
        self._used_at = now
        self.idle_ends_at = now + self.idle_s
        self._uses += 1
        if changes is not self._changes:
            self._changes |= changes


class ProcessLeases:
    """Implements `LeaseKeeper`.

    Args:
        clock: The scale that leases' moments are on.
        remembered: How many ended leases stay known, the latest.
    """

    def __init__(self, clock: Clock, *, remembered: int) -> None:
        self._clock = clock
        self._remembered = remembered
        self._open: dict[LeaseId, _Entry] = {}
        self._ended: OrderedDict[LeaseId, Lease] = OrderedDict()
        self._reserved: dict[LeaseId, Lease] = {}
        self._expiring: set[asyncio.Task[None]] = set()
        self._rings_at = math.inf
        self._timer: asyncio.TimerHandle | None = None
        # No property: each call asks.
        self.closed = False

    def open(self) -> Sequence[Lease]:
        return [*(entry.lease for entry in self._open.values()), *self._reserved.values()]

    def close(self) -> None:
        self.closed = True

    def reserve(self, lease: Lease) -> None:
        self._reserved[lease.id] = lease

    def give_up(self, id_: LeaseId) -> None:
        self._reserved.pop(id_, None)

    def find(self, id_: LeaseId) -> Lease | None:
        entry = self._open.get(id_)
        return self._ended.get(id_) if entry is None else entry.lease

    def is_active(self, id_: LeaseId) -> bool:
        entry = self._open.get(id_)
        return entry is not None and entry.taken

    def transaction(self, id_: LeaseId) -> Transaction | None:
        entry = self._open.get(id_)
        return None if entry is None else entry.transaction

    def hold(self, lease: Lease, transaction: Transaction, expire: Expire) -> None:
        self._reserved.pop(lease.id, None)
        self._open[lease.id] = _Entry(lease, transaction, expire)
        at = min(lease.expires_at, lease.used_at + _LOOK_S)
        if at < self._rings_at:
            self._arm(at)

    def change(self, lease: Lease) -> None:
        entry = self._open.get(lease.id)
        if entry is None:
            return
        entry.keep(lease)
        if lease.end is None:
            return
        del self._open[lease.id]
        self._ended[lease.id] = lease
        while len(self._ended) > self._remembered:
            self._ended.popitem(last=False)

    def take_at_once(self, id_: LeaseId | None, owner: str, view: str, now: float) -> Turn | None:
        entry = None if id_ is None else self._open.get(id_)
        if entry is None or entry.taken or entry.ready_for != (owner, view):
            return None
        if now >= entry.ends_at or now >= entry.idle_ends_at:
            return None
        entry.taken = True
        return entry

    async def take(self, id_: LeaseId, deadline: float) -> Turn:
        entry = self._open[id_]
        if not entry.take_at_once():
            try:
                async with asyncio.timeout(deadline - self._clock.monotonic()):
                    await entry.take()
            except TimeoutError:
                raise DatabaseError(
                    codes.CALL_TIMEOUT,
                    "The call ran out of its time while another one ran in the same transaction.",
                    hint="Wait for the other call's answer, or give this one more time.",
                    details={"retry_after_ms": 1000},
                ) from None
        if id_ not in self._open:
            entry.give_back()
            raise KeyError(id_)
        return entry

    def _arm(self, at: float) -> None:
        # Moved neither when a lease is used nor when it ends, only looked at when it rings: both cost nothing.
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = at
        self._timer = asyncio.get_running_loop().call_later(max(0.0, at - self._clock.monotonic()), self._ring)

    def _ring(self) -> None:
        self._timer, self._rings_at = None, math.inf
        now = self._clock.monotonic()
        following = min((self._look_at(entry, now) for entry in self._open.values()), default=math.inf)
        if following < math.inf:
            self._arm(following)

    def _look_at(self, entry: _Entry, now: float) -> float:
        """Let a lease end whose limit has passed or whose connection is gone; when to look again."""
        lease, active = entry.lease, entry.taken
        if lease.is_due(now, active=active) or (not active and entry.transaction.lost):
            task = asyncio.ensure_future(entry.expire(lease.id))
            self._expiring.add(task)
            task.add_done_callback(self._expiring.discard)
            return now + _LOOK_S
        # A call that runs now ends no sooner than now, and the idle limit begins there.
        return min(now + _LOOK_S, lease.ends_at, now + lease.limits.idle_s if active else lease.expires_at)
