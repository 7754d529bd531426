"""Operators on geometric types."""

from __future__ import annotations

import pytest

from pgmcp.domain.filters.tree import Filter, Literal, Operand, Spatial, SpatialOp
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import FLOAT8, Type
from tests.fixtures.relations import BOX, CIRCLE, LINE, LSEG, ODD, PATH, POINT, POLYGON, THINGS
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import column, refusal, tree

PT, BX, POLY, CIRC = column("pt", POINT), column("bx", BOX), column("poly", POLYGON), column("circ", CIRCLE)
SEG, LN, WAY = column("seg", LSEG), column("ln", LINE), column("way", PATH)


def spatial(operand: Operand, op: SpatialOp, text: str, type_: Type, distance: str | None = None) -> Spatial:
    """A geometric condition."""
    return Spatial(
        operand=operand,
        op=op,
        shape=Literal(text, type_),
        distance=None if distance is None else Literal(distance, FLOAT8),
    )


@cases(
    "text, relation, expected",
    [
        pytest.param(
            '{"pt":{"near":[1,2.50],"distance":3}}',
            THINGS,
            spatial(PT, SpatialOp.NEAR, "(1,2.50)", POINT, "3"),
            id="near",
        ),
        pytest.param(
            '{"circ":{"distance":"0.5","near":"(1,2)"}}',
            THINGS,
            spatial(CIRC, SpatialOp.NEAR, "(1,2)", POINT, "0.5"),
            id="near-as-text",
        ),
        pytest.param(
            '{"pt":{"near":"1,2","distance":0}}', THINGS, spatial(PT, SpatialOp.NEAR, "1,2", POINT, "0"), id="at"
        ),
        pytest.param(
            '{"pt":{"within":[[0,0],[4,3]]}}',
            THINGS,
            spatial(PT, SpatialOp.WITHIN, "(0,0),(4,3)", BOX),
            id="point-in-a-box",
        ),
        pytest.param(
            '{"pt":{"within":[[0,0],[4,0],[4,3]]}}',
            THINGS,
            spatial(PT, SpatialOp.WITHIN, "((0,0),(4,0),(4,3))", POLYGON),
            id="point-in-a-polygon",
        ),
        pytest.param(
            '{"pt":{"within":"<(1,2),.5e1>"}}',
            THINGS,
            spatial(PT, SpatialOp.WITHIN, "<(1,2),.5e1>", CIRCLE),
            id="point-in-a-circle",
        ),
        pytest.param(
            '{"pt":{"within":"[(0,0),(1,1)]"}}',
            THINGS,
            spatial(PT, SpatialOp.WITHIN, "[(0,0),(1,1)]", PATH),
            id="point-on-a-path",
        ),
        pytest.param(
            '{"pt":{"within":"{1,-1,0}"}}', THINGS, spatial(PT, SpatialOp.WITHIN, "{1,-1,0}", LINE), id="on-a-line"
        ),
        pytest.param(
            '{"pt":{"within":"0,0,4,3"}}', THINGS, spatial(PT, SpatialOp.WITHIN, "0,0,4,3", BOX), id="bare-numbers"
        ),
        pytest.param(
            '{"pt":{"within":"((0,0),(4,0),(4,3))"}}',
            THINGS,
            spatial(PT, SpatialOp.WITHIN, "((0,0),(4,0),(4,3))", POLYGON),
            id="polygon-as-text",
        ),
        pytest.param(
            '{"bx":{"within":"(15,12),(2,1)"}}',
            THINGS,
            spatial(BX, SpatialOp.WITHIN, "(15,12),(2,1)", BOX),
            id="box-in-a-box",
        ),
        pytest.param(
            '{"poly":{"within":[[0,0],[4,3]]}}',
            THINGS,
            spatial(POLY, SpatialOp.WITHIN, "((0,0),(4,3))", POLYGON),
            id="polygon-of-two-points",
        ),
        pytest.param(
            '{"circ":{"within":"<(1,2),Infinity>"}}',
            THINGS,
            spatial(CIRC, SpatialOp.WITHIN, "<(1,2),Infinity>", CIRCLE),
            id="circle-in-a-circle",
        ),
        pytest.param(
            '{"seg":{"within":"(0,0),(4,3)"}}', ODD, spatial(SEG, SpatialOp.WITHIN, "(0,0),(4,3)", BOX), id="segment"
        ),
        pytest.param(
            '{"seg":{"within":"{1,-1,0}"}}', ODD, spatial(SEG, SpatialOp.WITHIN, "{1,-1,0}", LINE), id="on-line"
        ),
        pytest.param(
            '{"poly":{"contains_point":[1,2]}}',
            THINGS,
            spatial(POLY, SpatialOp.CONTAINS_POINT, "(1,2)", POINT),
            id="contains-point",
        ),
        pytest.param(
            '{"way":{"contains_point":"(1,2)"}}',
            ODD,
            spatial(WAY, SpatialOp.CONTAINS_POINT, "(1,2)", POINT),
            id="path-contains-point",
        ),
        pytest.param(
            '{"bx":{"intersects":[[0,0],[4,3]]}}',
            THINGS,
            spatial(BX, SpatialOp.INTERSECTS, "(0,0),(4,3)", BOX),
            id="boxes",
        ),
        pytest.param(
            '{"seg":{"intersects":[[0,0],[4,3]]}}',
            ODD,
            spatial(SEG, SpatialOp.INTERSECTS, "[(0,0),(4,3)]", LSEG),
            id="segments",
        ),
        pytest.param(
            '{"seg":{"intersects":"{1,-1,0}"}}',
            ODD,
            spatial(SEG, SpatialOp.INTERSECTS, "{1,-1,0}", LINE),
            id="segment-and-line",
        ),
        pytest.param(
            '{"ln":{"intersects":"[(0,0),(4,3)]"}}',
            ODD,
            spatial(LN, SpatialOp.INTERSECTS, "[(0,0),(4,3)]", LINE),
            id="lines",
        ),
        pytest.param(
            '{"way":{"intersects":[[0,0],[4,0],[4,3]]}}',
            ODD,
            spatial(WAY, SpatialOp.INTERSECTS, "((0,0),(4,0),(4,3))", PATH),
            id="paths",
        ),
        pytest.param(
            '{"way":{"intersects":"[(0,0),(4,0),(4,3)]"}}',
            ODD,
            spatial(WAY, SpatialOp.INTERSECTS, "[(0,0),(4,0),(4,3)]", PATH),
            id="open-path",
        ),
        pytest.param(
            '{"pt":{"bounding_box":[[0,0],[4,3]]}}',
            THINGS,
            spatial(PT, SpatialOp.BOUNDING_BOX, "(0,0),(4,3)", BOX),
            id="point-in-a-bounding-box",
        ),
        pytest.param(
            '{"circ":{"bounding_box":"((0,0),(4,3))"}}',
            THINGS,
            spatial(CIRC, SpatialOp.BOUNDING_BOX, "((0,0),(4,3))", BOX),
            id="bounding-box-of-a-circle",
        ),
    ],
)
def test_shapes(text: str, relation: Relation, expected: Filter) -> None:
    """The form of a value says which of the shapes it is that an operator takes."""
    assert tree(text, relation) == expected


