"""Text operators and full text."""

from __future__ import annotations

import pytest

from pgmcp.domain.filters.tree import Filter, FullText, Literal, Match, Operand, Pattern, SearchForm
from pgmcp.domain.values.types import TEXT
from tests.fixtures.relations import BPCHAR, THINGS, TSVECTOR, VARCHAR
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import column, refusal, text_at, tree

NAME, BODY = column("name", TEXT), column("body", TEXT)


def match(pattern: Pattern, text: str, operand: Operand = NAME, *, fold: bool = False) -> Match:
    """A pattern on `name`, or on something else."""
    return Match(operand=operand, pattern=pattern, value=Literal(text, TEXT), fold=fold)


def search(text: str, form: SearchForm = SearchForm.WEBSEARCH, language: str | None = None) -> FullText:
    """A full-text query on `body`."""
    return FullText(operand=BODY, form=form, query=Literal(text, TEXT), language=language)


@cases(
    "text, expected",
    [
        pytest.param('{"name":{"like":"50\\\\%"}}', match(Pattern.LIKE, "50\\%"), id="like-keeps-its-escape"),
        pytest.param('{"name":{"ilike":"a%"}}', match(Pattern.LIKE, "a%", fold=True), id="ilike"),
        pytest.param('{"name":{"match":"^a"}}', match(Pattern.MATCH, "^a"), id="match"),
        pytest.param('{"name":{"imatch":"^a"}}', match(Pattern.MATCH, "^a", fold=True), id="imatch"),
        pytest.param('{"name":{"starts_with":"50%"}}', match(Pattern.STARTS_WITH, "50%"), id="starts-with"),
        pytest.param('{"name":{"ends_with":"本"}}', match(Pattern.ENDS_WITH, "本"), id="ends-with"),
        pytest.param('{"name":{"like":""}}', match(Pattern.LIKE, ""), id="empty"),
        *(
            pytest.param(
                f'{{"name":{{"{pattern}":"a","case_sensitive":false}}}}',
                match(pattern, "a", fold=True),
                id=f"{pattern}-without-case",
            )
            for pattern in Pattern
        ),
        pytest.param('{"code":{"like":"a"}}', match(Pattern.LIKE, "a", column("code", VARCHAR)), id="varchar"),
        pytest.param('{"fix":{"like":"a"}}', match(Pattern.LIKE, "a", column("fix", BPCHAR)), id="char"),
        pytest.param('{"email":{"like":"a"}}', match(Pattern.LIKE, "a", column("email", TEXT)), id="domain"),
        pytest.param('{"doc.a":{"like":"a"}}', match(Pattern.LIKE, "a", text_at("doc", "a")), id="path"),
        pytest.param('{"body":{"fts":"fat cat"}}', search("fat cat"), id="fts"),
        pytest.param('{"body":{"fts":{"query":"a"}}}', search("a"), id="fts-query"),
        *(
            pytest.param(f'{{"body":{{"fts":{{"query":"a","type":"{form}"}}}}}}', search("a", form), id=f"fts-{form}")
            for form in SearchForm
        ),
        pytest.param(
            '{"body":{"fts":{"query":"a","language":"english"}}}',
            search("a", language="english"),
            id="fts-language",
        ),
        pytest.param('{"body":{"fts":{"query":"a","language":null}}}', search("a"), id="fts-no-language"),
        pytest.param(
            '{"tsv":{"fts":"a"}}',
            FullText(operand=column("tsv", TSVECTOR), form=SearchForm.WEBSEARCH, query=Literal("a", TEXT)),
            id="fts-on-tsvector",
        ),
        pytest.param(
            '{"doc.a":{"fts":"a"}}',
            FullText(operand=text_at("doc", "a"), form=SearchForm.WEBSEARCH, query=Literal("a", TEXT)),
            id="fts-on-a-path",
        ),
    ],
)
def test_text_operators(text: str, expected: Filter) -> None:
    """Each text operator becomes one pattern or one search."""
    assert tree(text) == expected


NO_TEXT = "'like' on column 'name' of type text takes text"
FTS = "'fts' on column 'body' of type text takes"
EXAMPLE = 'For example {"fts":"fat cat"} or {"fts":{"query":"fat cat","type":"phrase","language":"english"}}.'


