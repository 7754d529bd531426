"""Serve the fake toolbox over stdio, as a process of its own; its journal goes to stderr."""

import asyncio
import json
import signal
import sys

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.stdio import serve_stdio
from pgmcp.entrypoints.mcp.toolbox import CallControls, ToolAnswer
from tests.e2e.mcp_transport.fake_toolbox import FakeToolbox

RELEASE = signal.SIGWINCH
"""Releases the calls that wait. Of two pending signals Linux delivers the one with the lower number first, so that
this one comes after SIGTERM when it was sent after it."""


class LoudToolbox(FakeToolbox):
    """Says on stderr what it writes into its journal, and what the process has imported."""

    async def call(self, name: str, arguments: bytes, controls: CallControls) -> ToolAnswer:
        if name == "modules":
            return ToolAnswer(text=json.dumps(sorted(sys.modules)).encode(), is_error=False)
        return await super().call(name, arguments, controls)

    async def note(self, entry: str) -> None:
        await super().note(entry)
        sys.stderr.write(entry + "\n")
        sys.stderr.flush()


async def main() -> None:
    """Serve until stdin closes or a signal comes."""
    limits = ServeLimits(max_request_bytes=int(sys.argv[1]), shutdown_grace_s=float(sys.argv[2]))
    toolbox = LoudToolbox()
    asyncio.get_running_loop().add_signal_handler(RELEASE, toolbox.released.set)
    await serve_stdio(toolbox, limits, principal=Principal("tester"))


if __name__ == "__main__":
    asyncio.run(main())
