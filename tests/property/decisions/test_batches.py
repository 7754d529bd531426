"""Records of any number become batches."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.test_batches import cut


@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), st.none() | st.text("xy", max_size=3)), max_size=20),
    st.integers(1, 5),
    st.integers(1, 12),
)
async def test_nothing_is_lost_or_turned_round(records: list[dict[str, Any]], size: int, weight: int) -> None:
    """All batches together are the records, in order; none is empty or larger than it may be."""
    found = await cut(records, size=size, max_bytes=weight)
    assert [dict(zip(batch.columns, row, strict=True)) for batch in found for row in batch.rows] == records
    assert all(1 <= len(batch.rows) <= size for batch in found)
