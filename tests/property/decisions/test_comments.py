"""The comment on every statement, whoever calls."""

from __future__ import annotations

from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from pgmcp.adapters.postgres.commenting import comment_of
from tests.unit.adapters.test_comments import FORM


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_name_stays_inside_its_quotes(tool: str, name: str) -> None:
    """Whatever it holds; read back it is the same, but for halves of characters."""
    found = FORM.fullmatch(comment_of(tool, name))
    assert found is not None
    assert (unquote(found[1]), unquote(found[2])) == tuple(
        text.encode("utf-8", "replace").decode() for text in (tool, name)
    )
