"""Where leases are kept between calls: by this process alone, each with its transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from pgmcp.domain.calls import LeaseId
from pgmcp.domain.changes import Changes
from pgmcp.domain.transactions import Lease
from pgmcp.ports.transactions import Transaction


class Turn(Protocol):
    """One user's turn at a lease."""

    @property
    def lease(self) -> Lease:
        """What is known of the lease now."""
        ...

    @property
    def transaction(self) -> Transaction:
        """Its transaction."""
        ...

    @property
    def ends_at(self) -> float:
        """The moment of its total limit."""
        ...

    def used(self, now: float, changes: Changes) -> None:
        """Keep that a call went well in it, and what it changed."""
        ...

    def give_back(self) -> None:
        """Let whoever is next have it."""
        ...


class LeaseKeeper(Protocol):
    """Keeps open leases, and for a while those that have ended."""

    @property
    def closed(self) -> bool:
        """Whether no further lease may begin."""
        ...

    def close(self) -> None:
        """Let no further lease begin."""
        ...

    def open(self) -> Sequence[Lease]:
        """Every lease that is open or about to be."""
        ...

    def reserve(self, lease: Lease) -> None:
        """Count a lease whose transaction is about to begin, until `hold` or `give_up`."""
        ...

    def give_up(self, id_: LeaseId) -> None:
        """Count a lease no longer whose transaction did not begin."""
        ...

    def find(self, id_: LeaseId) -> Lease | None:
        """What is known of a lease; None for one that never was, or was forgotten."""
        ...

    def is_active(self, id_: LeaseId) -> bool:
        """Whether a call is running in it."""
        ...

    def transaction(self, id_: LeaseId) -> Transaction | None:
        """An open lease's transaction without waiting for a turn, to ask about it; None once it has ended."""
        ...

    def hold(self, lease: Lease, transaction: Transaction, expire: Callable[[LeaseId], Awaitable[None]]) -> None:
        """Keep a lease from now on.

        Args:
            lease: What is known of it.
            transaction: Its transaction.
            expire: Called when a limit has passed, or its connection is gone, once or more often.
        """
        ...

    def change(self, lease: Lease) -> None:
        """Keep what is known of it now; one that has ended is let go, and remembered for a while."""
        ...

    def take_at_once(self, id_: LeaseId | None, owner: str, view: str, now: float) -> Turn | None:
        """The turn of a lease that takes statements, where there is nothing to wait for, to refuse or to end.

        Args:
            id_: Any lease, or none.
            owner: Who it has to belong to.
            view: What its owner may know of the database, as it was when the lease began.
            now: On the clock's monotonic scale.

        Returns:
            The turn, until it is given back; None where `take` and looking closer has to tell what is in the way.
        """
        ...

    async def take(self, id_: LeaseId, deadline: float) -> Turn:
        """The lease's transaction for one user at a time, until it is given back; first come, first served.

        Args:
            id_: An open lease.
            deadline: How long to wait for it, on the clock's monotonic scale.

        Raises:
            DatabaseError: `call_timeout`.
            KeyError: The lease isn't open, or is not any more when its turn comes.
        """
        ...
