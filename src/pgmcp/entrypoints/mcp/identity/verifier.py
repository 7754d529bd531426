"""The verifier that the SDK asks of each request's token."""

from __future__ import annotations

from attrs import frozen

from pgmcp.entrypoints.mcp.identity.jwts import JwtVerifier
from pgmcp.entrypoints.mcp.identity.known import KnownToken
from pgmcp.entrypoints.mcp.identity.tokens import PREFIX, StaticTokens


@frozen
class Verifier:
    """Implements the SDK's `TokenVerifier`: tokens of our own first, as they cost nothing to look up."""

    _static: StaticTokens
    _jwts: JwtVerifier | None = None

    async def verify_token(self, token: str) -> KnownToken | None:
        """The token as it was recognised; None for any other."""
        if self._jwts is None or token.startswith(PREFIX):
            return self._static.find(token)
        return await self._jwts.find(token)
