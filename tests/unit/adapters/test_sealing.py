"""What was sealed is opened in the one form that it was given in."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pgmcp.adapters.sealing import AesGcmSealer

KEY = bytes(32)
SEALER = AesGcmSealer(lambda: KEY)
LETTERS = [chr(code) for code in range(0x180)]


# With every length of what is left over in base64.
@pytest.mark.parametrize("text", [b"", b"a", b"ab", b"abc"])
def test_no_letter_can_be_another(text: bytes) -> None:
    """At any place: base64 has a second alphabet, letters that are passed over, and bits that mean nothing."""
    # As it would be sealed by that chance: it has a letter of each kind, the two of the second alphabet too.
    nonce = urlsafe_b64decode("_-_-AZaz09-_BYby")
    sealed = urlsafe_b64encode(nonce + AESGCM(KEY).encrypt(nonce, text, b"here")).decode().rstrip("=")
    for at in range(len(sealed)):
        changed = (sealed[:at] + letter + sealed[at + 1 :] for letter in LETTERS if letter != sealed[at])
        assert all(SEALER.open(other, b"here") is None for other in changed)
    assert SEALER.open(sealed, b"here") == text


@pytest.mark.parametrize("more", ["=", "==", "A", "\n", " ", "+", "é"])
def test_nothing_can_be_added(more: str) -> None:
    """Before it, within it or behind it."""
    sealed = SEALER.seal(b"text", b"here")
    for at in range(len(sealed) + 1):
        assert SEALER.open(sealed[:at] + more + sealed[at:], b"here") is None


def test_no_text_begins_with_a_dash() -> None:
    """So that it can stand behind a flag; one in 64 would."""
    assert [sealed for _ in range(2000) if (sealed := SEALER.seal(b"text", b"here")).startswith("-")] == []


def test_it_opens_only_for_what_it_was_bound_to() -> None:
    """And by its own key."""
    sealed = SEALER.seal(b"text", b"here")
    assert SEALER.open(sealed, b"there") is None
    assert AesGcmSealer(lambda: b"1" * 32).open(sealed, b"here") is None
