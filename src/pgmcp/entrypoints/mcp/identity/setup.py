"""The door that the settings ask for."""

from __future__ import annotations

from mcp.server.auth.settings import AuthSettings
from pydantic import ValidationError as NotAUrl

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.mcp.identity.door import Door
from pgmcp.entrypoints.mcp.identity.jwts import JwtRules, JwtVerifier
from pgmcp.entrypoints.mcp.identity.keys import KeySource
from pgmcp.entrypoints.mcp.identity.patience import Patience
from pgmcp.entrypoints.mcp.identity.tokens import StaticTokens
from pgmcp.entrypoints.mcp.identity.verifier import Verifier

_MODES = 3


def door_of(settings: Settings) -> Door | None:
    """The door; None where the settings name neither tokens nor an authorization server.

    Raises:
        ValidationError: `setting_invalid`: what is named is not whole.
    """
    patience = Patience(settings.refusals_per_second)
    if settings.oauth_issuer is None:
        static = StaticTokens.read(settings.http_tokens)
        return Door(verifier=Verifier(static), patience=patience) if settings.http_tokens else None
    for name in ("oauth_jwks", "oauth_resource"):
        if getattr(settings, name) is None:
            raise _bad(name, f"setting 'oauth_issuer' needs '{name}' beside it")
    if len(settings.oauth_scopes) != _MODES:
        raise _bad("oauth_scopes", "setting 'oauth_scopes' names three scopes: for read, write and admin")
    scope = settings.oauth_scopes[0]
    static = StaticTokens.read(settings.http_tokens, scope)
    rules = JwtRules(
        issuer=settings.oauth_issuer,
        audience=settings.oauth_audience or str(settings.oauth_resource),
        algorithms=settings.oauth_algorithms,
        scopes=settings.oauth_scopes,
        name_claim=settings.oauth_principal_claim,
        attribute_claims=settings.oauth_attributes,
    )
    keys = KeySource(str(settings.oauth_jwks), settings.oauth_jwks_ttl_s)
    try:
        metadata = AuthSettings.model_validate(
            {
                "issuer_url": settings.oauth_issuer,
                "resource_server_url": settings.oauth_resource,
                "required_scopes": list(settings.oauth_scopes),
                "validate_token_resource": False,  # the verifier checks the audience itself
            }
        )
    except NotAUrl:
        raise _bad("oauth_issuer", "settings 'oauth_issuer' and 'oauth_resource' are URLs") from None
    return Door(verifier=Verifier(static, JwtVerifier(keys, rules)), metadata=metadata, scope=scope, patience=patience)


def _bad(name: str, message: str) -> ValidationError:
    return ValidationError(
        codes.SETTING_INVALID, message, hint="docs/how-to/oauth.md shows a whole configuration.", path=name
    )
