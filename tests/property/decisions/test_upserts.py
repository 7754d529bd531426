"""An upsert against a dictionary."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pgmcp.adapters.memory.declare import column, table
from tests.unit.house import House


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=12, unique_by=lambda pair: pair[0]),
    st.integers(1, 4),
)
async def test_an_upsert_leaves_the_last_word(pairs: list[tuple[int, int]], size: int) -> None:
    """Whatever the batches, the table is what a dictionary would be."""
    house = House({"t": table(columns={"id": column("int4", nullable=False), "n": "int4"}, primary_key="id")})
    first = [{"id": at, "n": 100 + at} for at in range(3)]
    await house.document("create_records", {"table": "t", "records": first})
    records = [{"id": key, "n": value} for key, value in pairs]
    await house.document(
        "create_records", {"table": "t", "records": records, "batch_size": size, "on_conflict": "update"}
    )
    expected = {each["id"]: each["n"] for each in first} | dict(pairs)
    assert await house.stored("t") == [[str(key), str(value)] for key, value in sorted(expected.items())]
