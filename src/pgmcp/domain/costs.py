"""Whether PostgreSQL's own estimate of a statement is more than a server wants to spend on it.

Source: https://www.postgresql.org/docs/18/using-explain.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgmcp.domain.errors import QueryError, codes

Node = Mapping[str, Any]


def check_cost(explained: Sequence[Any], *, max_cost: float, max_rows: int) -> None:
    """See that a plan stays below the limits; 0 sets none.

    Args:
        explained: What `EXPLAIN (FORMAT JSON)` gives.
        max_cost: The highest estimated cost, in the planner's units.
        max_rows: The most rows that any part of the plan may be estimated to give.

    Raises:
        QueryError: `too_costly`, with the worst node of the plan.
    """
    top: Node = explained[0]["Plan"]
    cost, rows = float(top["Total Cost"]), max(int(node["Plan Rows"]) for node in _nodes(top))
    if (not max_cost or cost <= max_cost) and (not max_rows or rows <= max_rows):
        return
    worst = max(_nodes(top), key=_own_cost)
    raise QueryError(
        codes.TOO_COSTLY,
        f"PostgreSQL expects a cost of {cost:.0f} and up to {rows} rows on the way, which is more than is allowed here",
        hint=f"Most of it is {_said(worst)}: narrow it by an indexed condition; explain_query shows the plan.",
        details={"cost": cost, "rows": rows, "worst": _said(worst)},
    )


def _nodes(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        at = waiting.pop()
        yield at
        waiting.extend(at.get("Plans", ()))


def _own_cost(node: Node) -> float:
    """What a node adds to what its inputs cost; an initial plan or a LIMIT above may cut that, never below nothing."""
    return max(0.0, float(node["Total Cost"]) - sum(float(each["Total Cost"]) for each in node.get("Plans", ())))


def _said(node: Node) -> str:
    """A node in words: what it is and on which relation, without a condition, as that holds values."""
    where = node.get("Relation Name") or node.get("CTE Name") or node.get("Function Name")
    return f"{node['Node Type']} on {where}" if where else str(node["Node Type"])
