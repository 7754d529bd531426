"""Masks: what is shown in place of a value, made of its text form. NULL stays NULL under each of them.

Adapters show exactly this, so that a page reads the same from memory and from PostgreSQL.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from hmac import new as hmac

HIDDEN = "***"
SHORTEST_SHOWN_IN_PART = 8
"""Characters that a text has at the least before `last4` shows the last of them: never half of it or more."""
HASH_LENGTH = 32
"""Hexadecimal digits that `hash` shows: 128 bits."""


class Mask(StrEnum):
    """What becomes of a value.

    `FULL` shows `***`; `LAST4` the last four characters behind `***`, of eight at the least; `EMAIL` the first letter
    and the domain; `HASH` a keyed digest, so that equal values look equal and nothing else can be told; `NULL` nothing.
    """

    FULL = "full"
    LAST4 = "last4"
    EMAIL = "email"
    HASH = "hash"
    NULL = "null"


def masked(text: str | None, mask: Mask, key: bytes = b"") -> str | None:
    """What a mask shows of a value.

    Args:
        text: The value's text form; None for NULL.
        mask: The mask.
        key: The secret behind `HASH`.

    >>> masked("ana@example.com", Mask.EMAIL), masked("+351 912 345 678", Mask.LAST4), masked("short", Mask.LAST4)
    ('a***@example.com', '*** 678', '***')
    """
    if text is None:
        return None
    match mask:
        case Mask.FULL:
            return HIDDEN
        case Mask.LAST4:
            return HIDDEN + (text[-4:] if len(text) >= SHORTEST_SHOWN_IN_PART else "")
        case Mask.EMAIL:
            return _email(text)
        case Mask.HASH:
            return hmac(key, text.encode(), sha256).hexdigest()[:HASH_LENGTH]
        case Mask.NULL:
            return None


def _email(text: str) -> str:
    """`a***@example.com`; the first letter only where more follow, and nothing at all of what is no address."""
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        return HIDDEN
    return f"{local[0] if len(local) > 1 else ''}{HIDDEN}@{domain}"
