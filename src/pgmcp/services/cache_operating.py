"""CacheOperating: what an operator may ask of the cache, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from attrs import frozen

from pgmcp.domain.caching.health import CacheFacts
from pgmcp.domain.caching.operating import ClearCache
from pgmcp.domain.calls import CallContext
from pgmcp.domain.policy.views import View
from pgmcp.ports.announcing import Announcements
from pgmcp.ports.caching import Cache, CacheLedger
from pgmcp.ports.clock import Clock
from pgmcp.ports.metadata import Metadata
from pgmcp.services.outdating import Outdating

# How long it may take until announcements are heard, and how often that is looked at, in seconds.
_HEARD_S = 2.0
_LOOK_S = 0.02
# Tables that one answer tells of.
_TOLD = 20


@frozen
class CacheInUse:
    """The parts of a cache that is on."""

    kind: str
    place: str
    clock: Clock
    cache: Cache
    ledger: CacheLedger
    announcements: Announcements
    outdating: Outdating


class CacheOperating:
    """Tells what the cache does, and empties it."""

    def __init__(self, used: CacheInUse | None, metadata: Metadata) -> None:
        """Operate on the cache that is in use, None where it is off, and on what is kept of definitions."""
        self._used = used
        self._metadata = metadata

    async def statistics(self, view: View) -> Mapping[str, Any]:
        """What it has done since the start and what it holds now.

        Args:
            view: Whoever asks is told of no table that it may not know.
        """
        definitions = self._definitions()
        if self._used is None:
            return {"cache": "off", "by_kind": definitions}
        counts = self._used.ledger.counts()
        holds = await self._used.cache.contents()
        hits, misses = sum(counts.hits.values()), sum(counts.misses.values())
        kinds = sorted({*counts.hits, *counts.misses})
        return {
            "cache": self._used.kind,
            "listening": self._used.announcements.listening,
            "hits": hits,
            "misses": misses,
            "ratio": round(hits / (hits + misses), 4) if hits + misses else None,
            "stores": sum(counts.stores.values()),
            "evictions": holds.evictions,
            "entries": holds.entries,
            "bytes": holds.bytes,
            "capacity_bytes": holds.capacity_bytes,
            "failures": counts.failures,
            "passed": counts.passed,
            "invalidations": counts.invalidations,
            "by_kind": definitions
            | {
                kind: {
                    "hits": counts.hits.get(kind, 0),
                    "misses": counts.misses.get(kind, 0),
                    "stores": counts.stores.get(kind, 0),
                }
                for kind in kinds
            },
            "by_table": {
                name: {"hits": found, "misses": missed, "invalidations": ended}
                for name, (found, missed, ended) in islice(
                    (each for each in counts.tables.items() if _known(each[0], view)), _TOLD
                )
            },
        }

    async def facts(self, call: CallContext) -> CacheFacts | None:
        """What `pgmcp check` wants to know of a cache that is on; None of one that is off.

        Args:
            call: Whose deadline holds for finding out whether announcements are heard.
        """
        if self._used is None:
            return None
        used, clock = self._used, self._used.clock
        used.outdating.listen()
        until = min(call.deadline, clock.monotonic() + _HEARD_S)
        while not used.announcements.listening and clock.monotonic() < until:
            await clock.sleep(_LOOK_S)
        holds = await used.cache.contents()
        return CacheFacts(
            place=used.place,
            reached=holds.entries is not None,
            capacity_bytes=holds.capacity_bytes,
            listening=used.announcements.listening,
        )

    async def clear(self, plan: ClearCache) -> None:
        """Forget what hangs on some tables, a schema, or everything."""
        if self._used is not None:
            await self._used.outdating.clear(plan.tables, plan.schema)
        elif not plan.tables and plan.schema is None:
            self._metadata.forget()

    def reading(self) -> Mapping[str, float | str]:
        """Figures that cost nothing to read, for gauges: no word of a cache's server, which keeps its own."""
        definitions = self._metadata.counts().values()
        found: dict[str, float | str] = {
            "metadata_hits_total": sum(each.hits for each in definitions),
            "metadata_misses_total": sum(each.misses for each in definitions),
            "metadata_entries": sum(each.entries for each in definitions),
        }
        if self._used is None:
            return found
        counts = self._used.ledger.counts()
        found |= {
            "hits_total": sum(counts.hits.values()),
            "misses_total": sum(counts.misses.values()),
            "stores_total": sum(counts.stores.values()),
            "passed_total": sum(counts.passed.values()),
            "invalidations_total": sum(counts.invalidations.values()),
            "failures_total": counts.failures,
            "listening": int(self._used.announcements.listening),
        }
        holds = self._used.cache.held()
        if holds.evictions is not None:
            found["evictions_total"] = holds.evictions
        known = {"entries": holds.entries, "bytes": holds.bytes, "capacity_bytes": holds.capacity_bytes}
        return found | {name: value for name, value in known.items() if value is not None}

    def _definitions(self) -> dict[str, Any]:
        """What is kept of definitions: all of it, and each kind."""
        counts = self._metadata.counts()
        kinds = {
            kind: {"hits": each.hits, "misses": each.misses, "stores": each.stores, "entries": each.entries}
            for kind, each in counts.items()
        }
        names = ("hits", "misses", "stores", "entries")
        together = {name: sum(each[name] for each in kinds.values()) for name in names}
        return {"metadata": together | {"of": kinds}}


def _known(table: str, view: View) -> bool:
    """Whether a table may be known by its schema and name; either may have dots of its own."""
    dots = [place for place, sign in enumerate(table) if sign == "."]
    return view.is_open or all(view.relation(table[:dot], table[dot + 1 :]).known for dot in dots)
