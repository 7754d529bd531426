"""The SDK's own client in each protocol version, over each transport."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import mcp_types as types
from mcp import MCPError
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

VERSIONS = ("2025-06-18", "2025-11-25", "2026-07-28")

_MODERN = "2026-07-28"
_CLIENT = types.Implementation(name="test", version="1")


@asynccontextmanager
async def sdk_session(target: StdioServerParameters | str, version: str) -> AsyncIterator[ClientSession]:
    """A session that is ready to call.

    Args:
        target: The command that serves on stdio, or the URL of a server.
        version: The protocol version to speak.
    """
    transport: AbstractAsyncContextManager[Any] = (
        streamable_http_client(target) if isinstance(target, str) else stdio_client(target)
    )
    async with transport as (read, write), ClientSession(read, write, client_info=_CLIENT) as session:
        if version == _MODERN:
            await _discovered(session)
        else:
            session.adopt(await session.send_request(_initialize(version), types.InitializeResult))
            await session.send_notification(types.InitializedNotification())
        assert session.protocol_version == version
        yield session


async def _discovered(session: ClientSession) -> None:
    """Ask until there is an answer: a try has ten seconds, in which a busy machine may not start a process."""
    while True:
        try:
            await session.discover()
        except MCPError as error:
            if error.code != types.REQUEST_TIMEOUT:
                raise
        else:
            return


def _initialize(version: str) -> types.InitializeRequest:
    """The handshake's first request, in a version that need not be the newest."""
    return types.InitializeRequest(
        params=types.InitializeRequestParams(
            protocol_version=version, capabilities=types.ClientCapabilities(), client_info=_CLIENT
        )
    )
