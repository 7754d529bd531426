"""Objects, logic, modifiers and limits."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.tree import EVERYTHING, And, Filter, Is, Literal, Match, Member, Not, Or, Pattern, Truth
from pgmcp.domain.values.types import INT4, JSONB, TEXT
from tests.fixtures.relations import THINGS, relation
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import NOON, column, compare, refusal, tree

EXAMPLES = Path(__file__).parents[3] / "fixtures" / "filters"
BAD = [json.loads(line) for line in (EXAMPLES / "bad.jsonl").read_text(encoding="utf-8").splitlines()]
CASES = [json.loads(line) for line in (EXAMPLES / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
TABLES = {
    "things": THINGS,
    "Mixed Case": relation("Mixed Case", {"id": INT4, "a.b": INT4, "100%": INT4, "doc": JSONB}),
    "ünï": relation("ünï", {"id": INT4, "Ñame": TEXT, "日本": INT4}),
}
N, NAME = column("n", INT4), column("name", TEXT)
ONE, TWO = compare(N, "eq", "1"), compare(N, "eq", "2")


@cases("example", [pytest.param(example, id=example["id"]) for example in BAD])
def test_bad_examples(example: dict[str, Any]) -> None:
    """Each malformed example is refused where it is malformed, with a hint."""
    answer = refusal(json.dumps(example["filters"]), TABLES[example["table"]])
    assert answer["type"] == example["type"]
    assert answer["details"]["path"].startswith(example["path"])
    assert answer["hint"]


@cases("example", [pytest.param(example, id=example["id"]) for example in CASES])
def test_good_examples(example: dict[str, Any]) -> None:
    """Each good example has a tree, and the one that says nothing has none of its own."""
    found = tree(json.dumps(example["filters"]), TABLES[example["table"]])
    assert (found == EVERYTHING) is (example["where"] == "true")


@cases(
    "text, expected",
    [
        pytest.param("{}", EVERYTHING, id="nothing"),
        pytest.param('{"n":1,"name":null}', And((ONE, Is(operand=NAME, truth=Truth.NULL))), id="all-keys-hold"),
        pytest.param(
            '{"n":{"gt":1,"lt":9}}', And((compare(N, "gt", "1"), compare(N, "lt", "9"))), id="all-operators-hold"
        ),
        pytest.param('{"and":[]}', EVERYTHING, id="and-of-nothing"),
        pytest.param('{"and":[{}]}', EVERYTHING, id="and-of-an-empty-object"),
        pytest.param('{"and":[{"n":1}]}', ONE, id="and-of-one"),
        pytest.param('{"and":[{"n":1},{"n":2}]}', And((ONE, TWO)), id="and"),
        pytest.param('{"or":[{"n":1}]}', ONE, id="or-of-one"),
        pytest.param('{"or":[{"n":1},{"n":2}]}', Or((ONE, TWO)), id="or"),
        pytest.param('{"or":[{"n":1},{"and":[]}]}', EVERYTHING, id="or-of-everything"),
        pytest.param('{"or":[{"n":1,"name":null}]}', And((ONE, Is(operand=NAME, truth=Truth.NULL))), id="or-of-two"),
        pytest.param('{"not":{"n":1}}', Not(ONE), id="not"),
        pytest.param('{"not":{"and":[]}}', Not(EVERYTHING), id="nothing-at-all"),
        pytest.param('{"not":{"not":{"n":1}}}', Not(Not(ONE)), id="not-not"),
        pytest.param('{"not":{"n":1},"or":[{"n":1},{"n":2}]}', And((Not(ONE), Or((ONE, TWO)))), id="beside-each-other"),
        pytest.param('{"n":{"eq":1,"negate":true}}', Not(ONE), id="negate"),
        pytest.param('{"n":{"negate":false,"eq":1}}', ONE, id="negate-not"),
        pytest.param('{"n":{"in":[],"negate":true}}', Not(Member(operand=N, values=())), id="negated-nothing"),
        pytest.param('{"n":{"eq":1,"case_sensitive":true}}', ONE, id="case-as-it-is"),
        pytest.param(
            '{"name":{"like":"a%","starts_with":"b","case_sensitive":false}}',
            And(
                (
                    Match(operand=NAME, pattern=Pattern.LIKE, value=Literal("a%", TEXT), fold=True),
                    Match(operand=NAME, pattern=Pattern.STARTS_WITH, value=Literal("b", TEXT), fold=True),
                )
            ),
            id="case-of-all",
        ),
    ],
)
def test_logic(text: str, expected: Filter) -> None:
    """Keys and operators hold together, `and`, `or`, `not` and `negate` as they say."""
    assert tree(text) == expected


def test_any_mapping() -> None:
    """Python's other mappings are objects too."""
    filters = MappingProxyType({"or": ({"n": 1}, MappingProxyType({"n": MappingProxyType({"eq": 2})}))})
    assert parse(filters, THINGS, NOON) == Or((ONE, TWO))


EXAMPLE = 'For example {"age":{"gte":18},"or":[{"vip":true},{"total":{"gt":100}}]}.'


