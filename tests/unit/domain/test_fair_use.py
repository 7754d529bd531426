"""Allowances by the clock, and what a plan may cost."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain.costs import check_cost
from pgmcp.domain.errors import QueryError, codes
from pgmcp.domain.fair_use import Bucket, Limits


def node(kind: str, cost: float, rows: int, *inside: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A node of a plan."""
    found = {"Node Type": kind, "Startup Cost": 0, "Total Cost": cost, "Plan Rows": rows} | more
    return found | {"Plans": list(inside)} if inside else found


SCAN = node("Seq Scan", 900.0, 50_000, **{"Relation Name": "orders", "Filter": "(secret = 'hunter2'::text)"})
PLAN = [{"Plan": node("Aggregate", 1_000.0, 1, SCAN)}]


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """Time only fills."""
    bucket = Bucket.full(60, at=100.0).taken(60, now=100.0)
    assert bucket.wait_s(1, now=0.0) == 1.0


def test_limits_say_whether_there_are_any() -> None:
    """Without one nothing is counted."""
    assert not Limits().any
    assert all(each.any for each in (Limits(calls=1), Limits(tools={"t": 1}), Limits(running=1), Limits(rows=1)))


@pytest.mark.parametrize(
    "max_cost, max_rows, refused",
    [
        pytest.param(0, 0, False, id="no limits"),
        pytest.param(1_000, 50_000, False, id="just within"),
        pytest.param(999, 0, True, id="too high a cost"),
        pytest.param(0, 49_999, True, id="too many rows inside"),
    ],
)
def test_what_a_plan_may_cost(max_cost: float, max_rows: int, refused: bool) -> None:
    """Refused with the node that adds most, and without a word of its conditions."""
    if not refused:
        check_cost(PLAN, max_cost=max_cost, max_rows=max_rows)
        return
    with pytest.raises(QueryError) as caught:
        check_cost(PLAN, max_cost=max_cost, max_rows=max_rows)
    error = caught.value
    assert (error.code, error.retry) == (codes.TOO_COSTLY, "fix_input")
    assert error.details == {"cost": 1_000.0, "rows": 50_000, "worst": "Seq Scan on orders"}
    assert "hunter2" not in str(error.document())
