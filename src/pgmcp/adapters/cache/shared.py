"""The cache on a server that several processes share, and what is done when it can't be reached.

A process that can't deliver an invalidation must not acknowledge its write while another may still serve the old state:
- the server is down: once up again it serves nothing for `OPENS_AFTER_S`, and every process tries it much more often;
- this process alone can't reach it: it says so by way of the database, and whoever hears it serves nothing, until the
  process has reached the server again and emptied the cache, or has not been heard of for `SHUT_S`.
Whoever was kept from serving empties the cache first. Why so: docs/adr/0033.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import Counter
from collections.abc import Sequence
from functools import partial

from redis.exceptions import RedisError

from pgmcp.adapters.background import stopped
from pgmcp.adapters.cache.codec import SealedCodec
from pgmcp.adapters.cache.server import CacheServer
from pgmcp.domain.caching.events import CacheFailed, CacheRecovered
from pgmcp.domain.caching.tags import EVERYTHING
from pgmcp.domain.results import Result
from pgmcp.ports.announcing import Announcements
from pgmcp.ports.caching import Contents, Ticket
from pgmcp.ports.clock import Clock
from pgmcp.ports.observing import Observer

OPENS_AFTER_S = 1.0
"""How long a server that has started anew serves nothing, in seconds."""
SHUT_S = 3.0
"""How long the word of a process that can't reach the server holds, in seconds."""
SHUT = "shut"
OPEN = "open"
# How often a server that is away is tried, in seconds.
_PROBE_S = 0.2
# How old the last failed attempt may be for a write to go on without another one, in seconds.
_TRIED_S = OPENS_AFTER_S / 2
# How often the word is renewed, in seconds.
_RENEW_S = SHUT_S / 3
# How long an invalidation is waited for, in seconds: longer than a read waits, as a write depends on it.
_INVALIDATION_S = 1.0
# What is wrong with the place, whatever it is; nothing of it concerns a caller.
_WRONG = (RedisError, OSError, TimeoutError, ValueError, LookupError, TypeError, AttributeError)
# The epochs that an entry was kept with, as it begins with them.
_EPOCHS = re.compile(rb"[0-9a-f]{16}(?:,[0-9a-f]{16})*")
# Processes whose word is kept; more of them at once are one trouble all the same.
_MOST_SHUT = 1000


