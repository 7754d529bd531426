"""Texts of the catalogue that name what is hidden."""

from __future__ import annotations

import pytest

from pgmcp.domain.policy.mentions import mentions
from pgmcp.domain.policy.patterns import Pattern
from tests.fixtures.walked import cases


@cases(
    "text, pattern, found",
    [
        pytest.param("CHECK (length(ssn) = 9)", "ssn", True, id="a word"),
        pytest.param("customers_ssn_idx", "ssn", True, id="a part of a name"),
        pytest.param("The SSN is secret", "ssn", True, id="another case"),
        pytest.param("ssnx", "ssn", False, id="another word"),
        pytest.param('("a b" > 1)', "a b", True, id="a name with a blank"),
        pytest.param("idx_tax_code", "tax_*", True, id="a pattern over parts"),
        pytest.param("idx_tax_code", "t?x", True, id="one character"),
        pytest.param("nothing", "n?thin", False, id="a pattern of a whole name"),
        pytest.param(None, "ssn", False, id="no text"),
    ],
)
def test_a_text_names_a_column(text: str | None, pattern: str, found: bool) -> None:
    """As a word, or a part of a name that underscores hold together."""
    assert mentions(text, [Pattern(pattern)]) is found
