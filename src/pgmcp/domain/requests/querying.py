"""Requests that hold a statement of the caller's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from pgmcp.domain.arguments import MARK, Argument, argument
from pgmcp.domain.requests.base import QueryRequest
from pgmcp.domain.responses import AcknowledgementResponse, DataResponse, PlanResponse

PARAMS = Argument(doc="values of $1, $2…")


@frozen(kw_only=True)
class ExecuteQueryRequest(QueryRequest[DataResponse | AcknowledgementResponse]):
    """Run one SQL statement.

    Args:
        query: The statement; parameters stand as `$1`, `$2`….
        params: Their values, in order.
        read_only: Whether it runs in a read-only transaction.
        max_rows: Rows at the most; None for the server's `max_rows`.
        idempotency_key: For a write: asked for again with the same key, it is done once and answered the same.
    """

    query: str = field(repr=False, metadata={MARK: Argument()})
    params: Sequence[Any] = field(default=(), repr=False, metadata={MARK: PARAMS})
    read_only: bool = True
    max_rows: int | None = argument(None, minimum=1)
    idempotency_key: str | None = None


@frozen(kw_only=True)
class ExplainQueryRequest(QueryRequest[PlanResponse]):
    """Show how PostgreSQL would run one SQL statement.

    Args:
        query: The statement; parameters stand as `$1`, `$2`….
        params: Their values, in order.
        analyze: Run it too, inside a transaction that is rolled back, and tell times, rows and buffers.
    """

    query: str = field(repr=False, metadata={MARK: Argument()})
    params: Sequence[Any] = field(default=(), repr=False, metadata={MARK: PARAMS})
    analyze: bool = argument(default=False, doc="run it, rolled back")
