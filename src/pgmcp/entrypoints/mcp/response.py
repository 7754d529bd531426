"""An answer in MCP's words: what pgmcp says becomes the result or the error of a JSON-RPC request."""

from __future__ import annotations

import json
from typing import Any

from attrs import frozen

from pgmcp.entrypoints.mcp.frames import Refused
from pgmcp.entrypoints.mcp.toolbox import ToolAnswer


@frozen
class MCPResponse:
    """A tool's answer as MCP's `CallToolResult`: one text block, the data sent once.

    Args:
        answer: What the tool answered.
    """

    answer: ToolAnswer

    def document(self) -> dict[str, Any]:
        """The result object.

        Returns:
            JSON values under the protocol's names. `resultType` is required by 2026-07-28; clients of older versions
            let members pass that they don't know.
        """
        return {
            "resultType": "complete",
            "content": [{"type": "text", "text": self.answer.text.decode()}],
            "isError": self.answer.is_error,
        }


def refusal(refused: Refused) -> dict[str, Any]:
    """The JSON-RPC answer to a frame that is refused.

    Args:
        refused: The frame.

    Returns:
        For a `tools/call` whose id is known a result that an agent can read, with a typed error; for everything
        else a JSON-RPC error.
    """
    if refused.method == "tools/call" and refused.id is not None:
        text = compact({"error": refused.fault.as_tool_error().document()})
        result = MCPResponse(ToolAnswer(text=text, is_error=True)).document()
        return {"jsonrpc": "2.0", "id": refused.id, "result": result}
    error = {"code": refused.fault.rpc_code, "message": refused.fault.message}
    return {"jsonrpc": "2.0", "id": refused.id, "error": error}


def compact(document: Any) -> bytes:
    """JSON without white space, UTF-8.

    Args:
        document: JSON values.
    """
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
