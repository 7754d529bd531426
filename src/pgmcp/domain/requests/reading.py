"""Requests that read the catalogue and relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from pgmcp.domain.arguments import Filters, argument
from pgmcp.domain.requests.base import RowsRequest, SchemaRequest, TableRequest
from pgmcp.domain.responses import DataResponse, DescriptionResponse

OrderBy = str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]

ORDER_SCHEMA = {"type": ["string", "array", "object"]}
FILTER_SCHEMA = {"type": "object"}


@frozen(kw_only=True)
class ListSchemasRequest(SchemaRequest[DataResponse]):
    """List schemas.

    Args:
        include_system: Whether `pg_catalog`, `information_schema` and their like are listed too.
    """

    include_system: bool = False


@frozen(kw_only=True)
class ListTablesRequest(SchemaRequest[DataResponse]):
    """List relations, by name.

    Args:
        schema: Only this schema's; None for all that are not the system's.
        search: A text found anywhere in name or comment, whatever its case.
        include_views: Whether views and materialised views are listed.
        limit: Names at the most.
        cursor: `next_cursor` of the answer before.
    """

    schema: str | None = None
    search: str | None = argument(None, doc="part of name or comment")
    include_views: bool = True
    limit: int = argument(500, minimum=1, maximum=1000)
    cursor: str | None = None


@frozen(kw_only=True)
class DescribeTableRequest(TableRequest[DescriptionResponse]):
    """Describe one relation.

    Args:
        columns: Only these columns; None or an empty list for all.
        cursor: `next_cursor` of the answer before, for wide tables.
    """

    columns: Sequence[str] | None = None
    cursor: str | None = None


@frozen(kw_only=True)
class ReadRequest(RowsRequest[DataResponse]):
    """Read rows of one relation.

    Args:
        columns: The columns wanted; None or an empty list for all.
        filters: What must hold of a row.
        order_by: A name, `-name` for descending, an object with `column`, or a list of those.
        ascending: False turns the whole order round.
        limit: Rows at the most; None for `read_default_limit`.
        offset: Rows to pass over.
        cursor: `next_cursor` of the answer before; the other arguments stay as they were.
    """

    columns: Sequence[str] | None = None
    filters: Filters | None = argument(None, schema=FILTER_SCHEMA)
    order_by: OrderBy | None = argument(None, doc="column, -column or a list", schema=ORDER_SCHEMA)
    ascending: bool = True
    limit: int | None = argument(None, minimum=0)
    offset: int = argument(0, minimum=0)
    cursor: str | None = None