A_POINT = 'a point, such as "(1,2)" or [1,2]'
A_BOX = 'a box, such as "(1,1),(4,3)" or [[1,1],[4,3]]'
WITHIN_POINT = 'a box or polygon or circle or path or line, such as "(1,1),(4,3)" or [[1,1],[4,3]]'


@cases(
    "operator, value, expected",
    [
        pytest.param("near", '"nonsense"', A_POINT, id="no-point"),
        pytest.param("near", '""', A_POINT, id="empty"),
        pytest.param("near", '"(1,2,3)"', A_POINT, id="three-numbers"),
        pytest.param("near", '"(1,2);"', A_POINT, id="another-sign"),
        pytest.param("near", '"[1,2]"', A_POINT, id="wrong-bracket"),
        pytest.param("near", "[1,2,3]", A_POINT, id="list-of-three"),
        pytest.param("near", "[1,true]", A_POINT, id="truth-value"),
        pytest.param("near", '[1,"2"]', A_POINT, id="number-as-text"),
        pytest.param("near", "5", A_POINT, id="number"),
        pytest.param("near", "null", A_POINT, id="null"),
        pytest.param("near", "[]", A_POINT, id="empty-list"),
        pytest.param("near", "[[1,2],[3,4]]", A_POINT, id="two-points"),
        pytest.param("within", "[]", WITHIN_POINT, id="no-points"),
        pytest.param("within", "[1,2]", WITHIN_POINT, id="point-for-a-shape"),
        pytest.param("within", '"1,2,3,4,5"', WITHIN_POINT, id="five-numbers"),
        pytest.param("bounding_box", "[0,0,4,3]", A_BOX, id="four-numbers"),
        pytest.param("bounding_box", "[[0,0],[1,1],[2,2]]", A_BOX, id="three-points"),
        pytest.param("bounding_box", '"[(0,0),(1,1)]"', A_BOX, id="path-for-a-box"),
        pytest.param("bounding_box", '{"min":[0,0]}', A_BOX, id="object"),
    ],
)
def test_bad_shapes(operator: str, value: str, expected: str) -> None:
    """A value that is none of an operator's shapes is refused with an example of the first."""
    distance = ',"distance":1' if operator == "near" else ""
    answer = refusal(f'{{"pt":{{"{operator}":{value}{distance}}}}}')
    assert (answer["code"], answer["message"], answer["details"]) == (
        "filter_value_invalid",
        f"'{operator}' on column 'pt' of type point takes {expected}",
        {"path": f"filters.pt.{operator}"},
    )


