"""What stands in a parse tree, gathered in one walk: trees of long statements have hundreds of thousands of nodes."""

from __future__ import annotations

from typing import Any

from attrs import define, field

_SOURCES = frozenset({"RangeSubselect", "RangeFunction", "RangeTableFunc", "JsonTable"})


@define(kw_only=True)
class Gathered:
    """What stands in a tree.

    Args:
        nodes: The kinds of all nodes; a clause that stands under its own name counts as one too.
        functions: The names of all functions that it calls, the last part of each.
        types: The names of all types that it speaks of, and of its functions, as `_name('{}')` is a cast to an array.
        relations: The names that stand where relations do.
        given: The names that WITH lists give.
        sources: How many relations, subqueries and functions stand where rows come from.
    """

    nodes: set[str] = field(factory=set)
    functions: set[str] = field(factory=set)
    types: set[tuple[str, ...]] = field(factory=set)
    relations: set[tuple[str, ...]] = field(factory=set)
    given: set[tuple[str, ...]] = field(factory=set)
    sources: int = 0


def gathered(tree: Any) -> Gathered:
    """What stands in a tree as pgparse gives it: objects, lists, and values in them."""
    found = Gathered()
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif isinstance(node, dict):
            _take(node, found)
            left += [value for value in node.values() if isinstance(value, dict | list)]
    return found


def _take(node: dict[str, Any], found: Gathered) -> None:
    """Add what a node itself says."""
    for key, value in node.items():
        if key[0].isupper():
            found.nodes.add(key)
            found.sources += key in _SOURCES
        elif key.endswith("Clause") and isinstance(value, dict):
            found.nodes.add(key[0].upper() + key[1:])
        elif key in {"names", "funcname"} and isinstance(value, list):
            found.types.add(tuple(part["String"]["sval"] for part in value if "String" in part))
            if key == "funcname":
                found.functions.add(value[-1]["String"]["sval"])
        elif key == "ctename":
            found.given.add((value,))
        elif key == "relname" and "relpersistence" in node:
            found.relations.add(tuple(node[part] for part in ("schemaname", "relname") if node.get(part)))
            found.sources += 1
