"""A token that was recognised, with the principal that it stands for."""

from __future__ import annotations

from typing import Final

from mcp.server.auth.provider import AccessToken
from pydantic import ConfigDict

from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Access

SCOPE: Final = "pgmcp:read"
"""The scope that a token needs to call at all, where the configuration gives it no other name."""

_LONGEST = 255


class KnownToken(AccessToken):
    """The SDK's word for a token, and who it is for us; the token itself is not kept."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    principal: Principal


def known(
    principal: Principal, *, scope: str = SCOPE, issuer: str | None = None, expires_at: int | None = None
) -> KnownToken:
    """The token of a principal.

    Args:
        principal: Who; without `access` the token reaches nothing.
        scope: The name of the scope that lets a token call at all.
        issuer: Who vouches, so that the SDK keeps sessions of two issuers apart.
        expires_at: When it ends, in seconds since 1970; None for never.
    """
    return KnownToken(
        token="",
        client_id=principal.name,
        scopes=[scope] if principal.access is not None else [],
        expires_at=expires_at,
        subject=principal.name,
        claims={"iss": issuer} if issuer is not None else None,
        principal=principal,
    )


def is_a_name(text: object) -> bool:
    """Whether a text can name a principal: short, and without a character that no line of a log should see."""
    return isinstance(text, str) and 0 < len(text) <= _LONGEST and text.isprintable()


def access_of(scopes: frozenset[str], names: tuple[str, ...]) -> Access | None:
    """How far scopes reach; None where none of them is for us.

    Args:
        scopes: The scopes that a token has.
        names: The scopes for `read`, `write` and `admin`, in that order; each includes those before.
    """
    reached = [access for access, name in zip(Access, names, strict=True) if name in scopes]
    return reached[-1] if reached else None
