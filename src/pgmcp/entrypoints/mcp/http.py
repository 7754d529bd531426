"""MCP over HTTP (MCP specification, "Transports", "Streamable HTTP"); beyond loopback only for who has a token."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import cast

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import SecurityError, ValidationError, codes
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.mcp.connections import BoundedConnection
from pgmcp.entrypoints.mcp.gate import PATH, FrameGate
from pgmcp.entrypoints.mcp.hosts import allowed, bracketed
from pgmcp.entrypoints.mcp.identity.door import Door
from pgmcp.entrypoints.mcp.identity.setup import door_of
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.pages import Pages, Show
from pgmcp.entrypoints.mcp.server import MCPServer
from pgmcp.entrypoints.mcp.stopping import stop_on_signals
from pgmcp.entrypoints.mcp.tls import Certificate, tls_of
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


def http_gate(
    server: MCPServer, security: TransportSecuritySettings, door: Door | None = None, *, sessions: bool = True
) -> FrameGate:
    """The ASGI app that serves MCP.

    Args:
        server: Who answers.
        security: The Host and Origin headers that are served.
        door: Who may come in; None for everyone.
        sessions: Whether clients of the older protocols get a session; without, whichever process answers will do.

    Returns:
        The app; its `close` lets the running calls finish.
    """
    app: ASGIApp = server.sdk.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=not sessions,
        transport_security=security,
        max_sessions=server.limits.http_sessions,
        session_idle_timeout=server.limits.http_session_idle_s,
        max_request_body_size=_SDK_BODY_BYTES,  # the gate has measured it
        # For its metadata alone: tokens are asked for at the door, before a body is read.
        auth=door.metadata if door is not None else None,
    )
    return FrameGate(app, server, security, door, sessions=sessions)


async def serve_http(
    toolbox: Toolbox,
    limits: ServeLimits,
    settings: Settings,
    *,
    listening: Callable[[str], None],
    listener: socket.socket | None = None,
    open_pages: Mapping[str, Show] | None = None,
    guarded_pages: Mapping[str, Show] | None = None,
) -> None:
    """Serve over HTTP until a signal ends the server.

    Args:
        toolbox: Who answers the tools.
        limits: The bounds of serving.
        settings: Where it listens, who may come in, and in whose name clients call who need no token.
        listening: Told the URL once the socket is open.
        listener: The open socket, where several processes share one; None to open it.
        open_pages: Pages that anybody may see, by path.
        guarded_pages: Pages for operators, by path; behind the door where there is one.

    Raises:
        SecurityError: The address is not a loopback one, and nobody would be asked who they are (`listen_refused`).
        ValidationError: The address can't be listened on, or a setting is not whole (`setting_invalid`).
    """
    door = door_of(settings)
    tls = tls_of(settings)
    listener = listener or open_listener(settings)
    server = MCPServer(toolbox, limits, Principal(settings.principal))
    gate = http_gate(server, allowed(settings), door, sessions=settings.workers == 1)
    with stop_on_signals() as stop:
        listening(url_of(listener, tls=tls is not None))
        guarded = behind(door, gate, guarded_pages or {})
        await serve_socket(Pages(guarded, open_pages or {}), listener, stop, gate.close, limits, tls)


def open_listener(settings: Settings) -> socket.socket:
    """Listen where the settings say; beyond loopback only where callers are asked who they are.

    Raises:
        SecurityError: `listen_refused`.
        ValidationError: The address can't be listened on, or a setting is not whole (`setting_invalid`).
    """
    return listening_socket(settings.host, settings.port, guarded=door_of(settings) is not None)


def behind(door: Door | None, gate: FrameGate, pages: Mapping[str, Show]) -> ASGIApp:
    """The gate with pages beside it that nobody sees without a token, where tokens are asked for."""
    with_pages = Pages(gate, pages, gate.security)
    if door is None:
        return with_pages
    inside = door.before(with_pages)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and scope["path"] in pages
        await (inside if is_page else gate)(scope, receive, send)

    return app


async def serve_socket(
    app: ASGIApp,
    listener: socket.socket,
    stop: asyncio.Event,
    close: Callable[[], Awaitable[None]],
    limits: ServeLimits,
    tls: Certificate | None = None,
) -> None:
    """Serve an app on an open socket until told to stop.

    Args:
        app: The app.
        listener: The socket; closed at the end.
        stop: Ends the server: nothing new, grace for what runs, then the connections.
        close: Lets the running calls finish.
        limits: How many connections there may be, and how long a client may take.
        tls: The certificate to show; None for plain HTTP.
    """
    server = _QuietServer(
        uvicorn.Config(
            app,
            # uvicorn's own is the same class, or httptools where that happens to be installed.
            http=cast("type[asyncio.Protocol]", partial(BoundedConnection, limits=limits)),  # it is called, no more
            log_config=None,
            access_log=False,
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_LAST_WORDS_S,
            ssl_certfile=tls.cert if tls is not None else None,
            ssl_keyfile=tls.key if tls is not None else None,
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


def listening_socket(host: str, port: int, *, guarded: bool = False) -> socket.socket:
    """Listen on an address.

    Args:
        host: The address, or `localhost`.
        port: The port; 0 for any that is free.
        guarded: Whether callers are asked who they are; without, only loopback addresses are listened on.

    Raises:
        SecurityError: The address is not a loopback one (`listen_refused`).
        ValidationError: The address can't be listened on (`setting_invalid`).
    """
    address = "127.0.0.1" if host == "localhost" else host
    if not guarded and not _is_loopback(address):
        raise SecurityError(
            codes.LISTEN_REFUSED,
            f"Listening on {host} would let others in without asking who they are.",
            hint="Use --host 127.0.0.1, or set http_tokens or oauth_issuer.",
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


def url_of(listener: socket.socket, *, tls: bool = False) -> str:
    """The URL that a socket serves MCP under.

    Args:
        listener: An open socket.
        tls: Whether it speaks TLS.
    """
    host, port = listener.getsockname()[:2]
    return f"{'https' if tls else 'http'}://{bracketed(host)}:{port}{PATH}"


def _is_loopback(address: str) -> bool:
    """Whether an address is one that no other machine reaches."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
