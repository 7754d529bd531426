"""Geometric types and vectors in PostgreSQL's text form: a point may be `[x, y]`, a shape a list of points.

Source: PostgreSQL documentation, section 8.8 (Geometric Types).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pgmcp.domain.json import Number
from pgmcp.domain.values.numbers import NUMBER_WRITERS
from pgmcp.domain.values.plain import is_text
from pgmcp.domain.values.unfit import Unfit

_SOME_NUMBER = re.compile(r"[0-9]|inf|nan", re.IGNORECASE)
_coordinate = NUMBER_WRITERS["float8"]


def is_pair(value: Any) -> bool:
    """Whether a value is a list of two numbers, which is a point."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(item, Number | int | float | Decimal) and not isinstance(item, bool) for item in value)
    )


def point_text(value: Any) -> str:
    """A point, as text or as a list of two numbers."""
    if is_pair(value):
        return f"({_coordinate(value[0])},{_coordinate(value[1])})"
    return _text(value, "a point such as [1.5, 2] or (1.5,2)")


def _shape_writer(open_: str, close: str, example: str, *, exactly: int | None = None) -> Callable[[Any], str]:
    """A writer of shapes that a list of points makes, between two signs."""
    points = f"{exactly} points" if exactly else "points"
    expected = f"a list of {points}, or text such as {example}"

    def write(value: Any) -> str:
        if isinstance(value, list | tuple):
            if not value or (exactly and len(value) != exactly):
                raise Unfit(expected)
            return open_ + ",".join(map(point_text, value)) + close
        return _text(value, expected)

    return write


def _circle_text(value: Any) -> str:
    """A circle, which is no list of points."""
    return _text(value, "a circle such as <(0,0),2>")


def vector_text(value: Any) -> str:
    """A vector of pgvector, as text or as a list of numbers."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_coordinate, value)) + "]"
    return _text(value, "a list of numbers, or text such as [1,2,3]")


def _text(value: Any, expected: str) -> str:
    """A text that holds some number, as all of them do."""
    if not is_text(value) or not _SOME_NUMBER.search(value):
        raise Unfit(expected)
    return str(value)


SHAPE_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "point": point_text,
    "lseg": _shape_writer("[", "]", "[(0,0),(1,1)]", exactly=2),
    "line": _shape_writer("[", "]", "{1,-1,0}", exactly=2),
    "box": _shape_writer("", "", "(1,1),(0,0)", exactly=2),
    "path": _shape_writer("(", ")", "((0,0),(1,1))"),
    "polygon": _shape_writer("(", ")", "((0,0),(0,1),(1,1))"),
    "circle": _circle_text,
    "vector": vector_text,
    "halfvec": vector_text,
}
