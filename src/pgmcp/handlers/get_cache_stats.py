"""get_cache_stats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pgmcp.domain.caching.operating import GetCacheStats
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import Effect
from pgmcp.domain.requests import GetCacheStatsRequest
from pgmcp.domain.responses import DescriptionResponse
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.cache_operating import CacheOperating


class GetCacheStatsHandler(HandlerBase[GetCacheStatsRequest, GetCacheStats, Mapping[str, Any], DescriptionResponse]):
    """Tells what the cache does."""

    name = "get_cache_stats"
    group = Group.CACHE
    effect = Effect.READ
    request = GetCacheStatsRequest
    summary = "Tell what the cache of results has done and holds: hits, misses, invalidations by reason, bytes."
    example: ClassVar = {}

    def __init__(self, operating: CacheOperating) -> None:
        """Ask `operating`."""
        self._operating = operating

    async def plan(self, request: GetCacheStatsRequest, call: CallContext) -> GetCacheStats:
        """There is nothing to decide."""
        return GetCacheStats()

    async def run(self, plan: GetCacheStats, request: GetCacheStatsRequest, call: CallContext) -> Mapping[str, Any]:
        """Count."""
        return await self._operating.statistics(call.view)

    def answer(
        self, got: Mapping[str, Any], plan: GetCacheStats, request: GetCacheStatsRequest, call: CallContext
    ) -> DescriptionResponse:
        """The document."""
        return DescriptionResponse(document=got)
