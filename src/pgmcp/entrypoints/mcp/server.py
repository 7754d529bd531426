"""The MCP server: the SDK's protocol machinery over a toolbox, whichever transport carries it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.calls import CallAbandonedError, Exchange, RunningCalls
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.response import MCPResponse
from pgmcp.entrypoints.mcp.toolbox import CallControls, ReportProgress, Toolbox

EXCHANGE = "pgmcp.exchange"
"""Where an ASGI scope holds the exchange of its `tools/call`."""

REQUEST_CANCELLED = (-32800, "Request cancelled")
"""What a call is answered that the server itself has cancelled: JSON-RPC's code and text."""
INTERNAL = (types.INTERNAL_ERROR, "Internal error")
"""What a call is answered whose tool has failed."""

_SESSION_HEADER = "mcp-session-id"
_SESSION_CHARACTERS = 12
_TOKEN = "progress_token"  # noqa: S105 -- the SDK's name for MCP's progressToken, no secret

_log = logging.getLogger(__name__)

_Context = ServerRequestContext[Any, Any]


class MCPServer:
    """A toolbox behind the SDK's low-level server.

    The transports read frames; this answers `tools/list` and `tools/call` and lets the SDK answer all else, for
    every protocol version that the SDK serves.

    Args:
        toolbox: Who answers the tools.
        limits: The bounds of serving.
        principal: In whose name the transport's client calls, where no token says so.
    """

    def __init__(self, toolbox: Toolbox, limits: ServeLimits, principal: Principal) -> None:
        self.toolbox = toolbox
        self.limits = limits
        self.calls = RunningCalls(limits.shutdown_grace_s)
        self._principal = principal
        self._session = secrets.token_hex(4)
        self.sdk: Server[Any] = Server(
            toolbox.name,
            version=toolbox.version,
            instructions=toolbox.instructions,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )

    def controls(
        self,
        meta: Mapping[str, Any],
        *,
        progress: ReportProgress | None = None,
        detached: bool = False,
        request: object = None,
    ) -> CallControls:
        """What surrounds a call.

        Args:
            meta: The call's `_meta`.
            progress: Where its progress goes, if the caller asked for it.
            detached: Whether the caller may leave without ending a write.
            request: What it came with, of Starlette's over HTTP.
        """
        principal, session = self._caller(request)
        trace = meta.get("traceparent")
        return CallControls(
            id=secrets.token_hex(8),
            principal=principal,
            session=session,
            progress=progress,
            trace=trace if isinstance(trace, str) else None,
            detached=detached,
        )

    async def _list_tools(
        self, context: _Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Answer `tools/list`, all of it at once: it has a budget of bytes that no page needs to cut."""
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.input_schema,
                    annotations=types.ToolAnnotations.model_validate(tool.annotations),
                )
                for tool in self.toolbox.tools(self._caller(context.request)[0])
            ]
        )

    def _caller(self, request: object) -> tuple[Principal, str]:
        """Who calls, and what the call came in by: a digest of the HTTP session where there is one."""
        if request is None or isinstance(request, Exchange):
            return self._principal, self._session
        # Imported where HTTP is: a server on stdio starts without them.
        from starlette.requests import Request

        from pgmcp.entrypoints.mcp.identity.door import principal_of

        if not isinstance(request, Request):
            return self._principal, self._session
        session = request.headers.get(_SESSION_HEADER)
        digest = self._session if session is None else sha256(session.encode()).hexdigest()[:_SESSION_CHARACTERS]
        return principal_of(request.scope, self._principal), digest

    async def _call_tool(self, context: _Context, params: types.CallToolRequestParams) -> Any:
        """Answer `tools/call` from the exchange that the transport sent along."""
        # On stdio the SDK hands on what our own transport attached, over HTTP Starlette's request.
        sent: Any = context.request
        exchange = sent if isinstance(sent, Exchange) else sent.scope[EXCHANGE]
        meta = context.meta or {}
        progress = context.session.report_progress if _TOKEN in meta else None
        controls = self.controls(meta, progress=progress, detached=exchange.detached, request=sent)
        try:
            answer = await self.calls.run(self.toolbox.call(params.name, exchange.arguments, controls), exchange)
        except CallAbandonedError:
            raise MCPError(*REQUEST_CANCELLED) from None
        except Exception as error:  # noqa: BLE001 -- the SDK would send its message, and that may hold anything
            _log.error("a tool broke its promise and raised %s", type(error).__name__)
            raise MCPError(*INTERNAL) from None
        return MCPResponse(answer).document()
