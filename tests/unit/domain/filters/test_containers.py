"""Operators between arrays, ranges and networks."""

from __future__ import annotations

import pytest

from pgmcp.domain.filters.tree import (
    AnyElement,
    Array,
    Compare,
    Comparison,
    Filter,
    Literal,
    Network,
    Operand,
    Range,
    SetOp,
    View,
)
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import DATE, INT4, NUMERIC, TEXT, TIMESTAMPTZ, Type, array_of
from tests.fixtures.relations import (
    CIDR,
    DATERANGE,
    INET,
    INT4MULTIRANGE,
    INT4RANGE,
    MOOD,
    NUMRANGE,
    ODD,
    POS,
    THINGS,
    TSTZRANGE,
)
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import column, refusal, tree

INTS, TAGS, R = column("ints", array_of(INT4)), column("tags", array_of(TEXT)), column("r", INT4RANGE)
MR = column("mr", INT4MULTIRANGE)
LENGTH = Operand(column="ints", type=INT4, view=View.LENGTH)


def array(op: SetOp, text: str) -> Array:
    """A condition on `ints`."""
    return Array(operand=INTS, op=op, value=Literal(text, array_of(INT4)))


def range_(operand: Operand, op: SetOp, text: str, type_: Type) -> Range:
    """A condition on a range."""
    return Range(operand=operand, op=op, value=Literal(text, type_))


def network(name: str, type_: Type, op: SetOp) -> Network:
    """A condition on a network column."""
    return Network(operand=column(name, type_), op=op, value=Literal("10.1.0.0/16", INET))


def length(op: str) -> Compare:
    """A comparison of the length of `ints`."""
    return Compare(operand=LENGTH, op=Comparison(op), value=Literal("2", INT4))


@cases(
    "text, relation, expected",
    [
        pytest.param('{"ints":{"contains":[1,null]}}', THINGS, array(SetOp.CONTAINS, "{1,NULL}"), id="contains"),
        pytest.param('{"ints":{"contained_by":[1,2]}}', THINGS, array(SetOp.CONTAINED_BY, "{1,2}"), id="contained-by"),
        pytest.param('{"ints":{"overlap":[]}}', THINGS, array(SetOp.OVERLAP, "{}"), id="overlap"),
        pytest.param('{"ints":{"overlap":"{1,2}"}}', THINGS, array(SetOp.OVERLAP, "{1,2}"), id="array-as-text"),
        pytest.param(
            '{"tags":{"contains":["a,b"]}}',
            THINGS,
            Array(operand=TAGS, op=SetOp.CONTAINS, value=Literal('{"a,b"}', array_of(TEXT))),
            id="texts",
        ),
        pytest.param(
            '{"positives":{"overlap":[1]}}',
            ODD,
            Array(operand=column("positives", array_of(POS)), op=SetOp.OVERLAP, value=Literal("{1}", array_of(POS))),
            id="domains",
        ),
        pytest.param('{"ints":{"any":10}}', THINGS, AnyElement(operand=INTS, value=Literal("10", INT4)), id="any"),
        pytest.param(
            '{"positives":{"any":10}}',
            ODD,
            AnyElement(operand=column("positives", array_of(POS)), value=Literal("10", INT4)),
            id="any-domain",
        ),
        pytest.param(
            '{"moods":{"any":"ok"}}',
            ODD,
            AnyElement(operand=column("moods", array_of(MOOD)), value=Literal("ok", MOOD)),
            id="any-label",
        ),
        pytest.param('{"ints":{"array_length":2}}', THINGS, length("eq"), id="length"),
        pytest.param('{"ints":{"array_length_gt":2}}', THINGS, length("gt"), id="length-gt"),
        pytest.param('{"ints":{"array_length_gte":2}}', THINGS, length("gte"), id="length-gte"),
        pytest.param('{"ints":{"array_length_lt":2}}', THINGS, length("lt"), id="length-lt"),
        pytest.param('{"ints":{"array_length_lte":2}}', THINGS, length("lte"), id="length-lte"),
        *(
            pytest.param(f'{{"r":{{"{op}":"[1,5)"}}}}', THINGS, range_(R, op, "[1,5)", INT4RANGE), id=f"range-{op}")
            for op in SetOp
            if op not in {SetOp.SUBNET_OF, SetOp.SUPERNET_OF}
        ),
        pytest.param(
            '{"r":{"contains":"(,5]"}}', THINGS, range_(R, SetOp.CONTAINS, "(,5]", INT4RANGE), id="open-range"
        ),
        pytest.param(
            '{"r":{"contains":" Empty "}}', THINGS, range_(R, SetOp.CONTAINS, " Empty ", INT4RANGE), id="empty-range"
        ),
        pytest.param('{"r":{"contains":5}}', THINGS, range_(R, SetOp.CONTAINS, "5", INT4), id="element"),
        pytest.param('{"r":{"contains":"5"}}', THINGS, range_(R, SetOp.CONTAINS, "5", INT4), id="element-as-text"),
        pytest.param(
            '{"nr":{"contains":1.50}}',
            THINGS,
            range_(column("nr", NUMRANGE), SetOp.CONTAINS, "1.50", NUMERIC),
            id="number",
        ),
        pytest.param(
            '{"dr":{"contains":"2024-02-01"}}',
            THINGS,
            range_(column("dr", DATERANGE), SetOp.CONTAINS, "2024-02-01", DATE),
            id="date",
        ),
        pytest.param(
            '{"tr":{"contains":"2024-02-01T00:00:00Z"}}',
            THINGS,
            range_(column("tr", TSTZRANGE), SetOp.CONTAINS, "2024-02-01T00:00:00Z", TIMESTAMPTZ),
            id="instant",
        ),
        pytest.param(
            '{"mr":{"overlap":"{[1,5)}"}}', ODD, range_(MR, SetOp.OVERLAP, "{[1,5)}", INT4MULTIRANGE), id="multirange"
        ),
        pytest.param(
            '{"mr":{"overlap":"[1,5)"}}', ODD, range_(MR, SetOp.OVERLAP, "[1,5)", INT4RANGE), id="multirange-and-range"
        ),
        pytest.param('{"mr":{"contains":5}}', ODD, range_(MR, SetOp.CONTAINS, "5", INT4), id="multirange-and-element"),
        *(
            pytest.param(f'{{"ip":{{"{op}":"10.1.0.0/16"}}}}', THINGS, network("ip", INET, op), id=f"inet-{op}")
            for op in (SetOp.CONTAINS, SetOp.CONTAINED_BY, SetOp.OVERLAP, SetOp.SUBNET_OF, SetOp.SUPERNET_OF)
        ),
        pytest.param(
            '{"net":{"subnet_of":"10.1.0.0/16"}}', THINGS, network("net", CIDR, SetOp.SUBNET_OF), id="cidr-as-inet"
        ),
    ],
)
def test_containers(text: str, relation: Relation, expected: Filter) -> None:
    """Each operator takes the type that stands on its other side."""
    assert tree(text, relation) == expected


