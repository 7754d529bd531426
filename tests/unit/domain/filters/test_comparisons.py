"""Comparison and sets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.tree import (
    And,
    Between,
    Compare,
    Comparison,
    Filter,
    Is,
    Literal,
    Member,
    Not,
    Operand,
    Or,
    Truth,
    View,
)
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import BOOL, FLOAT8, INT4, INT8, JSON, JSONB, NUMERIC, TEXT, TIMESTAMPTZ, array_of
from tests.fixtures.relations import MOOD, ODD, THINGS, VARCHAR
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import NOON, column, compare, document, number_at, places, text_at, tree

N, NAME = column("n", INT4), column("name", TEXT)
FLAG_AT = Operand(column="doc", type=BOOL, path=("flag",), view=View.BOOLEAN)


@cases(
    "text, expected",
    [
        pytest.param('{"n":5}', compare(N, "eq", "5"), id="bare"),
        pytest.param('{"n":{"eq":5}}', compare(N, "eq", "5"), id="eq"),
        pytest.param('{"n":{"ne":5}}', compare(N, "ne", "5"), id="ne"),
        pytest.param('{"n":{"gt":-5}}', compare(N, "gt", "-5"), id="gt"),
        pytest.param('{"n":{"gte":5}}', compare(N, "gte", "5"), id="gte"),
        pytest.param('{"n":{"lt":5}}', compare(N, "lt", "5"), id="lt"),
        pytest.param('{"n":{"lte":5}}', compare(N, "lte", "5"), id="lte"),
        pytest.param('{"n":{"distinct_from":5}}', compare(N, "distinct_from", "5"), id="distinct-from"),
        pytest.param(
            '{"n":{"distinct_from":null}}',
            Compare(operand=N, op=Comparison.DISTINCT_FROM, value=None),
            id="distinct-from-null",
        ),
        pytest.param(
            '{"n":{"between":[10,30]}}',
            Between(operand=N, low=Literal("10", INT4), high=Literal("30", INT4)),
            id="between",
        ),
        pytest.param('{"n":null}', Is(operand=N, truth=Truth.NULL), id="bare-null"),
        pytest.param('{"n":{"eq":null}}', Is(operand=N, truth=Truth.NULL), id="eq-null"),
        pytest.param('{"n":{"ne":null}}', Is(operand=N, truth=Truth.NOT_NULL), id="ne-null"),
        pytest.param('{"n":{"is":"null"}}', Is(operand=N, truth=Truth.NULL), id="is-null"),
        pytest.param('{"n":{"is":null}}', Is(operand=N, truth=Truth.NULL), id="is-json-null"),
        pytest.param('{"n":{"is":"NOT NULL"}}', Is(operand=N, truth=Truth.NOT_NULL), id="is-not-null-in-capitals"),
        pytest.param('{"flag":{"is":"true"}}', Is(operand=column("flag", BOOL), truth=Truth.TRUE), id="is-true"),
        pytest.param('{"flag":{"is":true}}', Is(operand=column("flag", BOOL), truth=Truth.TRUE), id="is-json-true"),
        pytest.param('{"flag":{"is":"false"}}', Is(operand=column("flag", BOOL), truth=Truth.FALSE), id="is-false"),
        pytest.param('{"flag":{"is":false}}', Is(operand=column("flag", BOOL), truth=Truth.FALSE), id="is-json-false"),
        pytest.param(
            '{"flag":{"is":"unknown"}}', Is(operand=column("flag", BOOL), truth=Truth.UNKNOWN), id="is-unknown"
        ),
        pytest.param('{"flag":true}', compare(column("flag", BOOL), "eq", "true"), id="truth-value"),
        pytest.param('{"num":{"gt":"50.00"}}', compare(column("num", NUMERIC), "gt", "50.00"), id="digits-as-text"),
        pytest.param('{"num":50.00}', compare(column("num", NUMERIC), "eq", "50.00"), id="digits-kept"),
        pytest.param('{"f":"NaN"}', compare(column("f", FLOAT8), "eq", "NaN"), id="nan"),
        pytest.param(
            '{"big":9007199254740993}', compare(column("big", INT8), "eq", "9007199254740993"), id="beyond-a-double"
        ),
        pytest.param('{"mood":{"gt":"ok"}}', compare(column("mood", MOOD), "gt", "ok"), id="label"),
        pytest.param('{"pos":{"gt":3}}', compare(column("pos", INT4), "gt", "3"), id="domain-as-its-base"),
        pytest.param('{"email":"a@b"}', compare(column("email", TEXT), "eq", "a@b"), id="domain-over-text"),
        pytest.param('{"ints":[1,2]}', compare(column("ints", array_of(INT4)), "eq", "{1,2}"), id="whole-array"),
        pytest.param(
            '{"doc":{"eq":{"a":1.50}}}', compare(document("doc"), "eq", '{"a":1.50}', JSONB), id="whole-document"
        ),
        pytest.param('{"doc":{"$json":null}}', compare(document("doc"), "eq", "null"), id="json-null-bare"),
        pytest.param('{"doc":{"ne":{"$json":null}}}', compare(document("doc"), "ne", "null"), id="json-null"),
        pytest.param('{"js":{"eq":{"a":1}}}', compare(document("js"), "eq", '{"a":1}'), id="json-through-a-cast"),
        pytest.param('{"js":{"gt":5}}', compare(document("js"), "gt", "5"), id="json-order-through-a-cast"),
        pytest.param('{"js":{"is":"null"}}', Is(operand=column("js", JSON), truth=Truth.NULL), id="json-is-null"),
        pytest.param(
            '{"name":{"eq":"ANA","case_sensitive":false}}', compare(NAME, "eq", "ANA", fold=True), id="eq-without-case"
        ),
        pytest.param(
            '{"name":{"ne":"ANA","case_sensitive":false}}', compare(NAME, "ne", "ANA", fold=True), id="ne-without-case"
        ),
        pytest.param('{"name":{"eq":"ANA","case_sensitive":true}}', compare(NAME, "eq", "ANA"), id="eq-with-case"),
        pytest.param(
            '{"name":{"eq":null,"case_sensitive":false}}', Is(operand=NAME, truth=Truth.NULL), id="null-without-case"
        ),
        pytest.param('{"doc->n":{"lt":9}}', compare(document("doc", "n"), "lt", "9"), id="arrow-path-as-jsonb"),
        pytest.param('{"doc->n":null}', Is(operand=document("doc", "n"), truth=Truth.NULL), id="arrow-path-missing"),
        pytest.param('{"doc->n":"a"}', compare(document("doc", "n"), "eq", '"a"'), id="arrow-path-text"),
        pytest.param('{"doc->>n":"9"}', compare(text_at("doc", "n"), "eq", "9"), id="text-path"),
        pytest.param('{"doc.n":{"lt":9}}', compare(number_at("doc", "n"), "lt", "9"), id="number-path"),
        pytest.param('{"doc.flag":true}', compare(FLAG_AT, "eq", "true"), id="truth-path"),
        pytest.param('{"doc.n":null}', Is(operand=text_at("doc", "n"), truth=Truth.NULL), id="text-path-null"),
        pytest.param('{"doc.n":{"ne":null}}', Is(operand=text_at("doc", "n"), truth=Truth.NOT_NULL), id="path-there"),
        pytest.param('{"doc.flag":{"is":"true"}}', Is(operand=FLAG_AT, truth=Truth.TRUE), id="path-is-true"),
        pytest.param('{"doc.flag":{"is":"unknown"}}', Is(operand=FLAG_AT, truth=Truth.UNKNOWN), id="path-is-unknown"),
        pytest.param(
            '{"doc.n":{"distinct_from":null}}',
            Compare(operand=text_at("doc", "n"), op=Comparison.DISTINCT_FROM, value=None),
            id="path-distinct-from-null",
        ),
        pytest.param(
            '{"doc.n":{"distinct_from":5}}', compare(number_at("doc", "n"), "distinct_from", "5"), id="path-distinct"
        ),
        pytest.param(
            '{"doc.n":{"between":[1,2]}}',
            Between(operand=number_at("doc", "n"), low=Literal("1", NUMERIC), high=Literal("2", NUMERIC)),
            id="path-between",
        ),
        pytest.param(
            '{"doc->>name":{"eq":"ANA","case_sensitive":false}}',
            compare(text_at("doc", "name"), "eq", "ANA", fold=True),
            id="path-without-case",
        ),
        pytest.param(
            '{"doc.n":{"eq":null,"case_sensitive":false}}',
            Is(operand=text_at("doc", "n"), truth=Truth.NULL),
            id="path-null-without-case",
        ),
        pytest.param('{"code":{"lt":"K"}}', compare(column("code", VARCHAR), "lt", "K"), id="varchar"),
    ],
)
def test_comparison(text: str, expected: Filter) -> None:
    """Each comparison becomes one typed condition."""
    assert tree(text) == expected


def members(operand: Operand, *texts: str, negated: bool = False, fold: bool = False) -> Member:
    """A set of literals of the operand's type."""
    return Member(
        operand=operand, values=tuple(Literal(text, operand.type) for text in texts), negated=negated, fold=fold
    )


