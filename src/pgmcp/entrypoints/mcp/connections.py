"""Connections over HTTP: only so many, and none that keeps the server waiting for ever.

uvicorn has no limit of its own on how long a client may take to send its headers or its body, or to take its answer;
and its limit on connections refuses those that are served already along with the newcomer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from pgmcp.entrypoints.mcp.limits import ServeLimits

_CLOSING = b"connection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n" + _CLOSING
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\n" + _CLOSING
# What a client may still have to send: its headers, or the rest of its body.
_UNFINISHED = (h11.IDLE, h11.SEND_BODY)
_UNANSWERED = (h11.IDLE, h11.SEND_RESPONSE)


class _Timer:
    """Ends something unless it is stopped in time.

    Args:
        seconds: The time.
        end: Ends it.
    """

    def __init__(self, seconds: float, end: Callable[[], object]) -> None:
        self._seconds = seconds
        self._end = end
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to count, if it doesn't count already."""
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def stop(self) -> None:
        """Count no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class BoundedConnection(H11Protocol):
    """One connection.

    Args:
        limits: How many there may be, and how long a client may take.
        settings: What uvicorn gives each connection.
    """

    def __init__(self, *, limits: ServeLimits, **settings: Any) -> None:
        super().__init__(**settings)
        self._most = limits.http_connections
        self._sending = _Timer(limits.http_wait_s, self._end)
        self._taking = _Timer(limits.http_wait_s, self._cut_off)

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a client on, or send it away."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.write(_TOO_MANY)
            transport.close()
        else:
            self._sending.start()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._sending.stop()
        self._taking.stop()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        """Something came."""
        super().data_received(data)
        self._look()

    @override
    def on_response_complete(self) -> None:
        """A request was answered; the next may have begun to come in already."""
        super().on_response_complete()
        self._look()

    @override
    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is given."""
        super().pause_writing()
        self._taking.start()

    @override
    def resume_writing(self) -> None:
        """It has taken enough of it."""
        self._taking.stop()
        super().resume_writing()

    def _look(self) -> None:
        """Count the time from the beginning of a request until it has come whole."""
        if self.conn.their_state in _UNFINISHED and not self.transport.is_closing():
            self._sending.start()
        else:
            self._sending.stop()

    def _end(self) -> None:
        """Let go a client that takes too long."""
        if self.conn.our_state in _UNANSWERED:
            self.transport.write(_TOO_SLOW)
            self.transport.close()
        else:
            self._cut_off()

    def _cut_off(self) -> None:
        """Close without waiting for anything to be taken."""
        self.transport.abort()