@cases(
    "filters, path, message",
    [
        pytest.param(None, "filters", "a filter is an object of columns and conditions", id="null"),
        pytest.param([], "filters", "a filter is an object of columns and conditions", id="list"),
        pytest.param({5: 1}, "filters", "the keys of a filter are text", id="key"),
        pytest.param({"and": {}}, "filters.and", "'and' and 'or' take a list of objects", id="and-object"),
        pytest.param({"or": "x"}, "filters.or", "'and' and 'or' take a list of objects", id="or-text"),
        pytest.param({"or": None}, "filters.or", "'and' and 'or' take a list of objects", id="or-null"),
        pytest.param({"or": []}, "filters.or", "'or' takes a list of one object at least", id="or-empty"),
        pytest.param({"or": [{"n": 1}, {}]}, "filters.or[1]", "each object of 'or' says something", id="or-with-empty"),
        pytest.param(
            {"and": [{"n": 1}, 5]}, "filters.and[1]", "a filter is an object of columns and conditions", id="and-number"
        ),
        pytest.param({"not": {}}, "filters.not", "'not' takes an object that says something", id="not-empty"),
        pytest.param({"not": []}, "filters.not", "a filter is an object of columns and conditions", id="not-list"),
        pytest.param({"n": {}}, "filters.n", "a column's object holds one operator at least", id="no-operator"),
        pytest.param(
            {"n": {"negate": True}}, "filters.n", "a column's object holds one operator at least", id="modifier-alone"
        ),
        pytest.param({"n": {5: 1}}, "filters.n", "the names of operators are text", id="operator-number"),
    ],
)
def test_malformed(filters: Any, path: str, message: str) -> None:
    """What hasn't the form of a filter is refused with an example."""
    assert refusal(filters) == {
        "type": "validation_error",
        "code": "filter_malformed",
        "message": message,
        "hint": EXAMPLE,
        "retry": "fix_input",
        "details": {"path": path},
    }


@pytest.mark.parametrize(
    "text, name, hint",
    [
        pytest.param(
            '{"n":{"eq":5,"negate":null}}', "negate", 'For example {"like":"a%","negate":true}.', id="negate-null"
        ),
        pytest.param(
            '{"n":{"eq":5,"negate":"true"}}', "negate", 'For example {"like":"a%","negate":true}.', id="negate-text"
        ),
        pytest.param(
            '{"n":{"eq":5,"case_sensitive":0}}',
            "case_sensitive",
            'For example {"like":"a%","case_sensitive":false}.',
            id="case-number",
        ),
    ],
)
def test_modifiers_are_truth_values(text: str, name: str, hint: str) -> None:
    """`negate` and `case_sensitive` take nothing but true and false."""
    assert refusal(text) == {
        "type": "validation_error",
        "code": "filter_value_invalid",
        "message": f"'{name}' is true or false",
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": f"filters.n.{name}"},
    }


FOLDING = (
    "It works on text, with eq, ne, in, nin, like, match, starts_with, ends_with; "
    "'ilike' and 'imatch' ignore case by themselves."
)


@pytest.mark.parametrize(
    "text, path, message",
    [
        pytest.param(
            '{"name":{"gt":"a","case_sensitive":false}}', "name", "'gt' on column 'name' of type text", id="gt"
        ),
        pytest.param(
            '{"name":{"ilike":"a","case_sensitive":false}}', "name", "'ilike' on column 'name' of type text", id="ilike"
        ),
        pytest.param(
            '{"name":{"like":"a","is":"null","case_sensitive":false}}',
            "name",
            "'is' on column 'name' of type text",
            id="one-of-two",
        ),
        pytest.param('{"n":{"eq":5,"case_sensitive":false}}', "n", "'eq' on column 'n' of type int4", id="number"),
        pytest.param(
            '{"mood":{"eq":"ok","case_sensitive":false}}', "mood", "'eq' on column 'mood' of type hf_mood", id="label"
        ),
        pytest.param(
            '{"doc":{"eq":"a","case_sensitive":false}}', "doc", "'eq' on column 'doc' of type jsonb", id="document"
        ),
    ],
)
def test_case_where_there_is_none(text: str, path: str, message: str) -> None:
    """`case_sensitive: false` is refused beside operators and types that it says nothing about."""
    assert refusal(text) == {
        "type": "validation_error",
        "code": "filter_operator_mismatch",
        "message": f"'case_sensitive': false doesn't work with {message}",
        "hint": FOLDING,
        "retry": "fix_input",
        "details": {"path": f"filters.{path}.case_sensitive"},
    }


def test_case_of_a_number() -> None:
    """On a path that gives text, case is refused beside a number."""
    assert refusal('{"doc.a":{"eq":5,"case_sensitive":false}}') == {
        "type": "validation_error",
        "code": "filter_value_invalid",
        "message": "'eq' on a path that gives text takes text beside 'case_sensitive': false",
        "hint": "Leave 'case_sensitive' out.",
        "retry": "fix_input",
        "details": {"path": 'filters["doc.a"].eq'},
    }
