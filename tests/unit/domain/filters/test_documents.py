"""Operators on JSON documents."""

from __future__ import annotations

import pytest

from pgmcp.domain.filters.documents import JSONPATH
from pgmcp.domain.filters.tree import Filter, Json, JsonOp, Literal, Operand
from pgmcp.domain.values.types import JSONB, TEXT
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import document, refusal, tree

DOC = document("doc")


def of(op: JsonOp, *literals: Literal, operand: Operand = DOC) -> Json:
    """A document's condition."""
    return Json(operand=operand, op=op, values=literals)


@cases(
    "text, expected",
    [
        pytest.param(
            '{"doc":{"jsonb_contains":{"a":1.50,"b":null}}}',
            of(JsonOp.CONTAINS, Literal('{"a":1.50,"b":null}', JSONB)),
            id="contains",
        ),
        pytest.param(
            '{"doc":{"jsonb_contains":{"$json":null}}}', of(JsonOp.CONTAINS, Literal("null", JSONB)), id="json-null"
        ),
        pytest.param('{"doc":{"jsonb_contains":"a"}}', of(JsonOp.CONTAINS, Literal('"a"', JSONB)), id="contains-text"),
        pytest.param(
            '{"doc":{"jsonb_contained_by":[1]}}', of(JsonOp.CONTAINED_BY, Literal("[1]", JSONB)), id="contained-by"
        ),
        pytest.param('{"doc":{"has_key":"a"}}', of(JsonOp.HAS_KEY, Literal("a", TEXT)), id="has-key"),
        pytest.param(
            '{"doc":{"has_any_keys":["a","1"]}}',
            of(JsonOp.HAS_ANY_KEYS, Literal("a", TEXT), Literal("1", TEXT)),
            id="has-any-keys",
        ),
        pytest.param('{"doc":{"has_any_keys":[]}}', of(JsonOp.HAS_ANY_KEYS), id="has-none-of-no-keys"),
        pytest.param('{"doc":{"has_all_keys":["a"]}}', of(JsonOp.HAS_ALL_KEYS, Literal("a", TEXT)), id="has-all-keys"),
        pytest.param('{"doc":{"jsonb_path":"$.a"}}', of(JsonOp.PATH_EXISTS, Literal("$.a", JSONPATH)), id="path"),
        pytest.param(
            '{"doc":{"jsonb_path_match":"$.a > 1"}}',
            of(JsonOp.PATH_MATCH, Literal("$.a > 1", JSONPATH)),
            id="path-match",
        ),
        pytest.param(
            '{"js":{"has_key":"a"}}', of(JsonOp.HAS_KEY, Literal("a", TEXT), operand=document("js")), id="json-column"
        ),
        pytest.param(
            '{"doc->a":{"has_key":"b"}}',
            of(JsonOp.HAS_KEY, Literal("b", TEXT), operand=document("doc", "a")),
            id="place",
        ),
        pytest.param(
            '{"doc.a":{"jsonb_contains":1}}',
            of(JsonOp.CONTAINS, Literal("1", JSONB), operand=document("doc", "a")),
            id="place-with-dots",
        ),
        pytest.param(
            '{"doc->>a":{"has_any_keys":["b"]}}',
            of(JsonOp.HAS_ANY_KEYS, Literal("b", TEXT), operand=document("doc", "a")),
            id="place-as-text",
        ),
    ],
)
def test_documents(text: str, expected: Filter) -> None:
    """Each JSON operator looks at jsonb, at the place that the key names."""
    assert tree(text) == expected


@cases(
    "operator, value, path, expected, example",
    [
        pytest.param("jsonb_contains", "null", "", "a JSON value", None, id="null"),
        pytest.param("has_key", "5", "", "one key as text", '{"has_key":"a"}', id="key-number"),
        pytest.param("has_key", '["a"]', "", "one key as text", '{"has_key":"a"}', id="key-list"),
        pytest.param("has_any_keys", '"a"', "", "a list of keys", '{"has_any_keys":["a","b"]}', id="keys-text"),
        pytest.param("has_all_keys", "null", "", "a list of keys", '{"has_all_keys":["a","b"]}', id="keys-null"),
        pytest.param(
            "has_all_keys", '["a",1]', "[1]", "keys as text", '{"has_all_keys":["a","b"]}', id="key-in-a-list"
        ),
        pytest.param(
            "jsonb_path", "5", "", "an SQL/JSON path as text", '{"jsonb_path":"$.items[*] ? (@.qty > 2)"}', id="path"
        ),
        pytest.param(
            "jsonb_path_match",
            '" "',
            "",
            "an SQL/JSON path as text",
            '{"jsonb_path_match":"$.qty > 2"}',
            id="blank-path",
        ),
    ],
)
def test_bad_values(operator: str, value: str, path: str, expected: str, example: str | None) -> None:
    """A value of the wrong kind is refused with an example."""
    assert refusal(f'{{"doc":{{"{operator}":{value}}}}}') == {
        "type": "validation_error",
        "code": "filter_value_invalid",
        "message": f"'{operator}' on column 'doc' of type jsonb takes {expected}",
        "hint": f"For example {example}." if example else 'The JSON value null is written {"$json":null}.',
        "retry": "fix_input",
        "details": {"path": f"filters.doc.{operator}{path}"},
    }


def test_nul_in_a_key() -> None:
    """What no text can hold is refused at its place."""
    answer = refusal({"doc": {"has_any_keys": ["a", "b\0"]}})
    assert (answer["code"], answer["details"]) == ("filter_value_invalid", {"path": "filters.doc.has_any_keys[1]"})
