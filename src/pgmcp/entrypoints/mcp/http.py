"""MCP over HTTP (MCP specification, "Transports", "Streamable HTTP"), on loopback addresses only."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp
from typing_extensions import override

from pgmcp.domain.errors import SecurityError, ValidationError, codes
from pgmcp.entrypoints.mcp.gate import PATH, FrameGate
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.pages import Pages, Show
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.stopping import stop_on_signals
from pgmcp.entrypoints.mcp.toolbox import Toolbox

_LAST_WORDS_S = 1
_SDK_BODY_BYTES = 2**62


class _QuietServer(uvicorn.Server):
    """uvicorn without its signal handlers: those end streams at once, where calls are to have their grace."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever serves."""
        yield


def http_gate(server: MCPServer, host: str) -> FrameGate:
    """The ASGI app that serves MCP.

    Args:
        server: Who answers.
        host: The loopback address that it will listen on; requests must name it, or another of the usual names.

    Returns:
        The app; its `close` lets the running calls finish.
    """
    security = _security(host)
    app: ASGIApp = server.sdk.streamable_http_app(
        streamable_http_path=PATH,
        transport_security=security,
        max_request_body_size=_SDK_BODY_BYTES,  # the gate has measured it
    )
    return FrameGate(app, server, security)


async def serve_http(
    toolbox: Toolbox,
    limits: ServeLimits,
    *,
    host: str,
    port: int,
    listening: Callable[[str], None],
    principal: str = "local",
    open_pages: Mapping[str, Show] | None = None,
    guarded_pages: Mapping[str, Show] | None = None,
) -> None:
    """Serve over HTTP until a signal ends the server.

    Args:
        toolbox: Who answers the tools.
        limits: The bounds of serving.
        host: A loopback address, or `localhost`.
        port: The port; 0 for any that is free.
        listening: Told the URL once the socket is open.
        principal: In whose name the clients call.
        open_pages: Pages that anybody may see, by path.
        guarded_pages: Pages for operators, by path.

    Raises:
        SecurityError: The address is not a loopback one (`listen_refused`).
        ValidationError: The address can't be listened on (`setting_invalid`).
    """
    listener = loopback_socket(host, port)
    gate = http_gate(MCPServer(toolbox, limits, principal), host)
    with stop_on_signals() as stop:
        listening(url_of(listener))
        guarded = Pages(gate, guarded_pages or {}, gate.security)
        await serve_socket(Pages(guarded, open_pages or {}), listener, stop, gate.close)


async def serve_socket(
    app: ASGIApp, listener: socket.socket, stop: asyncio.Event, close: Callable[[], Awaitable[None]]
) -> None:
    """Serve an app on an open socket until told to stop.

    Args:
        app: The app.
        listener: The socket; closed at the end.
        stop: Ends the server: nothing new, grace for what runs, then the connections.
        close: Lets the running calls finish.
    """
    server = _QuietServer(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_LAST_WORDS_S,
        )
    )
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await close()
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
        listener.close()


def loopback_socket(host: str, port: int) -> socket.socket:
    """Listen on a loopback address.

    Args:
        host: The address, or `localhost`.
        port: The port; 0 for any that is free.

    Raises:
        SecurityError: The address is not a loopback one (`listen_refused`).
        ValidationError: The address can't be listened on (`setting_invalid`).
    """
    address = "127.0.0.1" if host == "localhost" else host
    if not _is_loopback(address):
        raise SecurityError(
            codes.LISTEN_REFUSED,
            f"Listening on {host} would let others in without asking who they are.",
            hint="Use --host 127.0.0.1; authentication, and other addresses with it, come in a later version.",
        )
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family, backlog=2048)
    except OSError as error:
        raise ValidationError(
            codes.SETTING_INVALID,
            f"Can't listen on {host} port {port}: {os.strerror(error.errno or 0)}.",
            hint="Choose another --port, or 0 for any that is free.",
        ) from error


def url_of(listener: socket.socket) -> str:
    """The URL that a socket serves MCP under.

    Args:
        listener: An open socket.
    """
    host, port = listener.getsockname()[:2]
    return f"http://{_bracketed(host)}:{port}{PATH}"


def _is_loopback(address: str) -> bool:
    """Whether an address is one that no other machine reaches."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _bracketed(address: str) -> str:
    """An address as it stands in a URL (RFC 3986, section 3.2.2)."""
    return f"[{address}]" if ":" in address else address


def _security(host: str) -> TransportSecuritySettings:
    """The headers by which a browser can be told from a page that rebound its name to a loopback address."""
    names = dict.fromkeys(("127.0.0.1", "localhost", "[::1]", _bracketed(host)))
    hosts = [form for name in names for form in (name, f"{name}:*")]
    origins = [f"{scheme}://{form}" for scheme in ("http", "https") for form in hosts]
    return TransportSecuritySettings(enable_dns_rebinding_protection=True, allowed_hosts=hosts, allowed_origins=origins)
