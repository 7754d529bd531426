"""Conditions of geometry as SQL.

Source: PostgreSQL documentation, section 9.11 (Geometric Functions and Operators): not every operator exists for
every pair of types, so each type takes the form that says the same. GiST serves few of them: where a condition has no
operator of its own there, one that holds for more rows stands before it (section 65.2.1, Built-in Operator Classes).
"""

from __future__ import annotations

from pgmcp.adapters.postgres.binder import Binder
from pgmcp.adapters.postgres.operands import operand
from pgmcp.domain.filters.tree import Spatial, SpatialOp
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import FLOAT8

_LINES = frozenset({"lseg", "line", "path"})


def spatial(tree: Spatial, relation: Relation, binder: Binder) -> str:
    """A geometric condition."""
    left = operand(tree.operand, relation, binder)
    tag = tree.operand.type.tag
    shape = binder.literal(tree.shape)
    match tree.op:
        case SpatialOp.NEAR:
            return _near(left, tag, shape, tree, binder)
        case SpatialOp.WITHIN:
            return f"({left} <@ {shape})"
        case SpatialOp.CONTAINS_POINT:
            return _contains_point(left, tag, shape)
        case SpatialOp.INTERSECTS:
            return _intersects(left, tag, shape, tree.shape.type.tag)
        case SpatialOp.BOUNDING_BOX:
            return _bounding_box(left, tag, shape)


def _near(left: str, tag: str, shape: str, tree: Spatial, binder: Binder) -> str:
    distance = "0::float8" if tree.distance is None else binder.literal(tree.distance, FLOAT8)
    if tag == "point" and tree.shape.type.tag == "point":
        # The same as the distance, in a form that a GiST index on the column serves.
        return f"({left} <@ pg_catalog.circle({shape}, {distance}))"
    exact = f"({left} <-> {shape}) <= {distance}"
    reach = f"pg_catalog.point({distance}, {distance})"
    around = f"pg_catalog.box({shape} - {reach}, {shape} + {reach})"
    match tag:
        case "box":
            return f"({left} && {around} AND {exact})"
        case "polygon":
            return f"({left} && pg_catalog.polygon({around}) AND {exact})"
        case "circle":
            return f"({left} && pg_catalog.circle({shape}, {distance}) AND {exact})"
        case _:
            return f"({exact})"


def _contains_point(left: str, tag: str, point: str) -> str:
    exact = f"{point} <@ {left}"
    match tag:
        case "box":
            return f"({left} && pg_catalog.box({point}, {point}) AND {exact})"
        case "polygon":
            return f"({left} && pg_catalog.polygon(pg_catalog.box({point}, {point})) AND {exact})"
        case "circle":
            return f"({left} && pg_catalog.circle({point}, 0) AND {exact})"
        case _:
            return f"({exact})"


def _intersects(left: str, tag: str, shape: str, other: str) -> str:
    if tag in _LINES or other in _LINES:
        return f"({left} ?# {shape})"
    if tag == "polygon" and other in {"box", "circle"}:
        return f"({left} && {shape}::pg_catalog.polygon)"
    return f"({left} && {shape})"


def _bounding_box(left: str, tag: str, box: str) -> str:
    polygon = f"pg_catalog.polygon({box})"
    match tag:
        case "point":
            return f"({left} <@ {box})"
        case "polygon":
            return f"({left} && {polygon})"
        case "circle":
            # The circle around the box, a little larger than rounding could make it too small.
            radius = f"pg_catalog.radius(pg_catalog.circle({box})) * 1.000001"
            around = f"pg_catalog.circle(pg_catalog.center({box}), {radius})"
            return f"({left} && {around} AND ({left} <-> {polygon}) <= 0)"
        case "lseg" | "line":
            return f"({left} ?# {box})"
        case "path":
            inside = f"pg_catalog.polygon(pg_catalog.pclose({left})) <@ {polygon}"
            return f"({left} ?# pg_catalog.path({polygon}) OR {inside})"
        case _:
            return f"({left} && {box})"
