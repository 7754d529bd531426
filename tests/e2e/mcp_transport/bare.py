"""The SDK's server without our frame layer, over the same tools."""

from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError
from pydantic_core import to_json

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.response import MCPResponse
from pgmcp.entrypoints.mcp.toolbox import CallControls
from tests.e2e.mcp_transport.fake_toolbox import FakeToolbox


def bare_server() -> Server[Any]:
    """A low-level server as the SDK's documentation builds one."""
    toolbox = FakeToolbox()

    async def list_tools(context: ServerRequestContext[Any], params: Any) -> types.ListToolsResult:
        if params is not None and params.cursor:
            raise MCPError(types.INVALID_PARAMS, "The cursor is not one that this server gave.")
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.input_schema,
                    annotations=types.ToolAnnotations.model_validate(tool.annotations),
                )
                for tool in toolbox.tools(Principal("tester"))
            ]
        )

    async def call_tool(context: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Any:
        arguments = to_json(params.arguments or {}, inf_nan_mode="constants")
        controls = CallControls(id="0", principal=Principal("tester"))
        return MCPResponse(await toolbox.call(params.name, arguments, controls)).document()

    return Server(
        toolbox.name,
        version=toolbox.version,
        instructions=toolbox.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
