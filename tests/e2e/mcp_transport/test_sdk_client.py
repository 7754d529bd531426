"""The SDK's own client drives the server in each protocol version, over each transport."""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult, TextContent

from tests.e2e.mcp_transport.sdk_client import VERSIONS, sdk_session
from tests.e2e.mcp_transport.web import web_server

_ROOT = Path(__file__).parents[3]
_COMMAND = StdioServerParameters(
    command=sys.executable,
    args=["-m", "tests.e2e.mcp_transport.serve_fake", "100000", "5"],
    cwd=_ROOT,
    env={"PYTHONPATH": os.pathsep.join((str(_ROOT / "src"), str(_ROOT)))},
)


@asynccontextmanager
async def connected(transport: str, version: str) -> AsyncIterator[ClientSession]:
    """A session over a transport."""
    if transport == "stdio":
        async with sdk_session(_COMMAND, version) as session:
            yield session
    else:
        async with web_server() as server, sdk_session(server.url, version) as session:
            yield session


def text_of(result: object) -> str:
    """The one text block of a result."""
    assert isinstance(result, CallToolResult)
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("version", VERSIONS)
async def test_the_sdk_s_client_is_served(transport: str, version: str) -> None:
    """Listing, calls with arguments, errors and progress, as the client hands them to its caller."""
    async with connected(transport, version) as session:
        listed = (await session.list_tools()).tools
        assert [tool.name for tool in listed][:2] == ["echo", "controls"]
        assert listed[0].model_dump(by_alias=True, exclude_none=True) == {
            "name": "echo",
            "description": "The tool echo.",
            "inputSchema": {
                "type": "object",
                "properties": {"a": {"type": "number"}},
                "additionalProperties": True,
            },
            "annotations": {
                "readOnlyHint": True,
                "destructiveHint": False,
                "idempotentHint": True,
                "openWorldHint": False,
            },
        }

        given = {"a": 123456789012345678901234567890, "é": [None, True, {"b": "😀"}]}
        echoed = await session.call_tool("echo", given)
        assert (json.loads(text_of(echoed)), echoed.is_error) == (given, False)

        failed = await session.call_tool("fail")
        assert (text_of(failed), failed.is_error) == ('{"error":{"type":"query_error"}}', True)

        steps: list[tuple[float, float | None, str | None]] = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            steps.append((progress, total, message))

        assert text_of(await session.call_tool("progress", progress_callback=note)) == '"done"'
        assert steps == [(1, 3, "step 1"), (2, 3, "step 2"), (3, 3, "step 3")]
