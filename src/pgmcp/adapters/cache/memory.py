"""The cache in the process's own memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from pgmcp.adapters.cache.bounded import BoundedMemoryCache
from pgmcp.domain.caching.tags import EVERYTHING
from pgmcp.domain.results import Result, WireRows
from pgmcp.ports.caching import Contents, Ticket
from pgmcp.ports.clock import Clock

# What an entry, its key and its tags take beside the text of its rows.
_ENTRY_BYTES = 1500
_MAX_ENTRIES = 100_000
# How long hits may follow each other before others have their turn, in seconds.
_WAY_S = 0.001
_MAX_TAGS = 100_000


@frozen
class Held:
    """A result with its tags."""

    result: Result
    tags: tuple[str, ...]


class MemoryCache:
    """Implements `Cache`; nothing waits between a look and its deed, so nothing comes in between.

    Args:
        clock: Tells when an entry is too old.
        max_bytes: What the entries may take together.
        max_entries: How many there may be.
    """

    def __init__(self, *, clock: Clock, max_bytes: int, max_entries: int = _MAX_ENTRIES) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._entries = BoundedMemoryCache(
            clock=clock, max_bytes=max_bytes, max_entries=max_entries, weigh=_weight, dropped=self._forget
        )
        self._keys: dict[str, set[str]] = {}
        # An epoch is told apart by the round and a number in it: dropping all numbers begins a new round.
        self._round = 0
        self._gave_way_at = 0.0
        self._epochs: dict[str, int] = {}
        self._barred: dict[str, float] = {}

    def belong_to(self, database: str) -> None:
        """Nothing has to be told apart: a process's memory is one database's."""

    async def look_up(self, key: bytes, tags: Sequence[str]) -> Result | Ticket | None:
        now = self._clock.monotonic()
        if now - self._gave_way_at > _WAY_S:
            # A caller that asks again and again would otherwise never let anyone hear that a table has changed.
            self._gave_way_at = now
            await asyncio.sleep(0)
        if self._barred and self._is_barred(tags):
            return None
        held: Held | None = self._entries.at_once(key.hex())
        return held.result if held is not None else self._ticket(tags)

    async def put(self, key: bytes, result: Result, tags: Sequence[str], ticket: Ticket, ttl_s: float) -> bool:
        if self._ticket(tags) != ticket or self._is_barred(tags):
            return False
        name = key.hex()
        kept: bool = await self._entries.set(name, Held(result, tuple(tags)), ttl=ttl_s)
        if kept:
            for tag in tags:
                self._keys.setdefault(tag, set()).add(name)
        return kept

    async def invalidate(self, tags: Sequence[str], bar_s: float = 0.0) -> None:
        if len(self._epochs) + len(tags) > _MAX_TAGS:
            self._round += 1
            self._epochs.clear()
            tags = [*tags, EVERYTHING]
        for tag in tags:
            self._epochs[tag] = self._epochs.get(tag, 0) + 1
            for name in tuple(self._keys.get(tag, ())):
                self._entries.drop(name)
            if bar_s:
                self._barred[tag] = max(self._barred.get(tag, 0.0), self._clock.monotonic() + bar_s)

    async def hear(self, text: str) -> None:
        """Others' memory is no concern of this one."""

    async def contents(self) -> Contents:
        return self.held()

    def held(self) -> Contents:
        return Contents(
            entries=len(self._entries),
            bytes=self._entries.bytes,
            capacity_bytes=self._max_bytes,
            evictions=self._entries.evictions,
        )

    async def close(self) -> None:
        await self._entries.close()

    def _ticket(self, tags: Sequence[str]) -> Ticket:
        return Ticket(tuple([f"{self._round}.{self._epochs.get(tag, 0)}" for tag in tags]))

    def _is_barred(self, tags: Sequence[str]) -> bool:
        now = self._clock.monotonic()
        for tag in [tag for tag, until in self._barred.items() if until <= now]:
            del self._barred[tag]
        return any(tag in self._barred for tag in tags)

    def _forget(self, name: str, held: Any) -> None:
        for tag in held.tags:
            names = self._keys[tag]
            names.discard(name)
            if not names:
                del self._keys[tag]


def _weight(held: Held) -> int:
    rows = held.result.rows
    texts = rows.texts if isinstance(rows, WireRows) else ()
    # A text with a character above U+00FF takes two or four bytes each.
    return _ENTRY_BYTES + sum([len(text) * (1 if text.isascii() else 4) for text in texts])