def test_bad_point_in_a_list() -> None:
    """A list whose members aren't points is refused."""
    answer = refusal('{"pt":{"within":[[0,0],[1,true],[2,2]]}}')
    assert (answer["code"], answer["details"]) == ("filter_value_invalid", {"path": "filters.pt.within"})


DISTANCE = "a number that isn't negative as 'distance'"


@pytest.mark.parametrize(
    "distance, expected",
    [
        pytest.param("-1", DISTANCE, id="negative"),
        pytest.param('"NaN"', DISTANCE, id="nan"),
        pytest.param("null", DISTANCE, id="null"),
        pytest.param("true", DISTANCE, id="truth-value"),
        pytest.param("[1]", DISTANCE, id="list"),
        pytest.param('"far"', DISTANCE, id="text"),
        pytest.param('"0x1"', DISTANCE, id="hexadecimal"),
    ],
)
def test_bad_distance(distance: str, expected: str) -> None:
    """A distance is a number that isn't negative."""
    assert refusal(f'{{"pt":{{"near":[1,2],"distance":{distance}}}}}') == {
        "type": "validation_error",
        "code": "filter_value_invalid",
        "message": f"'near' on column 'pt' of type point takes {expected}",
        "hint": 'For example {"near":[1,2],"distance":5}.',
        "retry": "fix_input",
        "details": {"path": "filters.pt.distance"},
    }


def test_distance_and_near_go_together() -> None:
    """Neither of them says anything alone."""
    answer = refusal('{"pt":{"near":[1,2]}}')
    assert (answer["code"], answer["message"], answer["hint"], answer["details"]) == (
        "filter_malformed",
        "'near' on column 'pt' of type point takes a 'distance' beside it",
        'For example {"near":[1,2],"distance":5}.',
        {"path": "filters.pt.near"},
    )
    for filters in ('{"pt":{"distance":5}}', '{"n":{"eq":5,"distance":5}}'):
        answer = refusal(filters)
        assert (answer["code"], answer["message"]) == ("filter_malformed", "'distance' stands beside 'near'")
        assert answer["details"]["path"].endswith(".distance")


@cases(
    "text, relation, path",
    [
        pytest.param('{"pt":"(1,2)"}', THINGS, "filters.pt", id="points-have-no-equality"),
        pytest.param('{"bx":{"eq":"(1,2),(3,4)"}}', THINGS, "filters.bx.eq", id="boxes-would-compare-areas"),
        pytest.param('{"pt":{"gt":"(1,2)"}}', THINGS, "filters.pt.gt", id="no-order"),
        pytest.param('{"points":["(1,2)"]}', ODD, "filters.points", id="arrays-of-points"),
        pytest.param('{"page":"<a/>"}', ODD, "filters.page", id="xml"),
        pytest.param('{"n":{"near":[1,2],"distance":1}}', THINGS, "filters.n.near", id="near-a-number"),
        pytest.param('{"way":{"within":[[0,0],[4,3]]}}', ODD, "filters.way.within", id="paths-are-in-nothing"),
        pytest.param('{"pt":{"intersects":[[0,0],[4,3]]}}', THINGS, "filters.pt.intersects", id="points-intersect"),
        pytest.param('{"pt":{"contains_point":[0,0]}}', THINGS, "filters.pt.contains_point", id="points-hold"),
        pytest.param('{"seg":{"bounding_box":[[0,0],[4,3]]}}', ODD, "filters.seg.bounding_box", id="segment"),
    ],
)
def test_mismatch(text: str, relation: Relation, path: str) -> None:
    """Each operator has its types; shapes have no equality."""
    answer = refusal(text, relation)
    assert (answer["code"], answer["details"]) == ("filter_operator_mismatch", {"path": path})


def test_what_works_on_a_point() -> None:
    """The hint names all that works."""
    assert refusal('{"pt":"(1,2)"}')["hint"] == "There work: is, near, within, bounding_box."
