"""Seals by AES-256-GCM: confidential, authentic, bound to what they were made for.

Source: NIST SP 800-38D; RFC 5116 (authenticated encryption with associated data).
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_DASH = 62
"""The bits that base64's second alphabet writes as a dash. RFC 4648, table 2."""


class AesGcmSealer:
    """Seals with one key, which is asked for at the first seal and not before.

    Args:
        key: Gives 32 bytes.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    @cached_property
    def _cipher(self) -> AESGCM:
        # Imported at the first cursor: it costs more than the rest of a start.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key())

    def seal(self, text: bytes, bound_to: bytes) -> str:
        """Encrypt; the same text never looks the same twice."""
        nonce = _nonce()
        return _written(nonce + self._cipher.encrypt(nonce, text, bound_to))

    def open(self, sealed: str, bound_to: bytes) -> bytes | None:
        """Decrypt; None for whatever was not sealed here for this."""
        from cryptography.exceptions import InvalidTag

        try:
            whole = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            text = self._cipher.decrypt(whole[:_NONCE_BYTES], whole[_NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):
            return None
        # Base64 is read generously: in either alphabet, past foreign letters, with any spare bits. One form is ours.
        return text if _written(whole) == sealed else None


def _nonce() -> bytes:
    # What it is written as begins with no dash: behind a flag of the command line that would be another flag.
    while (nonce := secrets.token_bytes(_NONCE_BYTES))[0] >> 2 == _DASH:
        pass
    return nonce


def _written(whole: bytes) -> str:
    return urlsafe_b64encode(whole).decode().rstrip("=")
