"""The fixtures that the conformance suite calls by name, behind pgmcp's own MCPServer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.mcp.hosts import allowed
from pgmcp.entrypoints.mcp.http import http_gate, listening_socket, serve_socket, url_of
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.toolbox import CallControls, ToolAnswer, ToolListing

_NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
_SCHEMA_2020: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}},
    },
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "additionalProperties": False,
}
_SCHEMAS = {
    "test_simple_text": _NO_ARGUMENTS,
    "test_error_handling": _NO_ARGUMENTS,
    "test_tool_with_progress": _NO_ARGUMENTS,
    "json_schema_2020_12_tool": _SCHEMA_2020,
}


class Fixtures:
    """The tools of the suite's scenarios, as their descriptions ask for them."""

    name = "pgmcp-conformance"
    version = "0"
    instructions = "Fixtures of the conformance suite."

    def tools(self, principal: Principal) -> Sequence[ToolListing]:
        return [
            ToolListing(
                name=name, description=f"The suite's {name}.", input_schema=schema, annotations={"readOnlyHint": True}
            )
            for name, schema in _SCHEMAS.items()
        ]

    def is_read(self, name: str, arguments: bytes) -> bool:
        return True

    async def stopping(self) -> None:
        """Nothing is held."""

    async def call(self, name: str, arguments: bytes, controls: CallControls) -> ToolAnswer:
        match name:
            case "test_simple_text":
                return ToolAnswer(text=b"This is a simple text response for testing.", is_error=False)
            case "test_tool_with_progress":
                for done in (0, 50, 100):
                    if controls.progress is not None:
                        await controls.progress(done, 100, None)
                return ToolAnswer(text=b"Progress completed", is_error=False)
            case "json_schema_2020_12_tool":
                return ToolAnswer(text=arguments, is_error=False)
            case _:
                return ToolAnswer(text=b"This tool intentionally returns an error for testing", is_error=True)


@asynccontextmanager
async def fixture_server() -> AsyncIterator[str]:
    """Serve the fixtures on a free port; gives the URL."""
    listener = listening_socket("127.0.0.1", 0)
    gate = http_gate(MCPServer(Fixtures(), ServeLimits(), Principal("conformance")), allowed(Settings()))
    stop = asyncio.Event()
    url = url_of(listener)
    serving = asyncio.create_task(serve_socket(gate, listener, stop, gate.close, ServeLimits()))
    try:
        yield url
    finally:
        stop.set()
        await serving
