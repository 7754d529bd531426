"""Pages beside `/mcp`: what orchestrators and scrapers ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from attrs import frozen
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


@frozen(kw_only=True)
class Page:
    """What a page shows.

    Args:
        body: Its bytes.
        media_type: Of what kind they are.
        status: HTTP's.
    """

    body: bytes
    media_type: str = "application/json"
    status: int = 200


Show = Callable[[str], Awaitable[Page]]
"""Makes a page, told the Accept header of whoever asks."""


class Pages:
    """An ASGI app that shows pages under their paths, and leaves every other request to another one.

    Args:
        app: The other one.
        pages: The pages by path.
        security: The Host and Origin headers that are served; None for all, where a page tells nothing to a web page
            that rebound its name.
    """

    def __init__(
        self, app: ASGIApp, pages: Mapping[str, Show], security: TransportSecuritySettings | None = None
    ) -> None:
        self._app = app
        self._pages = dict(pages)
        self._security = TransportSecurityMiddleware(security) if security is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        show = self._pages.get(scope["path"]) if scope["type"] == "http" else None
        if show is None:
            await self._app(scope, receive, send)
        else:
            await (await self._response(show, Request(scope)))(scope, receive, send)

    async def _response(self, show: Show, request: Request) -> Response:
        if self._security is not None:
            refused = await self._security.validate_request(request)
            if refused is not None:
                return refused
        if request.method not in {"GET", "HEAD"}:
            return Response("Only GET and HEAD.", status_code=405, headers={"allow": "GET, HEAD"})
        page = await show(request.headers.get("accept", ""))
        headers = {"content-type": page.media_type, "cache-control": "no-store"}
        return Response(page.body if request.method == "GET" else b"", status_code=page.status, headers=headers)