@cases(
    "text, expected",
    [
        pytest.param('{"n":{"in":[1,5]}}', members(N, "1", "5"), id="in"),
        pytest.param('{"n":{"nin":[5,5]}}', members(N, "5", "5", negated=True), id="nin"),
        pytest.param('{"n":{"in":[]}}', members(N), id="in-nothing"),
        pytest.param('{"n":{"nin":[]}}', members(N, negated=True), id="nin-nothing"),
        pytest.param('{"doc.n":{"in":[]}}', members(text_at("doc", "n")), id="path-in-nothing"),
        pytest.param('{"doc.n":{"in":[],"case_sensitive":false}}', members(text_at("doc", "n"), fold=True), id="fold"),
        pytest.param('{"name":{"in":["A"],"case_sensitive":false}}', members(NAME, "A", fold=True), id="in-fold"),
        pytest.param(
            '{"name":{"nin":["A"],"case_sensitive":false}}', members(NAME, "A", negated=True, fold=True), id="nin-fold"
        ),
        pytest.param('{"doc->n":{"in":[1,"a"]}}', members(document("doc", "n"), "1", '"a"'), id="jsonb-of-any-kind"),
        pytest.param('{"doc":{"in":[{"$json":null}]}}', members(document("doc"), "null"), id="json-null"),
        pytest.param(
            '{"doc.n":{"in":["a",1,true,"b"]}}',
            Or(
                (
                    members(text_at("doc", "n"), "a", "b"),
                    members(number_at("doc", "n"), "1"),
                    members(Operand(column="doc", type=BOOL, path=("n",), view=View.BOOLEAN), "true"),
                )
            ),
            id="kinds-split-up",
        ),
        pytest.param(
            '{"doc.n":{"nin":["a",1]}}',
            And((members(text_at("doc", "n"), "a", negated=True), members(number_at("doc", "n"), "1", negated=True))),
            id="kinds-split-up-negated",
        ),
    ],
)
def test_sets(text: str, expected: Filter) -> None:
    """A set becomes one condition, or one for each kind of value."""
    assert tree(text) == expected


