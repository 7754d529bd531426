"""Unknown operators and values that don't fit, with their hints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgmcp.domain.errors import ValidationError
from pgmcp.domain.filters.operators import OPERATORS
from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.values import sample
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import INT4, Kind, Type, array_of
from tests.fixtures.relations import MOOD, ODD, POS, THINGS, relation
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import NOON, refusal

WORKING = "There work: eq, ne, gt, gte, lt, lte, between, is, distinct_from, in, nin."
JSON_HINT = 'A JSON value is compared with {"eq":{…}} or {"jsonb_contains":{…}}, a place in it by a key col->a->>b.'


@cases(
    "text, table, message, path, hint",
    [
        pytest.param('{"n":{"gtt":5}}', THINGS, "gtt", "n.gtt", "Did you mean 'gt' or 'gte'?", id="near"),
        pytest.param('{"n":{"foo":5}}', THINGS, "foo", "n.foo", WORKING, id="far"),
        pytest.param(
            '{"n":{"negat":true,"eq":1}}', THINGS, "negat", "n.negat", "Did you mean 'negate'?", id="modifier"
        ),
        pytest.param('{"n":{">=":5}}', THINGS, ">=", 'n[">="]', "Did you mean 'gte'?", id="sign"),
        pytest.param('{"n":{"$GTE":5}}', THINGS, "$GTE", 'n["$GTE"]', "Did you mean 'gte'?", id="dollar"),
        pytest.param('{"n":{"$not_in":[5]}}', THINGS, "$not_in", 'n["$not_in"]', "Did you mean 'nin'?", id="elsewhere"),
        pytest.param('{"n":{"not":{"eq":5}}}', THINGS, "not", "n.not", "Did you mean 'negate'?", id="not-inside"),
        pytest.param('{"doc":{"city":"x"}}', THINGS, "city", "doc.city", JSON_HINT, id="document"),
        pytest.param('{"doc":{"=":"x"}}', THINGS, "=", 'doc["="]', "Did you mean 'eq'?", id="document-sign"),
        pytest.param('{"doc":{"has_keys":"x"}}', THINGS, "has_keys", "doc.has_keys", None, id="document-near"),
        pytest.param('{"doc":{"$json":1,"a":2}}', THINGS, "$json", 'doc["$json"]', JSON_HINT, id="wrapper-and-more"),
        pytest.param('{"home":{"$json":1}}', ODD, "$json", 'home["$json"]', WORKING, id="wrapper-elsewhere"),
    ],
)
def test_unknown_operator(text: str, table: Relation, message: str, path: str, hint: str | None) -> None:
    """An unknown operator is refused with the nearest, or with all that work."""
    answer = refusal(text, table)
    assert answer == {
        "type": "validation_error",
        "code": "filter_operator_unknown",
        "message": f"there is no operator '{message}'",
        "hint": hint or "Did you mean 'has_key' or 'has_any_keys' or 'has_all_keys'?",
        "retry": "fix_input",
        "details": {"path": f"filters.{path}"},
    }


NULL_HINT = 'Ask for NULL beside it: {"or":[{"col":{"is":"null"}},{"col":{…}}]}, or {"is":"not null"}.'
INTEGER = "an integer from -2147483648 to 2147483647"
LABELS = "one of 'sad', 'ok', 'happy', 'Über glad'"
TRUTHS = "'null', 'not null', 'true', 'false' or 'unknown'"
PAIR, LIST, IS = "a list of two values, the lower first", "a list of values", 'For example {"is":"not null"}.'


@cases(
    "text, path, message, hint",
    [
        pytest.param('{"n":{"gt":"abc"}}', "n.gt", INTEGER, 'For example {"gt":5}.', id="text-for-a-number"),
        pytest.param('{"n":[1,2]}', "n", INTEGER, 'For one of several values write {"in":[5]}.', id="list"),
        pytest.param('{"mood":"hapy"}', "mood", LABELS, "Did you mean 'happy'?", id="label"),
        pytest.param('{"mood":"zzz"}', "mood", LABELS, "Its labels: sad, ok, happy, Über glad.", id="label-far"),
        pytest.param('{"mood":5}', "mood", LABELS, 'For example {"eq":"sad"}.', id="label-number"),
        pytest.param('{"name":{"gt":5}}', "name.gt", "a string", 'For example {"gt":"abc"}.', id="number-for-text"),
        pytest.param(
            '{"d":"x"}', "d", "a date such as 2024-02-29", 'For example {"eq":"2024-03-01"}.', id="text-for-a-date"
        ),
        pytest.param('{"ints":{"eq":[1,"x"]}}', "ints.eq[1]", INTEGER, 'For example {"eq":[5]}.', id="in-an-array"),
        pytest.param('{"n":{"in":5}}', "n.in", LIST, 'For example {"in":[1,2]}.', id="in-number"),
        pytest.param('{"n":{"nin":{"a":1}}}', "n.nin", LIST, 'For example {"nin":[1,2]}.', id="nin-object"),
        pytest.param('{"n":{"in":[1,"x"]}}', "n.in[1]", INTEGER, 'For example {"in":[5]}.', id="in-text"),
        pytest.param('{"n":{"nin":["x"]}}', "n.nin[0]", INTEGER, 'For example {"nin":[5]}.', id="nin-text"),
        pytest.param('{"n":{"between":[1]}}', "n.between", PAIR, 'For example {"between":[1,9]}.', id="between-one"),
        pytest.param(
            '{"n":{"between":[1,2,3]}}', "n.between", PAIR, 'For example {"between":[1,9]}.', id="between-three"
        ),
        pytest.param('{"n":{"between":12}}', "n.between", PAIR, 'For example {"between":[1,9]}.', id="between-number"),
        pytest.param(
            '{"n":{"between":[1,"x"]}}', "n.between[1]", INTEGER, 'For example {"between":[5,5]}.', id="between-text"
        ),
        pytest.param('{"n":{"is":["null"]}}', "n.is", TRUTHS, IS, id="is-list"),
        pytest.param('{"n":{"is":"not-null"}}', "n.is", TRUTHS, "Did you mean 'not null' or 'null'?", id="is-near"),
        pytest.param('{"n":{"is":1}}', "n.is", TRUTHS, IS, id="is-number"),
        pytest.param(
            '{"n":{"is":"true"}}', "n.is", "'null' or 'not null'; the others are for truth values", IS, id="is-true"
        ),
    ],
)
def test_bad_values(text: str, path: str, message: str, hint: str) -> None:
    """A value that doesn't fit is refused with what would, and how to say it."""
    assert refusal(text) == value_refused(path, "filter_value_invalid", message, hint)


