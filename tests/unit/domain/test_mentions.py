"""Whether a filter speaks of relative times."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain.filters.mentions import mentions_time
from pgmcp.domain.filters.values import MAX_MEMBERS
from tests.fixtures.walked import cases


@cases(
    "filters, mentioned",
    [
        pytest.param({}, False, id="empty"),
        pytest.param({"n": 1, "name": "relative"}, False, id="as a value"),
        pytest.param({"seen": {"relative": "today"}}, True, id="alone"),
        pytest.param({"seen": {"gte": {"relative": "today"}}}, True, id="under an operator"),
        pytest.param({"or": [{"n": 1}, {"seen": {"gte": {"relative": "today"}}}]}, True, id="in a list"),
        pytest.param({"a": (1, {"relative": "now"})}, True, id="in a tuple"),
        pytest.param({"relative": 1}, True, id="a column of that name is taken for it"),
        pytest.param({"name": {"in": ["relative", "x"]}}, False, id="in a list of values"),
        pytest.param({"name": b"relative"}, False, id="bytes"),
    ],
)
def test_mentions(filters: dict[str, Any], mentioned: bool) -> None:
    """The key counts, wherever it stands."""
    assert mentions_time(filters) is mentioned


def test_depth_costs_nothing() -> None:
    """A filter deeper than Python's stack is looked through all the same."""
    filters: dict[str, Any] = {"seen": {"relative": "today"}}
    for _ in range(5_000):
        filters = {"not": filters}
    assert mentions_time(filters) is True


def test_an_endless_filter_ends() -> None:
    """One that holds itself is given up, since the parser refuses it anyway."""
    filters: dict[str, Any] = {"n": 1}
    filters["not"] = filters
    assert mentions_time(filters) is False


def test_a_list_that_is_too_long_is_not_looked_through() -> None:
    """The parser refuses it anyway, and it may be very long."""
    assert mentions_time({"or": [{"relative": "today"}] * (MAX_MEMBERS + 1)}) is False
    assert mentions_time({"or": [{"relative": "today"}] * MAX_MEMBERS}) is True