@pytest.mark.parametrize(
    "filters, relation, expected",
    [
        pytest.param({"n": 5}, THINGS, compare(N, "eq", "5"), id="int"),
        pytest.param({"num": Decimal("1.50")}, THINGS, compare(column("num", NUMERIC), "eq", "1.50"), id="decimal"),
        pytest.param({"n": {"in": (1, 2)}}, THINGS, members(N, "1", "2"), id="tuple"),
        pytest.param({"doc.n": 1.5}, THINGS, compare(number_at("doc", "n"), "eq", "1.5"), id="float-on-a-path"),
        pytest.param({"doc.n": Decimal("1.50")}, THINGS, compare(number_at("doc", "n"), "eq", "1.50"), id="on-a-path"),
        pytest.param(
            {"ts": NOON.now},
            THINGS,
            compare(column("ts", TIMESTAMPTZ), "eq", "2024-03-13T12:30:15.250000+00:00"),
            id="datetime",
        ),
        pytest.param(
            {"home": {"eq": {"city": "Lisboa", "relative": "aunt"}}},
            ODD,
            compare(column("home", ODD.by_name["home"].type), "eq", "(Lisboa,aunt)"),
            id="composite-whose-field-is-called-relative",
        ),
    ],
)
def test_python_values(filters: dict[str, object], relation: Relation, expected: Filter) -> None:
    """Python's own values are taken like those of the wire."""
    assert parse(filters, relation, NOON) == expected