@pytest.mark.parametrize(
    "text, path, hint",
    [
        pytest.param('{"n":{"gt":null}}', "n.gt", 'Write {"is":"null"} or {"is":"not null"}.', id="gt"),
        pytest.param('{"n":{"in":[1,null]}}', "n.in[1]", NULL_HINT, id="in"),
        pytest.param('{"n":{"nin":[null]}}', "n.nin[0]", NULL_HINT, id="nin"),
        pytest.param('{"n":{"between":[1,null]}}', "n.between[1]", NULL_HINT, id="between"),
        pytest.param('{"ints":{"any":null}}', "ints.any", NULL_HINT, id="any"),
    ],
)
def test_nulls(text: str, path: str, hint: str) -> None:
    """A null where it would never match is refused with the way to say it."""
    assert refusal(text) == value_refused(path, "filter_null", "no null, which would never match", hint)


def value_refused(path: str, code: str, expected: str, hint: str) -> dict[str, Any]:
    """The whole answer to a value of `things` that doesn't fit."""
    name, _, operator = path.partition("[")[0].partition(".")
    return {
        "type": "validation_error",
        "code": code,
        "message": f"'{operator or 'eq'}' on column '{name}' of type {THINGS.by_name[name].type_name} takes {expected}",
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": f"filters.{path}"},
    }


def test_kinds_of_between() -> None:
    """On a path, both ends are of one kind."""
    answer = refusal('{"doc.a":{"between":[1,"b"]}}')
    assert (answer["code"], answer["message"], answer["details"]) == (
        "filter_value_invalid",
        "'between' on a path that gives text takes two values of one kind",
        {"path": 'filters["doc.a"].between[1]'},
    )


def test_is_true_on_a_document() -> None:
    """A JSON value is no truth value."""
    for key in ("doc", "doc->flag"):
        assert refusal(f'{{"{key}":{{"is":"true"}}}}')["code"] == "filter_value_invalid"


@cases("name", OPERATORS)
def test_example_of_an_operator(name: str) -> None:
    """The examples that hints give are themselves filters, on some column at least."""
    for example in OPERATORS[name].example.split(" or "):
        value = json.loads(example)
        assert name in value
        assert any(_is_read({column: value}) for column in THINGS.by_name)


def _is_read(filters: dict[str, Any]) -> bool:
    try:
        parse(filters, THINGS, NOON)
    except ValidationError:
        return False
    return True


@cases(
    "type_, expected",
    [
        pytest.param(type_, expected, id=type_.name)
        for type_, expected in {
            **{Type(name=name): "5" for name in ("int2", "int4", "int8", "oid")},
            **{Type(name=name): "12.50" for name in ("numeric", "float4", "float8", "money")},
            Type(name="bool"): "true",
            Type(name="text"): '"abc"',
            Type(name="jsonb"): '{"a":1}',
            Type(name="int4range", kind=Kind.RANGE, element=INT4): '"[1,10)"',
            array_of(Type(name="bool")): "[true]",
            MOOD: '"sad"',
            POS: "5",
        }.items()
    ],
)
def test_samples(type_: Type, expected: str) -> None:
    """Hints show a value of the column's own type."""
    assert sample(type_) == expected


def test_many_labels() -> None:
    """A hint lists twenty labels at the most."""
    labels = tuple(f"label{number:02}" for number in range(30))
    many = Type(name="many", schema="public", kind=Kind.ENUM, labels=labels)
    answer = refusal('{"e":"zzz"}', relation("t", {"id": INT4, "e": many}))
    assert answer["hint"] == f"Its labels: {', '.join(labels[:20])}."


@pytest.mark.parametrize(
    "name, extension, operator, value",
    [
        pytest.param("cid", None, "ne", "1", id="no <> of cid"),
        pytest.param("aclitem", None, "nin", ["a=r/a"], id="no <> of aclitem"),
        pytest.param("hstore", "hstore", "gt", "a=>1", id="no > of hstore"),
        pytest.param("lquery", "ltree", "between", ["a", "b"], id="no order of lquery"),
        pytest.param("ltxtquery", "ltree", "lte", "a", id="no order of ltxtquery"),
    ],
)
def test_operators_that_postgres_lacks(name: str, extension: str | None, operator: str, value: Any) -> None:
    """Are told with those that work, before anything is sent."""
    type_ = Type(name=name, schema="pg_catalog" if extension is None else "public", extension=extension)
    with pytest.raises(ValidationError) as refused:
        parse({"c": {operator: value}}, relation("t", {"c": type_}), NOON)
    found = refused.value
    assert (found.code.name, found.path) == ("filter_operator_mismatch", f"filters.c.{operator}")
    assert f"{operator}," not in (found.hint or "")
