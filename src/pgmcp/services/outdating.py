"""Outdating: what a write, or the word of one, makes old in the cache.

A write's tags are invalidated after its commit and before its answer, so that a commit that was acknowledged before a
read began is visible to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress

from pgmcp.domain.caching import tags
from pgmcp.domain.caching.events import CacheInvalidated
from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.changes import Changes
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.relations import Name
from pgmcp.domain.settings import Settings
from pgmcp.domain.transactions import Outcome
from pgmcp.ports.announcing import DEFINITIONS_CHANGED, Announcements
from pgmcp.ports.caching import Cache
from pgmcp.ports.clock import Clock
from pgmcp.ports.lineage import Lineage
from pgmcp.ports.metadata import Metadata
from pgmcp.ports.observing import Observer

_TABLE = tags.of_table(Name("", ""))[:2]
# What a statement of unknown outcome may take beyond its limit to end, in seconds.
_END_S = 1.0
# How long it may take to find out what a write reached, in seconds; else it may have been anything.
_LINEAGE_S = 2.0


class Outdating:
    """Knows what no longer counts, and tells the cache; implements `ChangeListener`."""

    def __init__(
        self,
        *,
        cache: Cache,
        lineage: Lineage,
        metadata: Metadata,
        announcements: Announcements,
        clock: Clock,
        observer: Observer,
        settings: Settings,
    ) -> None:
        """Outdate what is in `cache`, by what `lineage` knows and `announcements` tell."""
        self._cache = cache
        self._lineage = lineage
        self._metadata = metadata
        self._announcements = announcements
        self._clock = clock
        self._observer = observer
        self._bar_s = settings.statement_timeout_ms / 1000 + _END_S
        self._working: set[asyncio.Task[None]] = set()

    def listen(self) -> None:
        """Hear of others' writes from now on; calling again does nothing."""
        self._announcements.listen(self.hear, self.begin)

    async def changed(self, changes: Changes, outcome: Outcome) -> None:
        """Take note of what was written; cancelled, it goes on by itself."""
        if not changes or outcome is Outcome.ROLLED_BACK:
            return
        work = asyncio.get_running_loop().create_task(self._outdate(changes, outcome))
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        await asyncio.shield(work)

    async def clear(self, tables: Iterable[Name] = (), schema: str | None = None) -> None:
        """Forget what hangs on these relations or that schema; everything where neither is said."""
        chosen = [tags.of_table(source) for name in tables for source in await self._sources(name)]
        if schema is not None:
            chosen.append(tags.of_schema(schema))
        if not chosen:
            self._forget()
        await self._end(chosen or [tags.EVERYTHING], "cleared")

    async def begin(self) -> None:
        """Listening has begun: what was said before is not known, so nothing of before counts."""
        self._forget()
        await self._end([tags.EVERYTHING], "listening")

    async def hear(self, texts: Sequence[str]) -> None:
        """Take note of announcements: tables' tags, a change of definitions, words between caches."""
        for text in texts:
            if text != DEFINITIONS_CHANGED and not text.startswith(_TABLE):
                await self._cache.hear(text)
        if DEFINITIONS_CHANGED in texts:
            self._forget()
            await self._end([tags.EVERYTHING], "definition")
        else:
            await self._end([text for text in texts if text.startswith(_TABLE)], "outside")

    def _forget(self) -> None:
        """Drop what is kept of definitions, here and wherever else."""
        self._lineage.forget()
        self._metadata.forget()

    async def _outdate(self, changes: Changes, outcome: Outcome) -> None:
        self.listen()
        reached = None if changes.anywhere else await self._reached(changes.relations)
        if changes.definitions or changes.code:
            self._forget()
        if reached is None:
            chosen, reason = [tags.EVERYTHING], "statement" if changes.anywhere else "trigger"
        else:
            chosen, reason = sorted(tags.of_table(name) for name in reached), "write"
        unsettled = outcome is Outcome.UNKNOWN
        await self._end(chosen, "unknown_outcome" if unsettled else reason, self._bar_s if unsettled else 0.0)

    async def _sources(self, name: Name) -> Iterable[Name]:
        """The tables behind a relation, where they can be found out; itself too."""
        with suppress(PgmcpError):
            footprint = await self._lineage.of(name, self._call())
            if footprint is not None:
                return {name, *footprint.sources}
        return {name}

    async def _reached(self, written: Iterable[Name]) -> frozenset[Name] | None:
        """The tables that writes to these reach; None where nobody can tell."""
        reached: set[Name] = set()
        call = self._call()
        # Whoever doesn't listen has not heard of a trigger or a foreign key that others have made, and may have kept
        # what was so before; another process that does listen serves meanwhile.
        anew = not self._announcements.listening
        try:
            for name in written:
                if anew:
                    self._lineage.drop(name)
                footprint = await self._lineage.of(name, call)
                if footprint is None or not footprint.changed.known:
                    return None
                reached |= footprint.changed.tables
        except PgmcpError:
            return None
        return frozenset(reached)

    async def _end(self, chosen: list[str], reason: str, bar_s: float = 0.0) -> None:
        if not chosen:
            return
        # Known by then, but where nobody has read anything yet: where the entries are.
        with suppress(PgmcpError):
            self._cache.belong_to((await self._lineage.surroundings(self._call())).database)
        await self._cache.invalidate(chosen, bar_s)
        told = tuple(tag[len(_TABLE) :] for tag in chosen if tag.startswith(_TABLE))
        self._observer.observe(CacheInvalidated(reason=reason, tables=told))

    def _call(self) -> CallContext:
        """A call of the cache's own: what is done here is done whatever becomes of the caller's."""
        return CallContext(id=CallId("cache"), tool="cache", deadline=self._clock.monotonic() + _LINEAGE_S)