@cases(
    "text, relation, path",
    [
        pytest.param('{"name":{"contains":"a"}}', THINGS, "filters.name.contains", id="contains-on-text"),
        pytest.param('{"doc":{"contains":{"a":1}}}', THINGS, "filters.doc.contains", id="contains-on-jsonb"),
        pytest.param('{"doc.a":{"overlap":["a"]}}', THINGS, 'filters["doc.a"].overlap', id="overlap-on-a-path"),
        pytest.param('{"docs":{"overlap":[1]}}', ODD, "filters.docs.overlap", id="elements-without-equality"),
        pytest.param('{"docs":{"any":1}}', ODD, "filters.docs.any", id="any-without-equality"),
        pytest.param('{"ints":{"adjacent":[1]}}', THINGS, "filters.ints.adjacent", id="adjacent-arrays"),
        pytest.param('{"r":{"any":1}}', THINGS, "filters.r.any", id="any-on-a-range"),
        pytest.param('{"ip":{"left_of":"10.0.0.1"}}', THINGS, "filters.ip.left_of", id="left-of-a-network"),
        pytest.param('{"r":{"subnet_of":"[1,2)"}}', THINGS, "filters.r.subnet_of", id="subnet-of-a-range"),
        pytest.param('{"mac":{"subnet_of":"08:00:2b:01:02:03"}}', THINGS, "filters.mac.subnet_of", id="macaddr"),
        pytest.param('{"n":{"array_length":1}}', THINGS, "filters.n.array_length", id="length-of-a-number"),
        pytest.param('{"doc->a":{"array_length":1}}', THINGS, 'filters["doc->a"].array_length', id="length-of-json"),
        pytest.param('{"plant":{"contains":"a.b"}}', ODD, "filters.plant.contains", id="type-of-an-extension"),
    ],
)
def test_mismatch(text: str, relation: Relation, path: str) -> None:
    """Each operator has its types."""
    answer = refusal(text, relation)
    assert (answer["code"], answer["details"]) == ("filter_operator_mismatch", {"path": path})


@cases(
    "text, path, code",
    [
        pytest.param('{"ints":{"contains":5}}', "filters.ints.contains", "filter_value_invalid", id="no-array"),
        pytest.param('{"ints":{"contains":["a"]}}', "filters.ints.contains[0]", "filter_value_invalid", id="element"),
        pytest.param('{"ints":{"contains":null}}', "filters.ints.contains", "filter_null", id="null"),
        pytest.param('{"ints":{"any":null}}', "filters.ints.any", "filter_null", id="any-null"),
        pytest.param('{"ints":{"any":"x"}}', "filters.ints.any", "filter_value_invalid", id="any-text"),
        pytest.param('{"ints":{"any":[1]}}', "filters.ints.any", "filter_value_invalid", id="any-list"),
        pytest.param(
            '{"ints":{"array_length":1.5}}', "filters.ints.array_length", "filter_value_invalid", id="fraction"
        ),
        pytest.param('{"ints":{"array_length":null}}', "filters.ints.array_length", "filter_null", id="length-null"),
        pytest.param('{"r":{"overlap":5}}', "filters.r.overlap", "filter_value_invalid", id="overlap-element"),
        pytest.param('{"r":{"contains":true}}', "filters.r.contains", "filter_value_invalid", id="element-kind"),
        pytest.param('{"ip":{"subnet_of":5}}', "filters.ip.subnet_of", "filter_value_invalid", id="network-number"),
    ],
)
def test_bad_values(text: str, path: str, code: str) -> None:
    """A value of the wrong kind is refused where it stands."""
    answer = refusal(text)
    assert (answer["code"], answer["details"]) == (code, {"path": path})
