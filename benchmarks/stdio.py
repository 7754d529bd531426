"""A client of MCP over stdio that does as little as it can, so that what is measured is the server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field

_VERSION = "2025-06-18"


@define
class StdioServer:
    """A server in a process of its own, asked one request at a time.

    Args:
        command: What starts it.
        environment: The process's environment; None for our own.
    """

    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    _process: subprocess.Popen[bytes] = field(init=False, repr=False)
    _last_id: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=self.environment,
        )

    def pids(self) -> Iterable[int]:
        """The server's process."""
        return (self._process.pid,)

    def initialize(self) -> None:
        """Shake hands."""
        client = {"name": "benchmarks", "version": "1"}
        self.ask("initialize", {"protocolVersion": _VERSION, "capabilities": {}, "clientInfo": client})
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, arguments: Mapping[str, Any]) -> bytes:
        """Call a tool; the line that answers, which is not read any further."""
        line = self.ask("tools/call", {"name": tool, "arguments": arguments})
        if b'"isError":true' in line[-200:] or b'"error":' in line[:60]:
            raise RuntimeError(line[:500].decode(errors="replace"))
        return line

    def ask(self, method: str, params: Mapping[str, Any]) -> bytes:
        """Send a request and wait for the line that answers."""
        self._last_id += 1
        self._send({"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params})
        return self._line()

    def close(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        parts: list[bytes] = []
        while not parts or not parts[-1].endswith(b"\n"):
            part = self._process.stdout.read(1 << 16)
            if not part:
                raise RuntimeError(f"{self.command[0]} ended")
            parts.append(part)
        return b"".join(parts)


def texts_of(line: bytes) -> str:
    """The text of a tool's answer."""
    text: str = json.loads(line)["result"]["content"][0]["text"]
    return text
