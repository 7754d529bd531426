"""`pgmcp serve` over HTTP as a process that may be killed, and callers that speak to it with as little as possible."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from attrs import define, field, frozen

from pgmcp.domain.settings import Access
from pgmcp.entrypoints.mcp.identity.tokens import make_token

_VERSION = "2026-07-28"
_META = {
    "io.modelcontextprotocol/protocolVersion": _VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_LISTENING = b"listening on "
_ANSWER_S = 40.0


@frozen
class Caller:
    """A principal and its token."""

    name: str
    token: str
    line: str

    @classmethod
    def named(cls, name: str, access: Access) -> Caller:
        """A caller of that name with a token of its own."""
        made = make_token(name, access)
        return cls(name, made.text, made.line)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@define
class Served:
    """One `pgmcp serve`, begun anew when it dies."""

    environment: Mapping[str, str]
    port: int = field(factory=_free_port)
    process: asyncio.subprocess.Process | None = None
    draining: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, and wait until it listens."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pgmcp.entrypoints.cli", "serve", "--transport", "http", "--port", str(self.port),
            stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=os.environ | self.environment,
        )  # fmt: skip
        errors = self.process.stderr
        if errors is None:
            raise ConnectionError
        while _LISTENING not in (line := await errors.readline()):
            if not line:
                raise ConnectionError("the server ended before it listened")
        self.draining = asyncio.create_task(_drain(errors))

    async def kill(self) -> None:
        """End it as no one would wish, and begin anew."""
        await self._end(gently=False)
        await self.start()

    async def stop(self) -> None:
        """End it."""
        await self._end(gently=True)

    async def _end(self, *, gently: bool) -> None:
        if self.process is None or self.draining is None:
            return
        with suppress(ProcessLookupError):
            if gently:
                self.process.terminate()
            else:
                self.process.kill()
        await self.process.wait()
        await self.draining


@define
class Line:
    """A connection to one server, opened anew when it breaks; one call at a time."""

    served: Served
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def call(self, caller: Caller, tool: str, **arguments: Any) -> dict[str, Any]:
        """A tool's answer; a ConnectionError where the server went away."""
        params = {"name": tool, "arguments": arguments, "_meta": _META}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        head = (
            f"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:{self.served.port}\r\ncontent-type: application/json\r\n"
            f"accept: application/json, text/event-stream\r\nmcp-protocol-version: {_VERSION}\r\n"
            f"mcp-method: tools/call\r\nmcp-name: {tool}\r\nauthorization: Bearer {caller.token}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(_ANSWER_S):
                reader, writer = await self._open()
                writer.write(head.encode() + body)
                await writer.drain()
                text = await _answer(reader)
        except (OSError, EOFError, ValueError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.close()
            raise ConnectionError from error
        message = json.loads(text)
        found: dict[str, Any] = json.loads(message["result"]["content"][0]["text"])
        return found

    def close(self) -> None:
        """Let go of it."""
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.reader is None or self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.served.port, limit=2**24)
        return self.reader, self.writer


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The one message of an answer.

    Raises:
        ValueError: It is no answer to a call.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise ValueError(head[:40])
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if b"content-length" in headers:
        body = await reader.readexactly(int(headers[b"content-length"]))
    else:
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    if b"text/event-stream" in headers[b"content-type"]:
        return next(line[6:] for line in body.replace(b"\r\n", b"\n").split(b"\n") if line.startswith(b"data: {"))
    return body


async def _drain(errors: asyncio.StreamReader) -> None:
    while await errors.readline():
        pass
