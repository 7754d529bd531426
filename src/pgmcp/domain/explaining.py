"""PostgreSQL's `EXPLAIN (FORMAT JSON)` as the few lines that an agent needs.

Source: https://www.postgresql.org/docs/18/using-explain.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgmcp.domain.responses import PlanResponse

Node = Mapping[str, Any]

# What a node's line says of how it finds its rows, in the order of the line.
_CONDITIONS = ("Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter", "TID Cond")
_KEYS = ("Sort Key", "Group Key")


def summarise(explained: Sequence[Any]) -> PlanResponse:
    """The lines, cost and rows of a plan, and what `ANALYZE` measured where it ran.

    Args:
        explained: What `EXPLAIN (FORMAT JSON)` gives: a list of one object with `Plan`.
    """
    whole = explained[0]
    top = whole["Plan"]
    return PlanResponse(
        plan=tuple(_lines(top, 0)), cost=top["Total Cost"], rows=top["Plan Rows"], extra=dict(_measured(whole, top))
    )


# What a plan says of how it goes, and of nothing else.
_BARE = ("Node Type", "Join Type", "Operation", "Total Cost", "Startup Cost", "Plan Rows")
_BARE_MEASURED = (
    *("Actual Rows", "Actual Loops", "Actual Total Time"),
    *("Shared Hit Blocks", "Shared Read Blocks", "Shared Written Blocks"),
)
_BARE_TIMES = ("Planning Time", "Execution Time")


def unnamed(explained: Sequence[Any]) -> list[dict[str, Any]]:
    """A plan without the names and conditions in it: what is done, how often, and what that costs.

    Args:
        explained: As for `summarise`.
    """
    whole = explained[0]
    return [{"Plan": _bare(whole["Plan"])} | {key: whole[key] for key in _BARE_TIMES if key in whole}]


def _bare(node: Node) -> dict[str, Any]:
    kept = {key: node[key] for key in (*_BARE, *_BARE_MEASURED) if key in node}
    return kept | ({"Plans": [_bare(child) for child in node["Plans"]]} if "Plans" in node else {})


def _lines(node: Node, depth: int) -> Iterator[str]:
    indent = "  " * depth + ("-> " if depth else "")
    yield indent + _line(node)
    for child in node.get("Plans", ()):
        yield from _lines(child, depth + 1)


def _line(node: Node) -> str:
    parts = [_title(node), f"rows {node['Plan Rows']}", f"cost {node['Startup Cost']:g}..{node['Total Cost']:g}"]
    if "Actual Rows" in node:
        loops = node["Actual Loops"]
        times = f" x{loops}" if loops != 1 else ""
        if loops:
            parts.append(f"actual {node['Actual Rows']:g} rows, {node['Actual Total Time']:g} ms{times}")
        else:
            parts.append("never run")
    parts += [f"{key.lower()} {node[key]}" for key in _CONDITIONS if key in node]
    parts += [f"{key.lower()} {', '.join(node[key])}" for key in _KEYS if key in node]
    return "  ".join(parts)


def _title(node: Node) -> str:
    title = str(node["Node Type"])
    if "Join Type" in node and node["Join Type"] != "Inner":
        title += f" {node['Join Type']}"
    if "Operation" in node:
        title = str(node["Operation"])
    names = [node[key] for key in ("Index Name", "Relation Name", "Function Name", "CTE Name") if key in node]
    if "Alias" in node and names and node["Alias"] != names[-1]:
        names.append(node["Alias"])
    return " ".join([title, *names])


def _measured(whole: Node, top: Node) -> Iterator[tuple[str, Any]]:
    if "Execution Time" not in whole:
        return
    yield "actual_rows", top.get("Actual Rows", 0)
    yield "planning_ms", whole.get("Planning Time")
    yield "execution_ms", whole["Execution Time"]
    hit, read = top.get("Shared Hit Blocks", 0), top.get("Shared Read Blocks", 0)
    yield "buffers", {"hit": hit, "read": read, "written": top.get("Shared Written Blocks", 0)}
