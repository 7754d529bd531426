"""The cache of results: entries under a key, each hanging on tags; a tag has an epoch that ends when it is invalidated.

Whoever reads takes the epochs first (`look_up` gives them as a ticket) and hands them back with what was read: `put`
keeps it only if none of them has ended since. So a read that overlaps a write never leaves the old state behind, and
an entry is never served once a tag of its has been invalidated.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from attrs import frozen

from pgmcp.domain.caching.operating import CacheCounts
from pgmcp.domain.results import Result


@frozen
class Ticket:
    """The epochs of an entry's tags before its read, in the tags' order; equal tickets saw no write in between."""

    epochs: tuple[str, ...]


@frozen(kw_only=True)
class Contents:
    """What a cache holds at a moment; None for what it can't tell.

    Args:
        entries: Entries, those that are old but not yet dropped among them.
        bytes: What they take.
        capacity_bytes: What they may take.
        evictions: Entries dropped to make room, since the start.
    """

    entries: int | None = None
    bytes: int | None = None
    capacity_bytes: int | None = None
    evictions: int | None = None


class Cache(Protocol):
    """Keeps results. No method raises for what is wrong with the place where they are kept, and none waits for long."""

    def belong_to(self, database: str) -> None:
        """Say whose results these are, before anything else is asked: processes of one database share them.

        Args:
            database: What tells databases apart, by whatever address they are reached.
        """
        ...

    async def look_up(self, key: bytes, tags: Sequence[str]) -> Result | Ticket | None:
        """What is kept under a key.

        Args:
            key: A digest of everything that the result depends on but the tables' rows.
            tags: What it hangs on.

        Returns:
            A result that no tag's invalidation has met; a ticket where there is none; None while nothing can be served
            or kept: the cache is away, or a write whose end nobody knows may still be at work.
        """
        ...

    async def put(self, key: bytes, result: Result, tags: Sequence[str], ticket: Ticket, ttl_s: float) -> bool:
        """Keep a result in wire form, unless an epoch of its ticket has ended.

        Args:
            key: As for `look_up`.
            result: What was read after the ticket was given; with its `as_of`.
            tags: As for `look_up`.
            ticket: The epochs before the read.
            ttl_s: Seconds after which it no longer counts.

        Returns:
            Whether it is kept.
        """
        ...

    async def invalidate(self, tags: Sequence[str], bar_s: float = 0.0) -> None:
        """End the epochs of tags.

        When it returns, no look-up that begins later, in any process that shares the cache, gives a result that was
        read before; cancelled, it goes on by itself.

        Args:
            tags: Which; `EVERYTHING` for all.
            bar_s: Seconds for which nothing of these tags is served or kept besides, for a write of unknown outcome.
        """
        ...

    async def hear(self, text: str) -> None:
        """Take note of what another process's cache announced."""
        ...

    async def contents(self) -> Contents:
        """What it holds."""
        ...

    def held(self) -> Contents:
        """As `contents`, of what this process holds itself: known without asking anyone."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Flights(Protocol):
    """Lets calls of one process that want the same thing at the same time share one read of it."""

    async def share(
        self, key: bytes, ticket: Ticket, deadline: float, read: Callable[[], Awaitable[Result]]
    ) -> tuple[Result, bool]:
        """The result of a read, one's own or that of another call with an equal ticket.

        Equal tickets mean that no write was acknowledged between the other's start and this one's.

        Args:
            key: What is read.
            ticket: The epochs that the caller saw.
            deadline: How long it may wait for another's read, on the clock port's monotonic scale.
            read: Reads by oneself: where nobody else does, or where the other's read failed.

        Returns:
            The result, and whether it is another's.
        """
        ...


class CacheLedger(Protocol):
    """Keeps count of what the cache does."""

    def counts(self) -> CacheCounts:
        """What happened since the start."""
        ...
