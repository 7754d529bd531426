"""A server process and its pipes, as a client on stdio holds them."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from tests.e2e.mcp_transport.broken_frames import MAX_BYTES

_ROOT = Path(__file__).parents[3]
_READ_LIMIT = 2**24

_INITIALIZE = (
    b'{"jsonrpc":"2.0","id":"init","method":"initialize","params":'
    b'{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}'
)
_INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'


class ServerProcess:
    """The fake toolbox served by a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.stdin, self.stdout, self.stderr = process.stdin, process.stdout, process.stderr

    async def send(self, *frames: bytes) -> None:
        """Write frames, a line each."""
        self.stdin.writelines(frame + b"\n" for frame in frames)
        await self.stdin.drain()

    async def receive(self) -> Any:
        """The next message from the server, decoded."""
        return json.loads(await self.stdout.readline())

    async def ask(self, frame: bytes) -> Any:
        """Send a frame and give the next message."""
        await self.send(frame)
        return await self.receive()

    async def said(self, entry: str) -> None:
        """Wait until the journal on stderr says something."""
        while (line := await self.stderr.readline()) != entry.encode() + b"\n":
            assert line, f"the server ended and never said {entry}"

    async def handshake(self) -> Self:
        """Open a connection of a handshake version."""
        await self.send(_INITIALIZE, _INITIALIZED)
        await self.receive()
        return self


@asynccontextmanager
async def server_process(*, grace_s: float = 5.0) -> AsyncIterator[ServerProcess]:
    """Start a server; whatever the test left of it is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.e2e.mcp_transport.serve_fake",
        str(MAX_BYTES),
        str(grace_s),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_READ_LIMIT,
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(_ROOT / "src"), str(_ROOT)))},
    )
    server = ServerProcess(process)
    try:
        yield server
    finally:
        if process.returncode is None:
            process.kill()
        server.stdin.close()
        await process.communicate()
