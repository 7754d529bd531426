"""The door: nothing behind it is reached without a token, but for what anyone may know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from attrs import field, frozen
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.routes import build_resource_metadata_url
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.identity.known import SCOPE, KnownToken
from pgmcp.entrypoints.mcp.identity.patience import Patience

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""What a load balancer asks, who has no token."""


@frozen(kw_only=True)
class Door:
    """Who may come in, and what they are told who may not.

    Args:
        verifier: Recognises tokens.
        metadata: What the protected resource's metadata says (RFC 9728); None without an authorization server.
        scope: The scope that a token needs to call at all.
        open_paths: Paths that need no token.
        patience: How long refusals wait.
    """

    verifier: TokenVerifier
    metadata: AuthSettings | None = None
    scope: str = SCOPE
    open_paths: frozenset[str] = field(default=OPEN_PATHS)
    patience: Patience = field(factory=lambda: Patience(20))

    def before(self, app: ASGIApp) -> ASGIApp:
        """The app with the door before it."""
        url: AnyHttpUrl | None = None
        opened: Iterable[str] = self.open_paths
        if self.metadata is not None and self.metadata.resource_server_url is not None:
            url = build_resource_metadata_url(self.metadata.resource_server_url)
            opened = {*opened, url.path or ""}
        inside = _Asking(app, self.scope, url, self.patience)
        return AuthenticationMiddleware(_ByPath(app, inside, frozenset(opened)), BearerAuthBackend(self.verifier))


class _Asking(RequireAuthMiddleware):
    """The SDK's refusals, which also name the scope that a token needs (RFC 6750, section 3), in their time."""

    def __init__(self, app: ASGIApp, scope: str, metadata: AnyHttpUrl | None, patience: Patience) -> None:
        super().__init__(app, [scope], metadata)
        self._patience = patience
        self._needed = f', scope="{scope}"'.encode() if metadata is not None else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (name, value + self._needed if name == b"www-authenticate" else value)
                    for name, value in message["headers"]
                ]
                message = {**message, "headers": headers}
                await asyncio.sleep(self._patience.wait_s())
            await send(message)

        # What is let through sends as it likes.
        user, known = scope.get("user"), scope.get("auth")
        passes = isinstance(user, AuthenticatedUser) and known is not None and self.required_scopes[0] in known.scopes
        await super().__call__(scope, receive, send if passes else sent)


@frozen
class _ByPath:
    """An app that lets open paths and the life span pass, and sends everything else through the door."""

    _app: ASGIApp
    _inside: ASGIApp
    _open: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        opened = scope["type"] == "lifespan" or scope.get("path") in self._open
        await (self._app if opened else self._inside)(scope, receive, send)


def principal_of(scope: Scope, otherwise: Principal) -> Principal:
    """Who a request is from.

    Args:
        scope: The request's ASGI scope.
        otherwise: Who it is from where no door is.
    """
    user = scope.get("user")
    if isinstance(user, AuthenticatedUser) and isinstance(user.access_token, KnownToken):
        return user.access_token.principal
    return otherwise
