"""The asynchronous client."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from typing import Self, TypeVar, cast

from pgmcp.domain.calls import Principal, Progress
from pgmcp.domain.requests import BeginTransactionRequest, RequestBase
from pgmcp.domain.responses import ResponseBase
from pgmcp.domain.results import Form
from pgmcp.domain.transactions import Isolation
from pgmcp.entrypoints.api.belonging import Belonging
from pgmcp.entrypoints.api.tools import Tool
from pgmcp.entrypoints.api.transaction import ClientTransaction, transaction
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.dispatch import Caller
from pgmcp.handlers.preparing import Arguments
from pgmcp.handlers.registry import HANDLERS

R = TypeVar("R", bound=ResponseBase)

_NAMES = {handler.request: handler.name for handler in HANDLERS}


class Client:
    """A database, for an asynchronous program; made by `pgmcp.connect` or `pgmcp.memory`.

    Nothing connects before the first call. Use it as an asynchronous context manager, or call `aclose` at the end. One
    that has connections belongs to the event loop of its first call.
    """

    def __init__(self, database: Database) -> None:
        """Call a database."""
        self._database = database
        self._principal = Principal(database.settings.principal)
        # What is in memory is anybody's: tests keep one over many loops.
        self._belonging = None if database.settings.driver == "memory" else Belonging()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; calling again does nothing."""
        if self._belonging is not None:
            self._belonging.close()
        await self._database.aclose()

    async def call(self, request: RequestBase[R], *, progress: Progress | None = None) -> R:
        """Carry out a request.

        Args:
            request: What to do, such as `ReadRequest(table="orders")`.
            progress: Told of the rows done so far, on long writes.

        Returns:
            The request's response; a `DataResponse` has `rows`, dictionaries of Python values.

        Raises:
            PgmcpError: One of its seven subclasses; `code`, `hint` and `retry` say what and what now.
            RuntimeError: The client belongs to another event loop.
            TypeError: What was given is no request of a tool.
        """
        return await self._call(request, request, progress)

    def _call(self, request: RequestBase[R], arguments: Arguments, progress: Progress | None = None) -> Awaitable[R]:
        """Carry out a request with arguments that may say more than it does."""
        name = _NAMES.get(type(request))
        if name is None:
            message = f"call takes a request, such as ReadRequest(table=…), and got {type(request).__name__}"
            raise TypeError(message)
        if self._belonging is not None:
            self._belonging.check()
        caller = Caller(principal=self._principal, form=Form.NATIVE, progress=progress)
        # The tool is the one that declares this class of request, so its response is the request's.
        return cast("Awaitable[R]", self._database.call(name, arguments, caller))

    def transaction(
        self,
        isolation: str = Isolation.READ_COMMITTED.value,
        *,
        read_only: bool = False,
        deferrable: bool = False,
        timeout_s: float | None = None,
        idle_timeout_s: float | None = None,
    ) -> AbstractAsyncContextManager[ClientTransaction]:
        """A block in a transaction: `async with db.transaction(isolation="serializable") as tx: await tx.call(…)`.

        It commits at the block's end, rolls back when the block raises, and ends by itself at its limits.

        Args:
            isolation: `read committed`, `repeatable read`, `serializable` or `read uncommitted`.
            read_only: Whether it refuses every write.
            deferrable: Whether it may wait at its beginning; means something for serializable and read-only alone.
            timeout_s: Its total limit, at most `lease_total_s`.
            idle_timeout_s: How long it may lie idle between two calls, at most `lease_idle_s`.
        """
        return transaction(
            self,
            BeginTransactionRequest(
                isolation_level=isolation,
                read_only=read_only,
                deferrable=deferrable,
                timeout_s=timeout_s,
                idle_timeout_s=idle_timeout_s,
            ),
        )

    def tools(self) -> list[Tool]:
        """The tools that are served, each with name, description, JSON schema and call: for any agent framework."""
        served = self._database.served_to(self._principal)
        return [Tool(handler, self._database, self._principal, self._belonging) for handler in served]