@cases(
    "text, path, message, hint",
    [
        pytest.param('{"name":{"like":5}}', "name.like", NO_TEXT, 'For example {"like":"a%"}.', id="number"),
        pytest.param('{"name":{"like":null}}', "name.like", NO_TEXT, 'For example {"like":"a%"}.', id="null"),
        pytest.param('{"name":{"like":["a"]}}', "name.like", NO_TEXT, 'For example {"like":"a%"}.', id="list"),
        pytest.param(
            '{"body":{"fts":5}}',
            "body.fts",
            f"{FTS} text, or an object with 'query', 'type' and 'language'",
            EXAMPLE,
            id="fts-number",
        ),
        pytest.param('{"body":{"fts":{}}}', "body.fts.query", f"{FTS} text as 'query'", EXAMPLE, id="fts-nothing"),
        pytest.param('{"body":{"fts":{"query":1}}}', "body.fts.query", f"{FTS} text as 'query'", EXAMPLE, id="query"),
        pytest.param(
            '{"body":{"fts":{"query":"a","type":"phrases"}}}',
            "body.fts.type",
            f"{FTS} 'plain', 'phrase', 'websearch' or 'raw' as 'type'",
            "Did you mean 'phrase'?",
            id="type",
        ),
        pytest.param(
            '{"body":{"fts":{"query":"a","type":null}}}',
            "body.fts.type",
            f"{FTS} 'plain', 'phrase', 'websearch' or 'raw' as 'type'",
            EXAMPLE,
            id="type-null",
        ),
        *(
            pytest.param(
                f'{{"body":{{"fts":{{"query":"a","language":{language}}}}}}}',
                "body.fts.language",
                f"{FTS} the name of a text search configuration as 'language'",
                EXAMPLE,
                id=f"language-{name}",
            )
            for name, language in {"number": "5", "empty": '""', "long": f'"{"a" * 128}"'}.items()
        ),
    ],
)
def test_bad_values(text: str, path: str, message: str, hint: str) -> None:
    """What isn't text, or no full-text query, is refused."""
    answer = refusal(text)
    assert answer == {
        "type": "validation_error",
        "code": "filter_value_invalid",
        "message": message,
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": f"filters.{path}"},
    }


@pytest.mark.parametrize(
    "key, path, hint",
    [
        pytest.param("lang", "filters.body.fts.lang", "Did you mean 'language'?", id="near"),
        pytest.param("a.b", 'filters.body.fts["a.b"]', "It takes 'query', 'type' and 'language'.", id="far"),
        pytest.param(5, "filters.body.fts.int", "It takes 'query', 'type' and 'language'.", id="no-text"),
    ],
)
def test_unknown_key_of_a_search(key: object, path: str, hint: str) -> None:
    """A search takes three keys."""
    answer = refusal({"body": {"fts": {"query": "a", key: "x"}}})
    name = key if isinstance(key, str) else "int"
    assert (answer["code"], answer["message"], answer["hint"], answer["details"]) == (
        "filter_malformed",
        f"'fts' takes no '{name}'",
        hint,
        {"path": path},
    )


@pytest.mark.parametrize(
    "search_, path",
    [
        pytest.param({"query": "a\0"}, "filters.body.fts.query", id="query"),
        pytest.param({"query": "a", "language": "a\0"}, "filters.body.fts.language", id="language"),
    ],
)
def test_nul_in_a_search(search_: dict[str, str], path: str) -> None:
    """What no text can hold is refused at its place."""
    answer = refusal({"body": {"fts": search_}})
    assert (answer["code"], answer["details"]) == ("filter_value_invalid", {"path": path})


def test_longest_language() -> None:
    """A configuration's name may carry its schema's."""
    assert tree('{"body":{"fts":{"query":"a","language":"x"}}}') == search("a", language="x")
    assert tree(f'{{"body":{{"fts":{{"query":"a","language":"{"a" * 127}"}}}}}}') == search("a", language="a" * 127)


def test_operators_of_text_on_other_types() -> None:
    """A text operator on another type is refused with those that work; on `->` with the way to get text."""
    answer = refusal('{"n":{"like":"1%"}}')
    assert answer == {
        "type": "validation_error",
        "code": "filter_operator_mismatch",
        "message": "'like' doesn't work on column 'n' of type int4",
        "hint": "There work: eq, ne, gt, gte, lt, lte, between, is, distinct_from, in, nin.",
        "retry": "fix_input",
        "details": {"path": "filters.n.like"},
    }
    for operator in ("like", "fts"):
        answer = refusal(f'{{"doc->a":{{"{operator}":"a"}}}}')
        assert (answer["message"], answer["hint"]) == (
            f"'{operator}' doesn't work on a path that gives jsonb",
            "Write the path's last arrow as ->> to look at its text.",
        )
    assert refusal('{"doc":{"like":"a"}}')["hint"].startswith("There work: eq, ne,")
    assert THINGS.by_name["doc"].type_name == "jsonb"
