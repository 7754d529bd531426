"""Seals by AES-256-GCM: confidential, authentic, bound to what they were made for.

Source: NIST SP 800-38D; RFC 5116 (authenticated encryption with associated data).
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class AesGcmSealer:
    """Seals with one key: a secret's digest, or one that is made anew and dies with the process."""

    def __init__(self, secret: str | None = None) -> None:
        """Take the key from `secret`; without one, cursors end with the process."""
        self._key = sha256(secret.encode()).digest() if secret is not None else secrets.token_bytes(32)

    @cached_property
    def _cipher(self) -> AESGCM:
        # Imported at the first cursor: it costs more than the rest of a start.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)

    def seal(self, text: bytes, bound_to: bytes) -> str:
        """Encrypt; the same text never looks the same twice."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, text, bound_to)).decode().rstrip("=")

    def open(self, sealed: str, bound_to: bytes) -> bytes | None:
        """Decrypt; None for whatever was not sealed here for this."""
        from cryptography.exceptions import InvalidTag

        try:
            whole = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            return self._cipher.decrypt(whole[:_NONCE_BYTES], whole[_NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):
            return None