@cases(
    "text, expected",
    [
        pytest.param('{"n":5}', ["filters.n"], id="bare"),
        pytest.param('{"n":{"gt":5}}', ["filters.n.gt"], id="operator"),
        pytest.param('{"doc->a":{"gt":5}}', ['filters["doc->a"].gt'], id="path"),
        pytest.param('{"n":{"between":[1,2]}}', ["filters.n.between[0]", "filters.n.between[1]"], id="between"),
        pytest.param('{"n":{"nin":[1,2]}}', ["filters.n.nin[0]", "filters.n.nin[1]"], id="members"),
        pytest.param(
            '{"or":[{"n":1},{"not":{"and":[{"n":{"lt":2}}]}}]}',
            ["filters.or[0].n", "filters.or[1].not.and[0].n.lt"],
            id="nested",
        ),
        pytest.param('{"n":{"gt":1,"lt":2,"negate":true}}', ["filters.n.gt", "filters.n.lt"], id="negated"),
        pytest.param('{"name":{"like":"a"}}', ["filters.name.like"], id="pattern"),
        pytest.param('{"body":{"fts":{"query":"a"}}}', ["filters.body.fts.query"], id="full-text"),
        pytest.param('{"body":{"fts":"a"}}', ["filters.body.fts"], id="full-text-alone"),
        pytest.param(
            '{"doc":{"has_any_keys":["a","b"]}}',
            ["filters.doc.has_any_keys[0]", "filters.doc.has_any_keys[1]"],
            id="keys",
        ),
        pytest.param('{"doc":{"jsonb_path":"$.a"}}', ["filters.doc.jsonb_path"], id="json-path"),
        pytest.param('{"ints":{"any":1}}', ["filters.ints.any"], id="any"),
        pytest.param('{"ints":{"array_length_gt":1}}', ["filters.ints.array_length_gt"], id="length"),
        pytest.param('{"r":{"overlap":"[1,2)"}}', ["filters.r.overlap"], id="range"),
        pytest.param(
            '{"pt":{"near":[1,2],"distance":3}}', ["filters.pt.near", "filters.pt.distance"], id="shape-and-distance"
        ),
        pytest.param('{"ts":{"gte":{"relative":"now"}}}', ["filters.ts.gte"], id="relative"),
        pytest.param('{"ts":{"relative":"today"}}', ["filters.ts.relative"] * 2, id="relative-alone"),
        pytest.param(
            '{"ts":{"between":[{"relative":"today"},"2030-01-01T00:00:00Z"]}}',
            ["filters.ts.between[0]", "filters.ts.between[1]"],
            id="relative-between",
        ),
        pytest.param(
            '{"ts":{"in":["2030-01-01T00:00:00Z",{"relative":"now"}]}}',
            ["filters.ts.in[0]", "filters.ts.in[1]"],
            id="relative-member",
        ),
    ],
)
def test_places(text: str, expected: list[str]) -> None:
    """Each literal knows where it stands in the request."""
    assert places(tree(text)) == expected


def test_negate() -> None:
    """`negate` turns the column's whole condition round."""
    assert tree('{"n":{"gt":1,"lt":9,"negate":true}}') == Not(And((compare(N, "gt", "1"), compare(N, "lt", "9"))))
