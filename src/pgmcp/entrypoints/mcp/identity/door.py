"""The door: nothing behind it is reached without a token, but for what anyone may know."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.routes import build_resource_metadata_url
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.mcp.identity.known import SCOPE, KnownToken

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
    """

    verifier: TokenVerifier
    metadata: AuthSettings | None = None
    scope: str = SCOPE
    open_paths: frozenset[str] = field(default=OPEN_PATHS)

    def before(self, app: ASGIApp) -> ASGIApp:
        """The app with the door before it."""
        url: AnyHttpUrl | None = None
        opened: Iterable[str] = self.open_paths
        if self.metadata is not None and self.metadata.resource_server_url is not None:
            url = build_resource_metadata_url(self.metadata.resource_server_url)
            opened = {*opened, url.path or ""}
        inside = RequireAuthMiddleware(app, [self.scope], url)
        return AuthenticationMiddleware(_ByPath(app, inside, frozenset(opened)), BearerAuthBackend(self.verifier))


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
