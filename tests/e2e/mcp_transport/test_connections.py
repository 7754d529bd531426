"""Connections that keep the server waiting, and more of them than are served."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from attrs import frozen

from pgmcp.entrypoints.mcp.limits import ServeLimits
from tests.e2e.mcp_transport.web import VERSIONS, WebClient, web_client, web_server
from tests.fixtures.served import http_server

HEAD = b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
WHOLE = b"GET /elsewhere HTTP/1.1\r\nhost: localhost\r\n\r\n"
# For what never comes whole; what does has time enough for a busy machine.
HASTY = ServeLimits(http_wait_s=0.2)
PATIENT = ServeLimits(http_wait_s=4.0)


@frozen
class Line:
    """A connection as bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def status(self) -> bytes:
        """The first line of the next answer; the rest of its head is read over."""
        status = await self.reader.readline()
        while (await self.reader.readline()).strip():
            pass
        return status.strip()

    async def last_words(self) -> bytes:
        """The first line of what comes until the server closes."""
        return (await self.reader.read()).partition(b"\r\n")[0]


async def line_to(url: str, sent: bytes = b"") -> Line:
    """Connect to a server and send it something."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(sent)
    return Line(reader, writer)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HEAD, id="headers without an end"),
        pytest.param(HEAD + b"content-length: 10\r\n\r\n{", id="a body without an end"),
        pytest.param(HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n", id="chunks without an end"),
    ],
)
async def test_who_sends_too_slowly_is_let_go(sent: bytes) -> None:
    """Whatever of a request there is, the rest has to come in time."""
    async with web_server(limits=HASTY) as server:
        line = await line_to(server.url, sent)
        assert await line.last_words() == b"HTTP/1.1 408 Request Timeout"
        line.writer.close()


async def test_who_sends_byte_by_byte_is_let_go() -> None:
    """The time counts from the first byte on, not from the last."""
    async with web_server(limits=HASTY) as server:
        line = await line_to(server.url, HEAD)
        last = asyncio.create_task(line.last_words())
        while not last.done():
            line.writer.write(b"a: b\r\n")
            await asyncio.sleep(0.01)
        # Bytes that cross the answer make of the end a reset.
        assert isinstance(last.exception(), ConnectionError) or last.result().startswith(b"HTTP/1.1 4")
        line.writer.close()


@pytest.mark.parametrize("first", [b"", WHOLE], ids=["answered before", "sent along"])
async def test_the_next_request_has_to_come_in_time_too(first: bytes) -> None:
    """A connection that was good once is not trusted for that."""
    async with web_server(limits=PATIENT) as server:
        rest = HEAD + b"content-length: 10\r\n\r\n{"
        line = await line_to(server.url, WHOLE + (rest if first else b""))
        assert b"404" in await line.status()
        if not first:
            line.writer.write(rest)
        assert b"HTTP/1.1 408 Request Timeout" in await line.reader.read()
        line.writer.close()


async def _ask_for_ever(line: Line, request: bytes) -> None:
    """Send the same request again and again, until the server has closed."""
    while True:
        line.writer.write(request)
        await line.writer.drain()


async def test_who_takes_no_answers_is_let_go() -> None:
    """What was said to it is kept only so long."""
    async with web_server(limits=ServeLimits(http_wait_s=0.5)) as server, web_client(server, VERSIONS[-1]) as client:
        body = client.call_body("echo", '{"a":"' + "x" * 60_000 + '"}')
        head = "".join(f"{name}: {value}\r\n" for name, value in client.headers("tools/call", "echo").items())
        request = f"POST /mcp HTTP/1.1\r\nhost: localhost\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body
        line = await line_to(server.url)
        taken: socket.socket = line.writer.get_extra_info("socket")
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads, too
        with pytest.raises(ConnectionError):
            await _ask_for_ever(line, request)


async def test_a_call_may_take_longer_than_its_sending() -> None:
    """The time is the client's; what the server takes is another's business."""
    async with web_server(limits=PATIENT) as server, web_client(server, VERSIONS[-1]) as client:
        call = asyncio.create_task(client.call("wait_write"))
        await server.toolbox.noted("wait_write started")
        slow = await line_to(server.url, HEAD)
        await slow.last_words()  # by now the time of the call's own connection would be over
        server.toolbox.released.set()
        (answer,) = await call
        assert answer["result"]["isError"] is False
        slow.writer.close()


async def _served(url: str) -> bytes:
    """Ask on connections of their own until one is taken on."""
    while True:
        line = await line_to(url, WHOLE)
        with suppress(ConnectionError):  # a refusal that crosses the request
            status = await line.status()
            if b"503" not in status:
                line.writer.close()
                return status
        line.writer.close()


async def test_one_connection_too_many_is_refused() -> None:
    """The others are served on; when one of them ends there is room again."""
    async with web_server(limits=ServeLimits(http_connections=2, http_wait_s=60)) as server:
        first, second, third = [await line_to(server.url) for _ in range(3)]
        assert await third.last_words() == b"HTTP/1.1 503 Service Unavailable"
        first.writer.write(WHOLE)
        assert b"404" in await first.status()
        second.writer.close()
        assert b"404" in await _served(server.url)
        first.writer.close()
        third.writer.close()


async def test_one_session_too_many_is_refused() -> None:
    """Those that are open go on."""
    async with web_server(limits=ServeLimits(http_sessions=1)) as server, web_client(server, VERSIONS[0]) as client:
        async with httpx.AsyncClient(timeout=20) as http:
            with pytest.raises(KeyError):
                await WebClient(http, server.url, VERSIONS[0]).handshake()
        assert len(await client.call("echo")) == 1


@pytest.mark.parametrize(
    "setting, lines, last_words",
    [
        pytest.param({"http_connections": 1}, 2, b"HTTP/1.1 503 Service Unavailable", id="connections"),
        pytest.param({"http_wait_s": 0.5}, 1, b"HTTP/1.1 408 Request Timeout", id="wait"),
    ],
)
async def test_a_setting_reaches_the_server(setting: dict[str, Any], lines: int, last_words: bytes) -> None:
    """Of a process of its own, on its own loop."""
    async with http_server("", driver="memory", **setting) as server:
        opened = [await line_to(server.url) for _ in range(lines)]
        assert await opened[-1].last_words() == last_words
        for line in opened:
            line.writer.close()
