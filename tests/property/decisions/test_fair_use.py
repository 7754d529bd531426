"""Allowances by the clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgmcp.domain.fair_use import Bucket


@given(
    st.integers(1, 10_000),
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 20)), max_size=50),
)
def test_nobody_gets_more_than_the_pace(per_minute: int, asked: list[tuple[float, float]]) -> None:
    """Over any stretch of time: a full bucket, and what fills in since."""
    bucket, now, got = Bucket.full(per_minute, at=0.0), 0.0, 0.0
    for amount, pause in asked:
        now += pause
        if bucket.wait_s(amount, now=now) == 0 and amount <= per_minute:
            bucket, got = bucket.taken(amount, now=now), got + amount
    assert got <= per_minute * (1 + now / 60) + 1e-6


@given(st.integers(1, 10_000), st.floats(0, 10_000))
def test_a_wait_is_long_enough(per_minute: int, spent: float) -> None:
    """After it there is something again, whatever the debt."""
    bucket = Bucket.full(per_minute, at=0.0).taken(spent, now=0.0)
    assert bucket.wait_s(1, now=bucket.wait_s(1, now=0.0) + 1e-6) == pytest.approx(0, abs=1e-6)
