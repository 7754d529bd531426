"""What a type's modifier leaves room for."""

from __future__ import annotations

import pytest

from pgmcp.domain.values.modifiers import exceeds
from tests.fixtures.walked import cases


@cases(
    "text, declared, too_large",
    [
        pytest.param(None, "varchar(1)", False, id="null"),
        pytest.param("abcde", "varchar(5)", False, id="fits"),
        pytest.param("abcdef", "varchar(5)", True, id="one-too-many"),
        pytest.param("äöüßé", "varchar(5)", False, id="characters-not-bytes"),
        pytest.param("abcde   ", "varchar(5)", False, id="spaces-are-cut"),
        pytest.param("abcde   f", "varchar(5)", True, id="spaces-before-more"),
        pytest.param("abcde\t", "varchar(5)", True, id="no-other-blank-is-cut"),
        pytest.param("abc", "char(2)", True, id="char"),
        pytest.param("abc", "text", False, id="no-modifier"),
        pytest.param("{abcdef}", "varchar(5)[]", False, id="array"),
        pytest.param("99.99", "numeric(4,2)", False, id="digits-fit"),
        pytest.param("100", "numeric(4,2)", True, id="digits-too-many"),
        pytest.param("99.994", "numeric(4,2)", False, id="rounded-down"),
        pytest.param("-99.995", "numeric(4,2)", True, id="rounded-up"),
        pytest.param("0.1", "numeric(2,4)", True, id="scale-above-precision"),
        pytest.param("0.0099", "numeric(2,4)", False, id="scale-above-precision-fits"),
        pytest.param("99000", "numeric(2,-3)", False, id="negative-scale"),
        pytest.param("99500", "numeric(2,-3)", True, id="negative-scale-too-many"),
        pytest.param("NaN", "numeric(4,2)", False, id="nan"),
        pytest.param("Infinity", "numeric(4,2)", True, id="infinity"),
        pytest.param("1e400", "numeric(10,2)", True, id="far-too-many"),
        pytest.param("many", "numeric(4,2)", False, id="no-number"),
        *(
            pytest.param(text, declared, too_large, id=f"{declared} of {text}")
            for text, declared, too_large in (
                ("101", "bit(3)", False),
                ("10", "bit(3)", True),
                ("1010", "bit(3)", True),
                ("x1", "bit(3)", False),
                ("10", "varbit(3)", False),
                ("1010", "varbit(3)", True),
                ("1010", "bit varying(3)", True),
                ("[1,2,3]", "vector(3)", False),
                ("[1,2]", "vector(3)", True),
                ("[1,2,3,4]", "halfvec(3)", True),
                ("1,2", "vector(3)", False),
            )
        ),
    ],
)
def test_exceeds(text: str | None, declared: str, too_large: bool) -> None:
    """As PostgreSQL's assignment to a column of that type decides."""
    assert exceeds(text, declared) is too_large
