"""Transactions of an embedding program: a block that commits at its end, and rolls back when it raises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import fields_dict

from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.requests import (
    BeginTransactionRequest,
    CommitTransactionRequest,
    CreateSavepointRequest,
    ReleaseSavepointRequest,
    RequestBase,
    RollbackTransactionRequest,
)
from pgmcp.domain.responses import ResponseBase
from pgmcp.handlers.decoding import given

if TYPE_CHECKING:
    from pgmcp.entrypoints.api.client import Client

R = TypeVar("R", bound=ResponseBase)


class ClientTransaction:
    """A transaction that is open; made by `Client.transaction`.

    Attributes:
        id: Its handle, as requests take it in `transaction_id`.
    """

    def __init__(self, client: Client, id_: str) -> None:
        """Call within the transaction of that handle."""
        self.id = id_
        self._client = client
        self._savepoints = 0

    async def call(self, request: RequestBase[R]) -> R:
        """Carry out a request inside; one that takes no `transaction_id`, such as a listing, outside.

        Raises:
            PgmcpError: As `Client.call`; after an error only rolling back is left, wholly or to a savepoint.
        """
        if not _runs_inside(cast("Any", type(request))):
            return await self._client.call(request)
        # By its arguments, which are what is decoded: another request would be taken apart again.
        arguments = {**given(request), "transaction_id": self.id}
        return await self._client._call(request, arguments)  # noqa: SLF001 -- a client's own other half

    @asynccontextmanager
    async def savepoint(self, name: str | None = None) -> AsyncIterator[str]:
        """A part that is undone by itself when its block raises, which leaves the transaction whole.

        Args:
            name: Its name; None for one of its own.

        Yields:
            The name.
        """
        self._savepoints += 1
        name = f"savepoint {self._savepoints}" if name is None else name
        await self.call(CreateSavepointRequest(transaction_id=self.id, name=name))
        try:
            yield name
        except BaseException:
            # What ended the whole transaction has ended this part as well; the block's own error says more.
            with suppress(PgmcpError):
                await self.call(RollbackTransactionRequest(transaction_id=self.id, savepoint=name))
                await self.call(ReleaseSavepointRequest(transaction_id=self.id, name=name))
            raise
        await self.call(ReleaseSavepointRequest(transaction_id=self.id, name=name))


@cache
def _runs_inside(request: Any) -> bool:  # mypy doesn't see that a generic class can be hashed
    """Whether a class of requests takes a transaction."""
    return "transaction_id" in fields_dict(request)


@asynccontextmanager
async def transaction(client: Client, begin: BeginTransactionRequest) -> AsyncIterator[ClientTransaction]:
    """A block in a transaction.

    Raises:
        PgmcpError: It could not begin, or not be committed; `details.outcome` says how it ended.
    """
    within = ClientTransaction(client, (await client.call(begin)).transaction_id)
    try:
        yield within
    except BaseException:
        with suppress(PgmcpError):
            await client.call(RollbackTransactionRequest(transaction_id=within.id))
        raise
    await client.call(CommitTransactionRequest(transaction_id=within.id))
