"""What an operator asks of the cache, and what it has done so far."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from pgmcp.domain.relations import Name


@frozen(kw_only=True)
class GetCacheStats:
    """Tell what the cache has done and what it holds."""


@frozen(kw_only=True)
class ClearCache:
    """Forget results: of these tables, of that schema, or all where neither is said."""

    tables: tuple[Name, ...] = ()
    schema: str | None = None


CacheOperation = GetCacheStats | ClearCache


@frozen(kw_only=True)
class KeptCounts:
    """What one kind of facts of the database's definitions has come to.

    Args:
        hits, misses, stores: Since the start.
        entries: Facts that are there now, those that are old but not yet dropped among them.
    """

    hits: int = 0
    misses: int = 0
    stores: int = 0
    entries: int = 0


@frozen(kw_only=True)
class CacheCounts:
    """What happened since the start.

    Args:
        hits, misses, stores: Of each kind of read.
        passed: Reads that went past the cache, by reason.
        invalidations: By reason.
        tables: Hits, misses and invalidations of each table, the most used first.
        failures: Times that the cache could not be used.
    """

    hits: Mapping[str, int] = field(factory=dict)
    misses: Mapping[str, int] = field(factory=dict)
    stores: Mapping[str, int] = field(factory=dict)
    passed: Mapping[str, int] = field(factory=dict)
    invalidations: Mapping[str, int] = field(factory=dict)
    tables: Mapping[str, tuple[int, int, int]] = field(factory=dict)
    failures: int = 0
