"""Operators on geometric types, and the shapes that stand beside them.

A point is `[x,y]` or `"(x,y)"`; other shapes are a list of points or PostgreSQL's text.
Source: PostgreSQL documentation, sections 8.8 (Geometric Types) and 9.11 (Geometric Functions and Operators).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pgmcp.domain.errors import codes
from pgmcp.domain.filters.conditions import Condition
from pgmcp.domain.filters.tree import Filter, Literal, Spatial, SpatialOp
from pgmcp.domain.filters.values import is_text, literal
from pgmcp.domain.values.shapes import is_pair
from pgmcp.domain.values.text import to_text
from pgmcp.domain.values.types import FLOAT8, Type
from pgmcp.domain.values.unfit import Unfit

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[iI]nf(?:inity)?|[nN]a[nN])"
_NUMBERS = re.compile(_NUMBER, re.ASCII)
_FLOAT = re.compile(rf"\s*(?:{_NUMBER})\s*", re.ASCII).fullmatch
_BETWEEN = re.compile(r"[\s()\[\]<>{},]*", re.ASCII).fullmatch

# Which shapes an operator takes beside each type, the first that fits the value's form.
WITHIN = {
    "point": ("box", "polygon", "circle", "path", "line"),
    "lseg": ("box", "line"),
    "box": ("box",),
    "polygon": ("polygon",),
    "circle": ("circle",),
}
INTERSECTS = {
    "lseg": ("lseg", "box", "line"),
    "line": ("line", "box"),
    "box": ("box",),
    "path": ("path",),
    "polygon": ("polygon",),
    "circle": ("circle",),
}
HOLDS_POINTS = frozenset({"box", "path", "polygon", "circle"})
BOXED = frozenset({"point", "box", "polygon", "circle"})
_MANY_POINTS = {"path", "polygon"}
_TWO_POINTS = {"lseg", "line", "box"}
_EXAMPLES = {
    "point": '"(1,2)" or [1,2]',
    "box": '"(1,1),(4,3)" or [[1,1],[4,3]]',
    "lseg": '"[(1,1),(4,3)]" or [[1,1],[4,3]]',
    "line": '"{1,-1,0}" or [[1,1],[4,3]]',
    "path": '"[(0,0),(4,0),(4,3)]" or [[0,0],[4,0],[4,3]]',
    "polygon": '"((0,0),(4,0),(4,3))" or [[0,0],[4,0],[4,3]]',
    "circle": '"<(1,2),5>"',
}


# How each shape's text may begin, `""` for a number, and how many numbers it then holds.
_EVEN = 0  # any number of points
_FORMS: Mapping[str, Mapping[str, int]] = {
    "point": {"": 2, "(": 2},
    "circle": {"": 3, "(": 3, "<": 3},
    "line": {"": 4, "(": 4, "[": 4, "{": 3},
    "lseg": {"": 4, "(": 4, "[": 4},
    "box": {"": 4, "(": 4},
    "path": {"": _EVEN, "(": _EVEN, "[": _EVEN},
    "polygon": {"": _EVEN, "(": _EVEN},
}


def _text_fits(text: str, shape: str) -> bool:
    """Whether a text has the form of a shape."""
    numbers = len(_NUMBERS.findall(text))
    if numbers == 0 or not _BETWEEN(_NUMBERS.sub(" ", text)):
        return False
    first = text.strip()[0]
    wanted = _FORMS[shape].get(first if first in "([<{" else "")
    return wanted == numbers or (wanted == _EVEN and numbers % 2 == 0)


def _list_fits(value: Sequence[object], shape: str) -> bool:
    """Whether a list of numbers or points has the form of a shape."""
    if is_pair(value):
        return shape == "point"
    return bool(value) and shape in _MANY_POINTS | (_TWO_POINTS if len(value) == 2 else set())


def shape(condition: Condition, allowed: Sequence[str]) -> Literal:
    """The operator's value as one of the shapes that it takes.

    Raises:
        ValidationError: `filter_value_invalid`, with an example of the first shape.
    """
    value = condition.value
    found: Iterable[str] = ()
    if is_text(value):
        found = (name for name in allowed if _text_fits(value, name))
    elif isinstance(value, list | tuple):
        found = (name for name in allowed if _list_fits(value, name))
    name = next(iter(found), None)
    if name is None:
        raise condition.invalid(f"a {' or '.join(allowed)}, such as {_EXAMPLES[allowed[0]]}")
    return literal(condition, Type(name=name))


def near(condition: Condition) -> Filter:
    """`near`: at most `distance`, which stands beside it, away from a point."""
    at = f"{condition.base}.distance"
    if "distance" not in condition.beside:
        raise condition.invalid("a 'distance' beside it", code=codes.FILTER_MALFORMED)
    distance = condition.beside["distance"]
    try:
        length = to_text(distance, FLOAT8)
    except Unfit:
        length = None
    if length is None or not _FLOAT(length) or not float(length) >= 0:
        raise condition.invalid("a number that isn't negative as 'distance'", at=at)
    point = shape(condition, ("point",))
    return Spatial(
        operand=condition.target.operand(), op=SpatialOp.NEAR, shape=point, distance=Literal(length, FLOAT8, at)
    )


def within(condition: Condition) -> Filter:
    """`within`: inside a shape, its edge included."""
    return _spatial(condition, WITHIN[condition.target.type.tag])


def contains_point(condition: Condition) -> Filter:
    """`contains_point`: the column's shape holds a point."""
    return _spatial(condition, ("point",))


def intersects(condition: Condition) -> Filter:
    """`intersects`: has a point in common with a shape."""
    return _spatial(condition, INTERSECTS[condition.target.type.tag])


def bounding_box(condition: Condition) -> Filter:
    """`bounding_box`: the column's bounding box overlaps that box; a point lies in it."""
    return _spatial(condition, ("box",))


def _spatial(condition: Condition, allowed: Sequence[str]) -> Spatial:
    return Spatial(
        operand=condition.target.operand(), op=SpatialOp(condition.operator), shape=shape(condition, allowed)
    )
