"""CacheOperating: what an operator may ask of the cache, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from pgmcp.domain.caching.operating import ClearCache
from pgmcp.ports.announcing import Announcements
from pgmcp.ports.caching import Cache, CacheLedger
from pgmcp.services.outdating import Outdating

# Tables that one answer tells of.
_TOLD = 20


@frozen
class CacheInUse:
    """The parts of a cache that is on."""

    kind: str
    cache: Cache
    ledger: CacheLedger
    announcements: Announcements
    outdating: Outdating


class CacheOperating:
    """Tells what the cache does, and empties it."""

    def __init__(self, used: CacheInUse | None) -> None:
        """Operate on the cache that is in use; None where it is off."""
        self._used = used

    async def statistics(self) -> Mapping[str, Any]:
        """What it has done since the start and what it holds now."""
        if self._used is None:
            return {"cache": "off"}
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
            "by_kind": {
                kind: {
                    "hits": counts.hits.get(kind, 0),
                    "misses": counts.misses.get(kind, 0),
                    "stores": counts.stores.get(kind, 0),
                }
                for kind in kinds
            },
            "by_table": {
                name: {"hits": found, "misses": missed, "invalidations": ended}
                for name, (found, missed, ended) in list(counts.tables.items())[:_TOLD]
            },
        }

    async def clear(self, plan: ClearCache) -> None:
        """Forget what hangs on some tables, a schema, or everything."""
        if self._used is not None:
            await self._used.outdating.clear(plan.tables, plan.schema)
