"""Arrays: their order, what they contain, their length.

Source: PostgreSQL documentation, section 9.19 (Array Functions and Operators).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

from pgmcp.adapters.memory.refusals import refuse

_KNOWN, _NULL = 0, 1


def key(value: Any, element: Callable[[Any], Any]) -> tuple[Any, ...]:
    """What arrays are compared by: their elements in turn (a NULL after all others), how many, their dimensions."""
    items = tuple((_NULL,) if item is None else (_KNOWN, element(item)) for item in elements(value))
    return (items, dimensions(value))


def elements(value: Any) -> Iterator[Any]:
    """An array's elements, of all dimensions, in their order."""
    for item in _checked(value):
        if isinstance(item, list):
            yield from elements(item)
        else:
            yield item


def dimensions(value: Any) -> tuple[int, ...]:
    """How many elements each dimension has; nothing for an empty array."""
    sizes: list[int] = []
    at = _checked(value)
    while at:
        sizes.append(len(at))
        at = at[0] if isinstance(at[0], list) else []
    return tuple(sizes)


def members(value: Any, element: Callable[[Any], Hashable]) -> tuple[frozenset[Hashable], bool]:
    """The keys of an array's elements, and whether a NULL is among them."""
    items = list(elements(value))
    return frozenset(element(item) for item in items if item is not None), None in items


def _checked(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise refuse("operators on arrays with another lower bound than 1")
    return value
