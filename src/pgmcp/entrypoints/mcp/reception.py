"""What a session needs beside its calls, answered without the SDK: the handshake, pings, the list of tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.handshake import Handshake
from pgmcp.entrypoints.mcp.toolbox import Toolbox

_MEMBERS = frozenset({"jsonrpc", "id", "method", "params"})


class Reception:
    """Answers the everyday requests of one session that call no tool.

    Args:
        toolbox: Who serves.
        principal: In whose name the client asks.
        handshake: The session's.
    """

    def __init__(self, toolbox: Toolbox, principal: Principal, handshake: Handshake) -> None:
        self._toolbox = toolbox
        self._principal = principal
        self._handshake = handshake

    def result_of(self, message: Mapping[str, Any], *, alone: bool) -> dict[str, Any] | None:
        """The result of a request; None where the SDK has to say it.

        Args:
            message: A request: it has an id.
            alone: Whether the SDK has no part in this session so far.
        """
        if not _MEMBERS.issuperset(message):
            return None
        method = message.get("method")
        if method == "initialize":
            return self._handshake.greet(message, self._toolbox) if alone else None
        if message.get("params"):
            return None  # whatever they ask for
        if method == "ping" and (alone or self._handshake.done):
            return {}
        if method == "tools/list" and self._handshake.done:
            return {"tools": listed(self._toolbox, self._principal)}
        return None


def listed(toolbox: Toolbox, principal: Principal) -> list[dict[str, Any]]:
    """The tools that a principal sees, in the protocol's words.

    Args:
        toolbox: Whose tools.
        principal: Who looks.
    """
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "inputSchema": tool.input_schema,
            "annotations": tool.annotations,
        }
        for tool in toolbox.tools(principal)
    ]
