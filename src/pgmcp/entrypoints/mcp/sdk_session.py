"""The SDK's part in a session on stdio: whatever is not answered without it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import JSONRPCError, JSONRPCRequest, JSONRPCResponse, jsonrpc_message_adapter
from pydantic import ValidationError

from pgmcp.entrypoints.mcp.calls import Exchange
from pgmcp.entrypoints.mcp.frames import RequestId
from pgmcp.entrypoints.mcp.handshake import Handshake
from pgmcp.entrypoints.mcp.server import MCPServer

_LAST_WORDS_S = 1.0
_INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class SdkSession:
    """The SDK's server at work on one session, told what was agreed before it came.

    Args:
        server: Ours.
        handshake: How the session began.
        write: Takes an answer; False once nobody reads them.
        settled: Told of each request that was answered.
    """

    def __init__(
        self,
        server: MCPServer,
        handshake: Handshake,
        write: Callable[[bytes], Awaitable[bool]],
        settled: Callable[[RequestId], None],
    ) -> None:
        self._server = server
        self._handshake = handshake
        self._write = write
        self._settled = settled
        self._into, self._reads = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        self._writes, self._out = anyio.create_memory_object_stream[SessionMessage](0)
        self._agreed = asyncio.Event()
        self._running = asyncio.create_task(self._run())

    async def agree(self) -> None:
        """Say to the SDK what the client said first, where that was answered without it."""
        greeted = self._handshake.greeted
        if greeted is None:
            self._agreed.set()
            return
        await self._send(greeted)
        await self._agreed.wait()
        if self._handshake.initialized:
            await self._send(_INITIALIZED)

    async def call(self, message: Mapping[str, Any], exchange: Exchange) -> None:
        """Hand on a call of a tool."""
        checked = jsonrpc_message_adapter.validate_python(message, by_name=False)
        await self._into.send(SessionMessage(checked, ServerMessageMetadata(request_context=exchange)))

    async def take(self, message: Mapping[str, Any], expect: Callable[[RequestId], None]) -> None:
        """Hand on any other message; a malformed answer to what was never asked is let go.

        Args:
            message: What the client said.
            expect: Told of its id where it is a request.
        """
        with suppress(ValidationError):
            checked = jsonrpc_message_adapter.validate_python(message, by_name=False)
            if isinstance(checked, JSONRPCRequest):
                expect(checked.id)
            await self._into.send(SessionMessage(checked))

    async def end(self) -> None:
        """Nothing more comes; let it say its last words."""
        self._into.close()
        await self._running

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._into.send(SessionMessage(jsonrpc_message_adapter.validate_python(message, by_name=False)))

    async def _run(self) -> None:
        sdk = self._server.sdk
        written = asyncio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write_out, self._out, written)
            async with self._reads, self._writes:  # nobody waits at them for an SDK that is no more
                await sdk.run(self._reads, self._writes, sdk.create_initialization_options())
            with anyio.move_on_after(_LAST_WORDS_S):
                await written.wait()
            tasks.cancel_scope.cancel()

    async def _write_out(self, out: MemoryObjectReceiveStream[SessionMessage], written: asyncio.Event) -> None:
        """Write what the SDK answers, until it has no more to say."""
        async with out:
            async for item in out:
                message = item.message
                if not self._agreed.is_set() and isinstance(message, JSONRPCResponse | JSONRPCError):
                    self._agreed.set()  # the client has had this answer
                    continue
                if not await self._write(message.model_dump_json(by_alias=True, exclude_unset=True).encode()):
                    break
                if isinstance(message, JSONRPCResponse):
                    self._handshake.answered(message.id, message.result)
                if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
                    self._settled(message.id)
        written.set()
