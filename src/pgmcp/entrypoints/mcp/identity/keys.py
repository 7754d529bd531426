"""The public keys of an authorization server (RFC 7517): from a URL or a file, kept for a while, bounded."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.request
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
from attrs import frozen

from pgmcp.domain.errors import ValidationError, codes

_MOST_BYTES = 262_144
_MOST_KEYS = 100
_TIMEOUT_S = 5.0
# How long after a look the next one may be, where a token names a key that is not known: tokens are anybody's to send.
_PATIENCE_S = 10.0
# How long keys outlive their time while the authorization server can't be reached.
_GRACE_S = 3600.0

# What a key must be for an algorithm (RFC 7518, section 3.1; RFC 8037): a symmetric key is none of these.
_KINDS = {"RS": ("RSA", None), "PS": ("RSA", None)} | {
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}

_log = logging.getLogger(__name__)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Keys come from where the configuration says, or not at all."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


@frozen
class _Keys:
    """Keys and when they were looked for."""

    keys: tuple[dict[str, Any], ...]
    since: float


class KeySource:
    """Finds the key that a token names.

    Args:
        where: An https URL (http on a loopback address), or a file's path.
        ttl_s: How long keys are kept.
        monotonic: Seconds that never go back.
        timeout_s: How long one look for them may take.
    """

    def __init__(
        self,
        where: str,
        ttl_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._where = _checked(where)
        self._ttl_s = ttl_s
        self._monotonic = monotonic
        self._timeout_s = timeout_s
        self._kept: _Keys | None = None
        self._tried = float("-inf")
        self._away = False
        self._looking = asyncio.Lock()
        self._meanwhile: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key of that id for that algorithm; without an id, the only one that fits.

        Args:
            kid: The token's `kid`.
            algorithm: The token's `alg`, which must be one that is allowed.
        """
        if self._age() > self._ttl_s:
            known = self._fitting(kid, algorithm) if self._away else None
            if known is not None:
                # Nobody waits again and again for a server that was away a moment ago.
                self._look_meanwhile()
                return known
            await self._look()
        found = self._fitting(kid, algorithm)
        if found is None and kid is not None:
            await self._look()
            found = self._fitting(kid, algorithm)
        return found

    def _age(self) -> float:
        return float("inf") if self._kept is None else self._monotonic() - self._kept.since

    def _fitting(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        if self._kept is None or self._age() > self._ttl_s + _GRACE_S:
            return None
        fitting = [key for key in self._kept.keys if _fits(key, algorithm) and kid in (None, key.get("kid"))]
        if len(fitting) != 1:
            return None
        try:
            return jwt.PyJWK(fitting[0], algorithm)
        except jwt.PyJWTError:
            return None

    def _look_meanwhile(self) -> None:
        if self._meanwhile is None or self._meanwhile.done():
            self._meanwhile = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        """Look for the keys anew, unless somebody just did."""
        async with self._looking:
            if self._monotonic() - self._tried < _PATIENCE_S:
                return
            self._tried = self._monotonic()
            try:
                # The socket's own limit is one of silence; a server that dribbles is left by the second one.
                async with asyncio.timeout(2 * self._timeout_s):
                    text = await asyncio.to_thread(_fetch, self._where, self._timeout_s)
                self._kept = _Keys(_keys(text), self._monotonic())
                self._away = False
            except (OSError, ValueError) as error:
                self._away = True
                _log.warning("the keys of the authorization server can't be had: %s", type(error).__name__)


def _checked(where: str) -> str:
    """An address that nobody on the way can put another set of keys in place of.

    Raises:
        ValidationError: A URL without TLS.
    """
    parts = urlsplit(where)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValidationError(
            codes.SETTING_INVALID,
            "keys are not fetched without TLS",
            hint="Give an https URL, or a file.",
            path="oauth_jwks",
        )
    return where


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _fetch(where: str, timeout_s: float) -> bytes:
    """The text of the keys; blocks.

    Raises:
        OSError: It can't be had, or not in time.
        ValueError: It is too long.
    """
    if urlsplit(where).scheme in {"http", "https"}:
        opener = urllib.request.build_opener(_NoRedirects)
        with opener.open(where, timeout=timeout_s) as answer:
            text: bytes = answer.read(_MOST_BYTES + 1)
    else:
        with Path(where).expanduser().open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise ValueError("too long")
    return text


def _keys(text: bytes) -> tuple[dict[str, Any], ...]:
    """The keys of a set.

    Raises:
        ValueError: It is no JSON.
    """
    document = json.loads(text)
    listed = document.get("keys") if isinstance(document, dict) else None
    return tuple(key for key in (listed or ())[:_MOST_KEYS] if isinstance(key, dict))


def _fits(key: dict[str, Any], algorithm: str) -> bool:
    kind, curve = _KINDS.get(algorithm) or _KINDS[algorithm[:2]]
    return (
        key.get("kty") == kind
        and (curve is None or key.get("crv") == curve)
        and key.get("alg") in (None, algorithm)
        and key.get("use") in (None, "sig")
    )
