"""`pgmcp tools`: what this configuration serves, and what its listing costs an agent."""

from __future__ import annotations

from typing import Any

import orjson

from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.mcp.toolbox import ToolListing


def tools(settings: Settings, *, as_json: bool) -> int:
    """Print the tools with their arguments; nothing connects."""
    listings = MCPRouter(build(settings)).tools(Principal(settings.principal))
    documents = [document(each) for each in listings]
    size = len(orjson.dumps({"tools": documents}))
    if as_json:
        print(orjson.dumps({"tools": documents, "bytes": size}).decode())
        return 0
    for each in listings:
        print(f"{each.name}({', '.join(_arguments(each))})")
        print(f"    {each.description}")
    print(f"{len(listings)} tools; tools/list costs {size:,} bytes")
    return 0


def document(listing: ToolListing) -> dict[str, Any]:
    """A tool as `tools/list` gives it."""
    return {
        "name": listing.name,
        "description": listing.description,
        "inputSchema": listing.input_schema,
        "annotations": listing.annotations,
    }


def _arguments(listing: ToolListing) -> list[str]:
    required = listing.input_schema.get("required", ())
    return [name if name in required else f"{name}?" for name in listing.input_schema["properties"]]
