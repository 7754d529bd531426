"""clear_cache."""

from __future__ import annotations

from typing import ClassVar

from pgmcp.domain.caching.operating import ClearCache
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.plans import Effect
from pgmcp.domain.requests import ClearCacheRequest
from pgmcp.domain.responses import AcknowledgementResponse
from pgmcp.handlers.base import Group, HandlerBase
from pgmcp.services.cache_operating import CacheOperating
from pgmcp.services.schemas import SchemaService


class ClearCacheHandler(HandlerBase[ClearCacheRequest, ClearCache, None, AcknowledgementResponse]):
    """Forgets kept results."""

    name = "clear_cache"
    group = Group.CACHE
    effect = Effect.OPERATE
    idempotent = True
    request = ClearCacheRequest
    summary = "Forget kept results: all, of one table, or of a schema."
    example: ClassVar = {"scope": "table", "table": "orders"}

    def __init__(self, operating: CacheOperating, schemas: SchemaService) -> None:
        """Clear by `operating`; find tables by `schemas`."""
        self._operating = operating
        self._schemas = schemas

    async def plan(self, request: ClearCacheRequest, call: CallContext) -> ClearCache:
        """Find what is meant.

        Raises:
            ValidationError: The arguments don't fit the scope.
        """
        match request.scope:
            case "table":
                if request.table is None:
                    raise _missing("table", "table")
                relation = await self._schemas.relation(request.table, request.schema, call)
                return ClearCache(tables=(relation.name,))
            case "schema":
                if request.schema is None:
                    raise _missing("schema", "schema")
                await self._schemas.require_schema(request.schema, call)
                return ClearCache(schema=request.schema)
            case _:
                if request.table is not None or request.schema is not None:
                    raise ValidationError(
                        codes.CONFLICTING_ARGUMENTS,
                        "a table or a schema is named, and the scope is all",
                        hint='Say scope "table" or "schema".',
                        path="scope",
                    )
                return ClearCache()

    async def run(self, plan: ClearCache, request: ClearCacheRequest, call: CallContext) -> None:
        """Forget."""
        await self._operating.clear(plan)

    def answer(
        self, got: None, plan: ClearCache, request: ClearCacheRequest, call: CallContext
    ) -> AcknowledgementResponse:
        """It was done."""
        return AcknowledgementResponse()


def _missing(argument: str, scope: str) -> ValidationError:
    return ValidationError(
        codes.MISSING_ARGUMENT, f"scope '{scope}' needs {argument}", hint=f"Give {argument}.", path=argument
    )
