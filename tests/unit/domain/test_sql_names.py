"""The name at a place of a statement."""

from __future__ import annotations

import pytest

from pgmcp.domain.sql.names import name_at


@pytest.mark.parametrize(
    "text, position, parts",
    [
        pytest.param("SELECT * FROM Orders", 15, ("orders",), id="a plain one, in lower case"),
        pytest.param("SELECT * FROM Sales . Orders o", 15, ("sales", "orders"), id="with its schema"),
        pytest.param('SELECT * FROM "My ""Table"""', 15, ('My "Table"',), id="a quoted one"),
        pytest.param('SELECT * FROM a."B".c1$', 15, ("a", "B", "c1$"), id="mixed"),
        pytest.param("SELECT * FROM größe", 15, ("größe",), id="other letters"),
        pytest.param("SELECT 1", 8, (), id="no name"),
        pytest.param("SELECT", 99, (), id="behind the end"),
    ],
)
def test_name_at(text: str, position: int, parts: tuple[str, ...]) -> None:
    """As PostgreSQL reads it."""
    assert name_at(text, position) == parts
