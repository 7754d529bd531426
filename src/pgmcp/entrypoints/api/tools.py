"""A tool as agent frameworks take it: a name, a description, a JSON schema and something to await."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.results import Form
from pgmcp.entrypoints.api.belonging import Belonging
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.rendering import render
from pgmcp.entrypoints.schemas import input_schema
from pgmcp.handlers.base import AnyHandler
from pgmcp.handlers.dispatch import Caller


class Tool:
    """One tool of one database.

    Attributes:
        name: The tool's name.
        description: What an agent needs to know to use it.
        schema: The JSON schema of its arguments.
    """

    def __init__(
        self, handler: AnyHandler, database: Database, principal: Principal, belonging: Belonging | None
    ) -> None:
        """Call `handler` for `principal`, where the client may be used."""
        self.name = handler.name
        self.description = handler.summary
        self.schema = input_schema(handler.request, without=database.unfillable)
        self._handler = handler
        self._database = database
        self._principal = principal
        self._belonging = belonging

    def __repr__(self) -> str:
        """The name."""
        return f"Tool({self.name!r})"

    async def call(self, arguments: Mapping[str, Any] | str | bytes | None = None, /, **named: Any) -> str:
        """Call the tool as a model would.

        Args:
            arguments: A mapping, or the JSON text that a model wrote, every digit of which is kept.
            **named: Arguments by name, instead of or beside a mapping.

        Returns:
            The answer's JSON text as MCP gives it; an error is an answer too, `{"error":{…}}`.

        Raises:
            RuntimeError: The client belongs to another event loop.
        """
        given: Mapping[str, Any] | bytes
        if isinstance(arguments, (str, bytes)):
            given = arguments.encode() if isinstance(arguments, str) else arguments
        else:
            given = {**(arguments or {}), **named}
        try:
            if self._belonging is not None:
                self._belonging.check()
            response = await self._database.dispatcher.dispatch(
                self._handler, given, Caller(principal=self._principal, form=Form.WIRE)
            )
        except PgmcpError as error:
            return render(error.response).decode()
        return render(response).decode()
