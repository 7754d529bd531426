"""How a session begins: `initialize`, answered here where nothing about it is out of the ordinary.

The SDK takes longer to import than everything else of a server, so a client would wait for it before its first answer.
What the SDK would say follows from the toolbox alone; a test holds this answer against the SDK's own.
Source: MCP specification, "Lifecycle".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgmcp.entrypoints.mcp.frames import RequestId
from pgmcp.entrypoints.mcp.toolbox import Toolbox

VERSIONS = frozenset({"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"})
"""A session's versions, whose results have the same members; 2026-07-28 has no session, its calls say so each."""

_INITIALIZED = "notifications/initialized"
_PARAMS = frozenset({"protocolVersion", "capabilities", "clientInfo"})
_CLIENT = frozenset({"name", "title", "version", "description", "websiteUrl"})


class Handshake:
    """What has been seen of a session's beginning.

    Attributes:
        greeted: The client's `initialize`, where it was answered here and not by the SDK.
        initialized: Whether the client has said that it goes on from there.
    """

    def __init__(self) -> None:
        self.greeted: Mapping[str, Any] | None = None
        self.initialized = False
        self._asked: RequestId | None = None
        self._agreed = False

    @property
    def done(self) -> bool:
        """Whether calls are served now, in a version whose answers are known here."""
        return self._agreed and self.initialized

    @property
    def begun(self) -> bool:
        """Whether a client has asked for a session already."""
        return self._agreed or self._asked is not None

    def is_beside(self, message: Mapping[str, Any]) -> bool:
        """Whether a client goes on from a greeting that nobody gave: what the SDK makes of it, it has to hear."""
        return message.get("method") == _INITIALIZED and not self.begun

    def said(self, message: Mapping[str, Any]) -> None:
        """The client said something that is not a call."""
        if message.get("method") == "initialize":
            self._asked, self._agreed, self.initialized = message.get("id"), False, False
        elif message.get("method") == _INITIALIZED:
            self.initialized = self._agreed

    def answered(self, request: RequestId, result: Mapping[str, Any]) -> None:
        """The SDK gave a result."""
        if request == self._asked:
            self._asked, self._agreed = None, result.get("protocolVersion") in VERSIONS

    def greet(self, message: Mapping[str, Any], toolbox: Toolbox) -> dict[str, Any] | None:
        """The result of a session's first `initialize`; None where the SDK has to look at it.

        Args:
            message: The request.
            toolbox: Who serves.
        """
        params = message.get("params")
        if self.begun or not isinstance(params, dict) or not _is_plain(params):
            return None
        self.greeted, self._agreed = message, True
        return {
            "capabilities": {"tools": {"listChanged": False}},
            "instructions": toolbox.instructions,
            "protocolVersion": params["protocolVersion"],
            "serverInfo": {"name": toolbox.name, "version": toolbox.version},
        }


def _is_plain(params: dict[str, Any]) -> bool:
    """Whether a client asks for a known version and says of itself what every version of the protocol lets it say."""
    client, capabilities = params.get("clientInfo"), params.get("capabilities")
    return (
        params.keys() == _PARAMS
        and params["protocolVersion"] in VERSIONS
        and isinstance(capabilities, dict)
        and _is_switches(capabilities)
        and isinstance(client, dict)
        and {"name", "version"} <= client.keys() <= _CLIENT
        and all(isinstance(each, str) for each in client.values())
    )


def _is_switches(capabilities: dict[str, Any]) -> bool:
    """Whether capabilities say no more than what is there, and whether it changes."""
    return all(
        _is_switches(each) if isinstance(each, dict) else name == "listChanged" and isinstance(each, bool)
        for name, each in capabilities.items()
    )
