"""The asynchronous client."""

from __future__ import annotations

from typing import Self, TypeVar, cast

from pgmcp.domain.calls import Principal, Progress
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.responses import ResponseBase
from pgmcp.domain.results import Form
from pgmcp.entrypoints.api.tools import Tool
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.dispatch import Caller
from pgmcp.handlers.registry import HANDLERS

R = TypeVar("R", bound=ResponseBase)

_NAMES = {handler.request: handler.name for handler in HANDLERS}


class Client:
    """A database, for an asynchronous program; made by `pgmcp.connect` or `pgmcp.memory`.

    Nothing connects before the first call. Use it as an asynchronous context manager, or call `aclose` at the end.
    """

    def __init__(self, database: Database) -> None:
        """Call a database."""
        self._database = database
        self._principal = Principal(database.settings.principal)

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; calling again does nothing."""
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
        """
        caller = Caller(principal=self._principal, form=Form.NATIVE, progress=progress)
        # The tool is the one that declares this class of request, so its response is the request's.
        return cast("R", await self._database.call(_NAMES[type(request)], request, caller))

    def tools(self) -> list[Tool]:
        """The tools that are served, each with name, description, JSON schema and call: for any agent framework."""
        return [Tool(handler, self._database, self._principal) for handler in self._database.handlers.values()]