class SharedCache:
    """Implements `Cache`.

    Args:
        server: Where the entries are.
        codec: Seals them.
        announcements: The second way to the other processes.
        clock: Tells how long ago things were.
        observer: Hears of the server's failures.
        timeout_s: How long a read waits for the server.
    """

    def __init__(
        self,
        *,
        server: CacheServer,
        codec: SealedCodec,
        announcements: Announcements,
        clock: Clock,
        observer: Observer,
        timeout_s: float,
    ) -> None:
        self._server = server
        self._codec = codec
        self._announcements = announcements
        self._clock = clock
        self._observer = observer
        self._timeout_s = timeout_s
        self._prefix = ""
        self._id = secrets.token_hex(8)
        self._serving = True
        self._failed_at = float("-inf")
        self._told_at = float("-inf")
        self._shut: dict[str, float] = {}
        self._reviving: asyncio.Task[None] | None = None
        self._delivering: set[asyncio.Task[None]] = set()
        # What is on its way to the server already counts here: a busy process gets its answer late.
        self._ending: Counter[str] = Counter()

    def belong_to(self, database: str) -> None:
        # Braces: a cluster keeps all of it in one place, as its scripts need.
        self._prefix = f"pgmcp:{{{database}}}:"

    async def look_up(self, key: bytes, tags: Sequence[str]) -> Result | Ticket | None:
        if not self._serving or (self._ending and not self._ending.keys().isdisjoint(tags)):
            return None
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await self._server.look_up(self._prefix, key, tags)
        except _WRONG as error:
            self._fail(error)
            return None
        # Another process may have said meanwhile that it could not deliver.
        if found is None or not self._serving:
            return None
        entry, ticket = found
        epochs, _, sealed = entry.partition(b"\n") if entry is not None else (b"", b"", b"")
        if entry is None:
            return ticket
        if epochs == _joined(ticket):
            result = self._codec.decode(sealed, self._bound_to(key, epochs))
            if result is not None:
                return result
        elif _EPOCHS.fullmatch(epochs):
            # Of before a write.
            return ticket
        self._observer.observe(CacheFailed(reason="garbage"))
        return ticket

    async def put(self, key: bytes, result: Result, tags: Sequence[str], ticket: Ticket, ttl_s: float) -> bool:
        if not self._serving:
            return False
        epochs = _joined(ticket)
        entry = epochs + b"\n" + self._codec.encode(result, self._bound_to(key, epochs))
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._server.put(self._prefix, key, entry, tags, ticket, ttl_s)
        except _WRONG as error:
            self._fail(error)
            return False

    async def invalidate(self, tags: Sequence[str], bar_s: float = 0.0) -> None:
        self._ending.update(tags)
        delivery = asyncio.get_running_loop().create_task(self._deliver(tags, bar_s))
        self._delivering.add(delivery)
        delivery.add_done_callback(partial(self._delivered, tags))
        await asyncio.shield(delivery)

    async def contents(self) -> Contents:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._server.contents()
        except _WRONG as error:
            self._fail(error)
            return Contents()

    def held(self) -> Contents:
        return Contents()

    async def close(self) -> None:
        if self._delivering:
            await asyncio.wait(self._delivering, timeout=_INVALIDATION_S)
        if self._reviving is not None:
            await stopped(self._reviving)
        await self._server.close()

    async def hear(self, text: str) -> None:
        said, _, who = text.partition(" ")
        if who == self._id:
            return
        if said == SHUT and len(self._shut) < _MOST_SHUT:
            self._shut[who] = self._clock.monotonic() + SHUT_S
            self._stop_serving()
        elif said == OPEN:
            self._shut.pop(who, None)

    def _delivered(self, tags: Sequence[str], delivery: asyncio.Task[None]) -> None:
        self._delivering.discard(delivery)
        self._ending.subtract(tags)
        # What is left of it is what others are still delivering.
        self._ending = +self._ending

    async def _deliver(self, tags: Sequence[str], bar_s: float) -> None:
        if self._prefix and self._clock.monotonic() - self._failed_at > _TRIED_S:
            try:
                async with asyncio.timeout(_INVALIDATION_S):
                    await self._server.invalidate(self._prefix, tags, bar_s)
            except _WRONG as error:
                self._fail(error)
            else:
                return
        self._stop_serving()
        await self._say_shut()

    async def _say_shut(self) -> None:
        if self._clock.monotonic() - self._told_at > _RENEW_S:
            self._told_at = self._clock.monotonic()
            await self._announcements.tell(f"{SHUT} {self._id}")

    def _fail(self, error: BaseException) -> None:
        self._failed_at = self._clock.monotonic()
        if self._serving:
            self._observer.observe(CacheFailed(reason=type(error).__name__))
        self._stop_serving()

    def _stop_serving(self) -> None:
        self._serving = False
        if self._reviving is None or self._reviving.done():
            self._reviving = asyncio.get_running_loop().create_task(self._revive())

    async def _revive(self) -> None:
        """Try until the server is there and nobody else is kept from it; empty the cache, then serve again."""
        while True:
            await asyncio.sleep(_PROBE_S)
            now = self._clock.monotonic()
            self._shut = {who: until for who, until in self._shut.items() if until > now}
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._server.invalidate(self._prefix, (EVERYTHING,))
            except _WRONG:
                self._failed_at = self._clock.monotonic()
                if self._told_at > float("-inf"):
                    await self._say_shut()
                continue
            self._failed_at = float("-inf")
            if self._told_at > float("-inf"):
                self._told_at = float("-inf")
                await self._announcements.tell(f"{OPEN} {self._id}")
            if not self._shut:
                self._serving = True
                self._observer.observe(CacheRecovered())
                return

    def _bound_to(self, key: bytes, epochs: bytes) -> bytes:
        return b"\n".join((self._prefix.encode(), key, epochs))


def _joined(ticket: Ticket) -> bytes:
    return ",".join(ticket.epochs).encode("latin-1")
