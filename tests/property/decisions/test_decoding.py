"""Arguments of any shape."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pgmcp.domain import json
from pgmcp.domain.errors import ValidationError
from pgmcp.handlers import decoding
from pgmcp.handlers.decoding import decode
from tests.unit.handlers.test_decoding import Coloured

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([each.name for each in Coloured.__attrs_attrs__]) | st.text("xy"), values))
def test_whatever_comes_is_a_request_or_an_error_of_ours(arguments: dict[str, Any]) -> None:
    """Never another exception; a request decodes to itself."""
    try:
        made = decode(Coloured, json.dumps(arguments))
    except ValidationError:
        return
    assert decode(Coloured, decoding.given(made)) == made
