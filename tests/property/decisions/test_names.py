"""Names: of columns that stand twice, and those that are suggested."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pgmcp.domain.responses.data import distinct
from pgmcp.domain.suggestions import nearest


@given(st.lists(st.sampled_from(["a", "b", "a_2", "a_3", "b_2"])))
def test_no_name_is_lost(names: list[str]) -> None:
    """As many different names as there were columns, each first one as it was."""
    found = distinct(tuple(names))
    assert len(set(found)) == len(names)
    assert all(new == old or new.startswith(f"{old}_") for new, old in zip(found, names, strict=True))


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=30))
def test_a_known_name_is_its_own_nearest(known: list[str]) -> None:
    """Whoever writes a name right is told nothing else first, whatever else there is."""
    assert nearest(known[-1], known)[0].casefold() == known[-1].casefold()
