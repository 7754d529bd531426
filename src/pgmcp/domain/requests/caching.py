"""Requests about the cache of results."""

from __future__ import annotations

from typing import TypeVar

from attrs import frozen

from pgmcp.domain.arguments import argument
from pgmcp.domain.requests.base import RequestBase
from pgmcp.domain.responses import AcknowledgementResponse, DescriptionResponse
from pgmcp.domain.responses.base import ResponseBase

R = TypeVar("R", bound=ResponseBase, covariant=True)


@frozen(kw_only=True)
class CacheRequest(RequestBase[R]):
    """A command on the cache."""


@frozen(kw_only=True)
class GetCacheStatsRequest(CacheRequest[DescriptionResponse]):
    """Tell what the cache has done and what it holds."""


@frozen(kw_only=True)
class ClearCacheRequest(CacheRequest[AcknowledgementResponse]):
    """Forget kept results.

    Args:
        scope: `all`, `table` or `schema`.
        table: The table, with `scope` `table`; `schema.table` works too.
        schema: The table's schema, or the schema with `scope` `schema`.
    """

    scope: str = argument("all", choices=("all", "table", "schema"))
    table: str | None = argument(None, doc="with scope table")
    schema: str | None = argument(None, doc="with scope schema, or the table's")
