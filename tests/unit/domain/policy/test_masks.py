"""What each mask shows of a value."""

from __future__ import annotations

import pytest

from pgmcp.domain.policy.masks import Mask, masked
from tests.fixtures.walked import cases


@cases(
    "mask, text, shown",
    [
        pytest.param(Mask.FULL, "secret", "***", id="full"),
        pytest.param(Mask.FULL, None, None, id="full of null"),
        pytest.param(Mask.LAST4, "+351912345678", "***5678", id="last4"),
        pytest.param(Mask.LAST4, "12345678", "***5678", id="last4 of eight"),
        pytest.param(Mask.LAST4, "1234567", "***", id="last4 of seven"),
        pytest.param(Mask.LAST4, "", "***", id="last4 of nothing"),
        pytest.param(Mask.EMAIL, "ana@example.com", "a***@example.com", id="email"),
        pytest.param(Mask.EMAIL, "a@example.com", "***@example.com", id="email of one letter"),
        pytest.param(Mask.EMAIL, '"x@y"@example.com', '"***@example.com', id="email with two ats"),
        pytest.param(Mask.EMAIL, "no address", "***", id="email that is none"),
        pytest.param(Mask.EMAIL, "@example.com", "***", id="email without a name"),
        pytest.param(Mask.EMAIL, "ana@", "***", id="email without a domain"),
        pytest.param(Mask.NULL, "secret", None, id="null"),
    ],
)
def test_what_a_mask_shows(mask: Mask, text: str | None, shown: str | None) -> None:
    """Each mask has one form."""
    assert masked(text, mask) == shown


def test_a_hash_tells_equal_values_and_hangs_on_its_key() -> None:
    """RFC 4231's second case, cut; another key gives another digest."""
    found = masked("what do ya want for nothing?", Mask.HASH, b"Jefe")
    assert found == "5bdcc146bf60754e6a042426089575c7"
    assert masked("what do ya want for nothing?", Mask.HASH, b"Jeff") != found
