"""Access tokens of an OAuth 2.1 authorization server: JWTs (RFC 9068), judged as RFC 8725 says.

Which algorithms are taken is the configuration's to say, never the token's, and none of them is symmetric.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import jwt
from attrs import frozen

from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Access
from pgmcp.entrypoints.mcp.identity.keys import KeySource
from pgmcp.entrypoints.mcp.identity.known import KnownToken, access_of, is_a_name, known

_LONGEST = 16_384
_LEEWAY_S = 10
_KEPT = 1_000
_KEPT_S = 60.0
_REQUIRED = ("exp", "iss", "aud")
# What PyJWT and json raise for what is no token at all.
_NO_TOKEN = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)


@frozen(kw_only=True)
class JwtRules:
    """What a token has to say.

    Args:
        issuer: Its `iss`.
        audience: One of its `aud`.
        algorithms: The algorithms that are taken.
        scopes: The scopes for access `read`, `write` and `admin`.
        name_claim: The claim that names the principal.
        attribute_claims: Claims that become the principal's attributes.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    scopes: tuple[str, ...]
    name_claim: str = "sub"
    attribute_claims: tuple[str, ...] = ()


class JwtVerifier:
    """Recognises access tokens. What was recognised is remembered by its digest for a minute at most.

    Args:
        keys: The authorization server's keys.
        rules: What a token has to say.
        now: Seconds since 1970.
    """

    def __init__(self, keys: KeySource, rules: JwtRules, now: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._rules = rules
        self._now = now
        self._known: OrderedDict[bytes, tuple[KnownToken, float]] = OrderedDict()

    async def find(self, text: str) -> KnownToken | None:
        """The token as it was recognised; None where it is not valid here and now."""
        if len(text) > _LONGEST:
            return None
        digest = sha256(text.encode(errors="replace")).digest()
        kept = self._known.get(digest)
        if kept is not None and self._now() < kept[1]:
            return kept[0]
        found = await self._judged(text)
        if found is not None:
            self._known[digest] = (found, min(self._now() + _KEPT_S, found.expires_at or 0))
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return found

    async def _judged(self, text: str) -> KnownToken | None:
        try:
            header = jwt.get_unverified_header(text)
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in self._rules.algorithms or not isinstance(kid, str | None):
                return None
            key = await self._keys.find(kid, algorithm)
            if key is None:
                return None
            claims = jwt.decode(
                text,
                key,
                algorithms=[algorithm],
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                leeway=_LEEWAY_S,
                options={"require": list(_REQUIRED)},
            )
            return self._token(claims)
        except _NO_TOKEN:
            return None

    def _token(self, claims: Mapping[str, Any]) -> KnownToken | None:
        name = claims.get(self._rules.name_claim)
        if not isinstance(name, str) or not is_a_name(name):
            return None
        wanted = self._rules.attribute_claims
        attributes = {claim: claims[claim] for claim in wanted if claim in claims}
        principal = Principal(name, attributes, access=self._access(claims))
        return known(
            principal,
            scope=self._rules.scopes[0],
            issuer=self._rules.issuer,
            expires_at=int(claims["exp"]) + _LEEWAY_S,
        )

    def _access(self, claims: Mapping[str, Any]) -> Access | None:
        # RFC 9068 has `scope`, a text of words; some servers have `scp`, often a list.
        said = claims.get("scope", claims.get("scp", ""))
        words = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
        return access_of(frozenset(word for word in words if isinstance(word, str)), self._rules.scopes)
