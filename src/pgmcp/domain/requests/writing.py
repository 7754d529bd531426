"""Requests that change rows."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from pgmcp.domain.arguments import Filters, argument
from pgmcp.domain.requests.base import WriteRequest
from pgmcp.domain.requests.reading import FILTER_SCHEMA
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse

Record = Mapping[str, Any]
Returning = bool | str | Sequence[str]
Written = DataResponse | AcknowledgementResponse

RETURNING_SCHEMA = {"type": ["array", "boolean"]}
CONFLICT_SCHEMA = {"type": ["string", "object"]}
RETURNING_DOC = "columns to give back; true: all"


@frozen(kw_only=True)
class CreateRequest(WriteRequest[Written]):
    """Add one row.

    Args:
        data: Values by column; columns not named take their default.
        returning: Columns of the new row to give back; True for all.
    """

    data: Record = field(repr=False)
    returning: Returning | None = argument(None, doc=RETURNING_DOC, schema=RETURNING_SCHEMA)


@frozen(kw_only=True)
class CreateBatchRequest(WriteRequest[Written]):
    """Add many rows, all or none.

    Args:
        records: The rows, each as `data` of `CreateRequest`; in Python any iterable or asynchronous iterable.
        returning: As in `CreateRequest`.
        batch_size: Rows sent to the server at a time.
        on_conflict: `error` (default), `ignore`, `update`, or an object: `action`; `columns`, the unique key that is
            meant (default the primary key); `update`, the columns that take the new values (default all others given).
    """

    records: Iterable[Record] | AsyncIterable[Record] = argument(schema={"type": "array", "items": {"type": "object"}})
    returning: Returning | None = argument(None, doc=RETURNING_DOC, schema=RETURNING_SCHEMA)
    batch_size: int = argument(1000, minimum=1, maximum=10_000)
    on_conflict: str | Mapping[str, Any] | None = argument(
        None, doc="error, ignore, update or {action,columns,update}", schema=CONFLICT_SCHEMA
    )


@frozen(kw_only=True)
class UpdateRequest(WriteRequest[Written]):
    """Change the rows that match.

    Args:
        filters: Which rows; must say something.
        data: New values by column.
        returning: Columns of the changed rows to give back; True for all.
        max_rows: More rows than this: an error and no change. None for the server's `max_write_rows`.
        dry_run: Say what would change, and change nothing.
    """

    filters: Filters = argument(schema=FILTER_SCHEMA)
    data: Record = field(repr=False)
    returning: Returning | None = argument(None, doc=RETURNING_DOC, schema=RETURNING_SCHEMA)
    max_rows: int | None = argument(None, minimum=1)
    dry_run: bool = False


@frozen(kw_only=True)
class DeleteRequest(WriteRequest[Written]):
    """Remove the rows that match.

    Args:
        filters: Which rows; must say something.
        returning: Columns of the removed rows to give back; True for all.
        max_rows: More rows than this: an error and no change. None for the server's `max_write_rows`.
        dry_run: Say what would go, and remove nothing.
    """

    filters: Filters = argument(schema=FILTER_SCHEMA)
    returning: Returning | None = argument(None, doc=RETURNING_DOC, schema=RETURNING_SCHEMA)
    max_rows: int | None = argument(None, minimum=1)
    dry_run: bool = False
