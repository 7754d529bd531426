"""The root of all requests: a request is the command, the same whichever way it comes in."""

from __future__ import annotations

from typing import Generic, TypeVar

from attrs import field, frozen

from pgmcp.domain.arguments import MARK, Argument
from pgmcp.domain.responses import ResponseBase

R = TypeVar("R", bound=ResponseBase, covariant=True)

# Every tool takes it, so its schema leaves out the bounds: an agent pays for them once a tool, and never needs them.
TIMEOUT = Argument(minimum=1, maximum=86_400_000, schema={"type": "integer"})


@frozen(kw_only=True)
class RequestBase(Generic[R]):
    """A command, with the response that it ends with as its parameter.

    Args:
        timeout_ms: The call's whole deadline in milliseconds; None for the server's `call_timeout_s`.
    """

    timeout_ms: int | None = field(default=None, metadata={MARK: TIMEOUT})


@frozen(kw_only=True)
class TableRequest(RequestBase[R]):
    """A command on one relation.

    Args:
        table: The relation's name; `schema.table` works too.
        schema: Its schema; None for the first match along the search path.
    """

    table: str = field(metadata={MARK: Argument()})
    schema: str | None = field(default=None, metadata={MARK: Argument()})


@frozen(kw_only=True)
class RowsRequest(TableRequest[R]):
    """A command on rows of one relation.

    Args:
        transaction_id: The transaction to do it in, from `begin_transaction`; None for one of its own.
    """

    transaction_id: str | None = field(default=None, metadata={MARK: Argument()})


@frozen(kw_only=True)
class WriteRequest(RowsRequest[R]):
    """A command that changes rows of one relation.

    Args:
        idempotency_key: Asked for again with the same key, it is done once and answered the same; None for no key.
    """

    idempotency_key: str | None = field(default=None, metadata={MARK: Argument()})


@frozen(kw_only=True)
class SchemaRequest(RequestBase[R]):
    """A command on the catalogue."""


@frozen(kw_only=True)
class QueryRequest(RequestBase[R]):
    """A command that holds a statement of the caller's own.

    Args:
        transaction_id: The transaction to do it in, from `begin_transaction`; None for one of its own.
    """

    transaction_id: str | None = field(default=None, metadata={MARK: Argument()})
