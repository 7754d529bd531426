"""The SDK's protocol machinery over a toolbox, whichever transport carries it."""

from __future__ import annotations

import logging
from hashlib import sha256
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.calls import CallAbandonedError, Exchange
from pgmcp.entrypoints.mcp.response import MCPResponse
from pgmcp.entrypoints.mcp.server import EXCHANGE, INTERNAL, REQUEST_CANCELLED, MCPServer

_SESSION_HEADER = "mcp-session-id"
_SESSION_CHARACTERS = 12
_TOKEN = "progress_token"  # noqa: S105 -- the SDK's name for MCP's progressToken, no secret

_log = logging.getLogger(__name__)

_Context = ServerRequestContext[Any, Any]


def sdk_server(server: MCPServer) -> Server[Any]:
    """The SDK's low-level server, which asks ours for the tools and their calls.

    Args:
        server: Ours.
    """

    async def list_tools(
        context: _Context,
        params: types.PaginatedRequestParams | None,
    ) -> types.ListToolsResult:
        """Answer `tools/list`, all of it at once: it has a budget of bytes that no page needs to cut."""
        if params is not None and params.cursor:
            # No page was ever followed by another. MCP specification, "Pagination", "Error Handling".
            raise MCPError(types.INVALID_PARAMS, "The cursor is not one that this server gave.")
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.input_schema,
                    annotations=types.ToolAnnotations.model_validate(tool.annotations),
                )
                for tool in server.toolbox.tools(_caller(server, context.request)[0])
            ]
        )

    async def call_tool(context: _Context, params: types.CallToolRequestParams) -> Any:
        """Answer `tools/call` from the exchange that the transport sent along."""
        # On stdio the SDK hands on what our own transport attached, over HTTP Starlette's request.
        sent: Any = context.request
        exchange = sent if isinstance(sent, Exchange) else sent.scope[EXCHANGE]
        meta = context.meta or {}
        progress = context.session.report_progress if _TOKEN in meta else None
        principal, session = _caller(server, sent)
        controls = server.controls(
            meta, progress=progress, detached=exchange.detached, principal=principal, session=session
        )
        try:
            answer = await server.calls.run(server.toolbox.call(params.name, exchange.arguments, controls), exchange)
        except CallAbandonedError:
            raise MCPError(*REQUEST_CANCELLED) from None
        except Exception as error:  # noqa: BLE001 -- the SDK would send its message, and that may hold anything
            _log.error("a tool broke its promise and raised %s", type(error).__name__)
            raise MCPError(*INTERNAL) from None
        return MCPResponse(answer).document()

    return Server(
        server.toolbox.name,
        version=server.toolbox.version,
        instructions=server.toolbox.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _caller(server: MCPServer, request: object) -> tuple[Principal, str]:
    """Who calls, and what the call came in by: a digest of the HTTP session where there is one."""
    if request is None or isinstance(request, Exchange):
        return server.principal, server.session
    # Imported where HTTP is: a server on stdio starts without them.
    from starlette.requests import Request

    from pgmcp.entrypoints.mcp.identity.door import principal_of

    if not isinstance(request, Request):
        return server.principal, server.session
    session = request.headers.get(_SESSION_HEADER)
    digest = server.session if session is None else sha256(session.encode()).hexdigest()[:_SESSION_CHARACTERS]
    return principal_of(request.scope, server.principal), digest
