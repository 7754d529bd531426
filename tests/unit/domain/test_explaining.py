"""PostgreSQL's plan as few lines."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain.explaining import summarise, unnamed
from pgmcp.domain.responses import PlanResponse
from tests.fixtures.walked import cases


def node(kind: str, rows: int = 1, cost: tuple[float, float] = (0.0, 1.0), **more: Any) -> dict[str, Any]:
    """A node as `EXPLAIN (FORMAT JSON)` has it; underscores stand for spaces."""
    named = {key.replace("_", " "): value for key, value in more.items()}
    return {"Node Type": kind, "Startup Cost": cost[0], "Total Cost": cost[1], "Plan Rows": rows} | named


def lines(top: dict[str, Any]) -> tuple[str, ...]:
    """The plan's lines."""
    return summarise([{"Plan": top}]).plan


def test_a_tree() -> None:
    """Children are indented below their parents; cost and rows are the top's."""
    top = node(
        "Limit",
        10,
        (0.29, 8.31),
        Plans=[
            node(
                "Nested Loop",
                100,
                (0.29, 80.0),
                Join_Type="Left",
                Plans=[
                    node("Seq Scan", 100, (0.0, 35.5), Relation_Name="orders", Alias="o", Filter="(total > 1)"),
                    node(
                        "Index Scan",
                        1,
                        (0.29, 8.31),
                        Index_Name="customers_pkey",
                        Relation_Name="customers",
                        Alias="customers",
                        Index_Cond="(id = o.customer_id)",
                    ),
                ],
            )
        ],
    )
    assert summarise([{"Plan": top}]) == PlanResponse(
        plan=(
            "Limit  rows 10  cost 0.29..8.31",
            "  -> Nested Loop Left  rows 100  cost 0.29..80",
            "    -> Seq Scan orders o  rows 100  cost 0..35.5  filter (total > 1)",
            "    -> Index Scan customers_pkey customers  rows 1  cost 0.29..8.31  index cond (id = o.customer_id)",
        ),
        cost=8.31,
        rows=10,
        extra={},
    )


@cases(
    "top, line",
    [
        pytest.param(node("Result"), "Result  rows 1  cost 0..1", id="plain"),
        pytest.param(node("Hash Join", Join_Type="Inner"), "Hash Join  rows 1  cost 0..1", id="an inner join"),
        pytest.param(
            node("ModifyTable", Operation="Update", Relation_Name="t", Alias="t"),
            "Update t  rows 1  cost 0..1",
            id="a write",
        ),
        pytest.param(
            node("Function Scan", Function_Name="generate_series", Alias="n"),
            "Function Scan generate_series n  rows 1  cost 0..1",
            id="a function",
        ),
        pytest.param(
            node("CTE Scan", CTE_Name="recent", Alias="recent"), "CTE Scan recent  rows 1  cost 0..1", id="a CTE"
        ),
        pytest.param(node("Values Scan", Alias="v"), "Values Scan  rows 1  cost 0..1", id="an alias of nothing"),
        pytest.param(
            node("Sort", Sort_Key=["a DESC", "b"]), "Sort  rows 1  cost 0..1  sort key a DESC, b", id="a sort"
        ),
        pytest.param(
            node("Aggregate", Group_Key=["a"], Filter="(count(*) > 1)"),
            "Aggregate  rows 1  cost 0..1  filter (count(*) > 1)  group key a",
            id="a group",
        ),
        pytest.param(
            node("Bitmap Heap Scan", Recheck_Cond="(a = 1)", Filter="(b = 2)", Index_Cond="(a = 1)"),
            "Bitmap Heap Scan  rows 1  cost 0..1  index cond (a = 1)  recheck cond (a = 1)  filter (b = 2)",
            id="conditions in one order",
        ),
        pytest.param(
            node("Merge Join", Merge_Cond="(a = b)", Join_Filter="(c)", Hash_Cond="(h)", TID_Cond="(t)"),
            "Merge Join  rows 1  cost 0..1  hash cond (h)  merge cond (a = b)  join filter (c)  tid cond (t)",
            id="conditions of joins",
        ),
        pytest.param(
            node("Seq Scan", Actual_Rows=3, Actual_Loops=1, Actual_Total_Time=0.25),
            "Seq Scan  rows 1  cost 0..1  actual 3 rows, 0.25 ms",
            id="measured",
        ),
        pytest.param(
            node("Seq Scan", Actual_Rows=3.5, Actual_Loops=7, Actual_Total_Time=2.0),
            "Seq Scan  rows 1  cost 0..1  actual 3.5 rows, 2 ms x7",
            id="measured in loops",
        ),
        pytest.param(
            node("Seq Scan", Actual_Rows=0, Actual_Loops=0, Actual_Total_Time=0.0, Filter="(a)"),
            "Seq Scan  rows 1  cost 0..1  never run  filter (a)",
            id="never run",
        ),
    ],
)
def test_a_line(top: dict[str, Any], line: str) -> None:
    """What a node is, what it costs, how it finds its rows."""
    assert lines(top) == (line,)


def test_what_analyze_adds() -> None:
    """Times, rows and buffers of the whole statement."""
    top = node(
        "Seq Scan",
        Actual_Rows=42,
        Actual_Loops=1,
        Actual_Total_Time=0.5,
        Shared_Hit_Blocks=5,
        Shared_Read_Blocks=2,
        Shared_Written_Blocks=1,
    )
    found = summarise([{"Plan": top, "Planning Time": 0.1, "Execution Time": 0.7}])
    assert list(found.extra.items()) == [
        ("actual_rows", 42),
        ("planning_ms", 0.1),
        ("execution_ms", 0.7),
        ("buffers", {"hit": 5, "read": 2, "written": 1}),
    ]


def test_what_analyze_leaves_out_is_zero() -> None:
    """A plan without counters is still told."""
    found = summarise([{"Plan": node("Result"), "Execution Time": 0.7}])
    assert found.extra == {
        "actual_rows": 0,
        "planning_ms": None,
        "execution_ms": 0.7,
        "buffers": {"hit": 0, "read": 0, "written": 0},
    }


def test_a_plan_without_names() -> None:
    """What is done, what it costs and what was measured stay; every name and condition goes, at any depth."""
    inner = node(
        "Index Scan",
        1,
        (0.29, 8.31),
        Index_Name="hidden_idx",
        Relation_Name="hidden",
        Schema="hidden",
        Alias="h",
        Filter="(pin = 'x')",
        Output=["pin"],
        Actual_Rows=1,
        Actual_Loops=1,
        Actual_Total_Time=0.5,
        Rows_Removed_by_Filter=7,
        Shared_Hit_Blocks=2,
    )
    top = node("Sort", 1, (1.0, 9.0), Sort_Key=["pin"], Plans=[inner])
    bare = unnamed([{"Plan": top, "Planning Time": 0.1, "Execution Time": 0.7, "Triggers": [{"Trigger Name": "t"}]}])
    assert "hidden" not in str(bare)
    assert "pin" not in str(bare)
    assert summarise(bare).plan == (
        "Sort  rows 1  cost 1..9",
        "  -> Index Scan  rows 1  cost 0.29..8.31  actual 1 rows, 0.5 ms",
    )
    assert "Triggers" not in bare[0]
