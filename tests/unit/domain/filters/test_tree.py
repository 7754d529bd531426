"""What can be asked of a tree."""

from __future__ import annotations

import pytest

from pgmcp.domain.filters.columns import columns_of
from tests.unit.domain.filters.reading import tree


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("{}", set(), id="nothing"),
        pytest.param('{"n":1}', {"n"}, id="one"),
        pytest.param('{"n":1,"or":[{"name":"a"},{"not":{"doc->a":1}}]}', {"n", "name", "doc"}, id="nested"),
        pytest.param('{"pt":{"near":[1,2],"distance":3},"ints":{"array_length":1}}', {"pt", "ints"}, id="views"),
    ],
)
def test_columns(text: str, expected: set[str]) -> None:
    """All columns that a tree reads, wherever they stand."""
    assert columns_of(tree(text)) == expected
