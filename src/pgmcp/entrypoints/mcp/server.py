"""The MCP server: a toolbox, the calls that run, and what surrounds each; whichever transport carries them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgmcp.domain.calls import Principal, new_id
from pgmcp.entrypoints.mcp.calls import RunningCalls
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.toolbox import CallControls, ReportProgress, Toolbox

if TYPE_CHECKING:
    from mcp.server.lowlevel.server import Server

EXCHANGE = "pgmcp.exchange"
"""Where an ASGI scope holds the exchange of its `tools/call`."""

REQUEST_CANCELLED = (-32800, "Request cancelled")
"""What a call is answered that the server itself has cancelled: JSON-RPC's code and text."""
INTERNAL = (-32603, "Internal error")
"""What a call is answered whose tool has failed."""


class MCPServer:
    """Who answers the tools, for every transport.

    The transports read frames; everyday ones are answered from here, and the SDK answers all else, for every protocol
    version that it serves.

    Args:
        toolbox: Who answers the tools.
        limits: The bounds of serving.
        principal: In whose name the transport's client calls, where no token says so.

    Attributes:
        session: What calls come in by that belong to no session of HTTP's.
    """

    def __init__(self, toolbox: Toolbox, limits: ServeLimits, principal: Principal) -> None:
        self.toolbox = toolbox
        self.limits = limits
        self.calls = RunningCalls(limits.settle_s)
        self.principal = principal
        self.session = secrets.token_hex(4)

    @cached_property
    def sdk(self) -> Server[Any]:
        """The SDK's server over the same tools; it is imported by whoever asks for it first."""
        from pgmcp.entrypoints.mcp.sdk import sdk_server

        return sdk_server(self)

    def controls(
        self,
        meta: Mapping[str, Any],
        *,
        progress: ReportProgress | None = None,
        detached: bool = False,
        principal: Principal | None = None,
        session: str | None = None,
    ) -> CallControls:
        """What surrounds a call.

        Args:
            meta: The call's `_meta`.
            progress: Where its progress goes, if the caller asked for it.
            detached: Whether the caller may leave without ending a write.
            principal: Who calls, where the transport's client is not the one.
            session: What it came in by, where that is a session of its own.
        """
        trace = meta.get("traceparent")
        return CallControls(
            id=new_id(),
            principal=principal or self.principal,
            session=session or self.session,
            progress=progress,
            trace=trace if isinstance(trace, str) else None,
            detached=detached,
        )
