"""What keys name."""

from __future__ import annotations

import pytest

from pgmcp.domain.filters.keys import Form, Target, resolve
from pgmcp.domain.filters.tree import Filter
from pgmcp.domain.places import inner, step
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import BOOL, INT4, JSONB, TEXT
from tests.fixtures.relations import ODD, THINGS, relation
from tests.fixtures.walked import cases
from tests.unit.domain.filters.reading import column, compare, document, number_at, refusal, text_at, tree


@cases(
    "key, name, path",
    [
        pytest.param("doc->a", "doc", ("a",), id="arrow"),
        pytest.param("doc->a->0->b", "doc", ("a", 0, "b"), id="arrows"),
        pytest.param("doc->-1", "doc", (-1,), id="from-the-end"),
        pytest.param("doc->2147483647", "doc", (2147483647,), id="last-position"),
        pytest.param("doc->-2147483648", "doc", (-2147483648,), id="first-position"),
        pytest.param("doc->2147483648", "doc", ("2147483648",), id="too-large-for-a-position"),
        pytest.param("doc->-2147483649", "doc", ("-2147483649",), id="too-small-for-a-position"),
        pytest.param("doc->12345678901", "doc", ("12345678901",), id="eleven-digits"),
        pytest.param("doc->007", "doc", ("007",), id="leading-zeros-are-a-key"),
        pytest.param("doc->-0", "doc", ("-0",), id="minus-zero-is-a-key"),
        pytest.param("doc->٣", "doc", ("٣",), id="other-digits-are-a-key"),
        pytest.param("doc->a.b", "doc", ("a.b",), id="dots-after-an-arrow"),
        pytest.param("doc->two words", "doc", ("two words",), id="blank"),
        pytest.param("doc-> a\n", "doc", (" a\n",), id="blanks-around"),
        pytest.param('doc->q"k', "doc", ('q"k',), id="quote-inside"),
        pytest.param("doc->it's", "doc", ("it's",), id="apostrophe"),
        pytest.param("doc->'", "doc", ("'",), id="apostrophe-alone"),
        pytest.param("doc->a-", "doc", ("a-",), id="dash-at-the-end"),
        pytest.param("doc->-->b", "doc", ("-", "b"), id="dash-alone"),
        pytest.param("doc->a>b", "doc", ("a>b",), id="greater-than-inside"),
        pytest.param('doc->"0"', "doc", ("0",), id="quoted-digits-are-a-key"),
        pytest.param('doc->"a->b"->"c""d"', "doc", ("a->b", 'c"d'), id="quoted-keys"),
        pytest.param('doc->""', "doc", ("",), id="empty-key"),
        pytest.param('"doc"->a', "doc", ("a",), id="quoted-column"),
        pytest.param('"or"->a', "or", ("a",), id="quoted-word-of-logic"),
        pytest.param("doc.sub->a", "doc.sub", ("a",), id="longest-column"),
        pytest.param("extra->a", "extra", ("a",), id="domain-over-jsonb"),
    ],
)
def test_arrows(key: str, name: str, path: tuple[str | int, ...]) -> None:
    """A path of arrows gives the jsonb at its end."""
    expected = Target(column=ODD.by_name[name], type=JSONB, form=Form.DOCUMENT, path=path)
    assert resolve(key, ODD, "filters") == expected


@cases(
    "key, name, path",
    [
        pytest.param("doc->>a", "doc", ("a",), id="arrow"),
        pytest.param("doc->a->>0", "doc", ("a", 0), id="arrows"),
        pytest.param("doc->>a.b", "doc", ("a.b",), id="dots-after-an-arrow"),
        pytest.param('doc->>"a"', "doc", ("a",), id="quoted-after-an-arrow"),
        pytest.param("doc.a", "doc", ("a",), id="dot"),
        pytest.param("doc.a.0.b", "doc", ("a", 0, "b"), id="dots"),
        pytest.param("doc.-1", "doc", (-1,), id="from-the-end"),
        pytest.param("doc.a-b", "doc", ("a-b",), id="dash"),
        pytest.param("doc.ключ", "doc", ("ключ",), id="other-letters"),
        pytest.param('doc."a.b".c', "doc", ("a.b", "c"), id="quoted-dots"),
        pytest.param('doc.q"k', "doc", ('q"k',), id="quote-inside"),
        pytest.param('"doc".a', "doc", ("a",), id="quoted-column"),
        pytest.param("doc.sub.a", "doc.sub", ("a",), id="longest-column"),
        pytest.param("doc.num.a", "doc", ("num", "a"), id="longest-document"),
        pytest.param("doc.subs", "doc", ("subs",), id="not-cut-inside-a-word"),
    ],
)
def test_text_paths(key: str, name: str, path: tuple[str | int, ...]) -> None:
    """A path that ends in `->>` or is written with dots gives text."""
    assert resolve(key, ODD, "filters") == Target(column=ODD.by_name[name], type=TEXT, form=Form.TEXT, path=path)


@cases(
    "text, table, expected",
    [
        pytest.param('{"a.b":5}', ODD, compare(column("a.b", INT4), "eq", "5"), id="name-with-a-dot"),
        pytest.param('{"x->y":5}', ODD, compare(column("x->y", INT4), "eq", "5"), id="name-with-an-arrow"),
        pytest.param('{"quote\\"d":"a"}', ODD, compare(column('quote"d', TEXT), "eq", "a"), id="name-with-a-quote"),
        pytest.param('{"äöü":"a"}', ODD, compare(column("äöü", TEXT), "eq", "a"), id="other-letters"),
        pytest.param('{"with space":"a"}', ODD, compare(column("with space", TEXT), "eq", "a"), id="blank"),
        pytest.param('{"\\"and\\"":5}', ODD, compare(column("and", INT4), "eq", "5"), id="quoted-and"),
        pytest.param('{"\\"not\\"":true}', ODD, compare(column("not", BOOL), "eq", "true"), id="quoted-not"),
        pytest.param('{"\\"or\\"":{"eq":1}}', ODD, compare(document("or"), "eq", "1"), id="quoted-or"),
        pytest.param('{"\\"or\\".a":"x"}', ODD, compare(text_at("or", "a"), "eq", "x"), id="quoted-or-with-a-path"),
        pytest.param('{"\\"quote\\"\\"d\\"":"a"}', ODD, compare(column('quote"d', TEXT), "eq", "a"), id="quoted-quote"),
        pytest.param('{"\\"a.b\\"":5}', ODD, compare(column("a.b", INT4), "eq", "5"), id="quoted-dot"),
        pytest.param('{"js.b.l.0":1}', THINGS, compare(number_at("js", "b", "l", 0), "eq", "1"), id="json-column"),
        pytest.param('{"doc.sub":{"eq":1}}', ODD, compare(document("doc.sub"), "eq", "1"), id="column-before-path"),
    ],
)
def test_keys(text: str, table: Relation, expected: Filter) -> None:
    """An exact name wins over a path; quotes let a column be called like a word of logic."""
    assert tree(text, table) == expected


HINT = "Write col->a->0->>b, or col.a.b; a key with arrows or dots of its own stands in double quotes."


@cases(
    "key, reason",
    [
        pytest.param("doc->", "it ends in ->", id="ends-in-an-arrow"),
        pytest.param("doc->>", "it ends in ->>", id="ends-in-a-text-arrow"),
        pytest.param("doc->a->", "it ends in ->", id="ends-in-an-arrow-later"),
        pytest.param("doc.", "it ends in .", id="ends-in-a-dot"),
        pytest.param("doc.a.", "it ends in .", id="ends-in-a-dot-later"),
        pytest.param("doc->->a", "a key is missing", id="two-arrows"),
        pytest.param("doc..a", "a key is missing", id="two-dots"),
        pytest.param("doc->>>a", "a key is missing", id="three-heads"),
        pytest.param("doc->>a->b", "->> gives text, so that nothing can follow it", id="text-in-the-middle"),
        pytest.param("doc->>a->>b", "->> gives text, so that nothing can follow it", id="text-twice"),
        pytest.param("doc.a->b", "it mixes dots with arrows", id="dots-then-arrows"),
        pytest.param('doc->"a', "a double quote isn't closed", id="open-quote"),
        pytest.param('doc."a', "a double quote isn't closed", id="open-quote-after-a-dot"),
        pytest.param('doc->"a"b', "a quoted key is followed by neither an arrow nor a dot", id="after-a-quote"),
        pytest.param("doc->'a'", "keys stand without single quotes", id="single-quotes"),
        pytest.param("doc->''", "keys stand without single quotes", id="empty-single-quotes"),
        pytest.param("doc->a\ud800", "a key holds NUL or half of a surrogate pair", id="half-a-pair"),
        pytest.param("doc.a\0", "a key holds NUL or half of a surrogate pair", id="nul"),
        pytest.param('doc->"a\0"', "a key holds NUL or half of a surrogate pair", id="quoted-nul"),
        pytest.param('"doc', "a double quote isn't closed", id="open-column"),
        pytest.param('"doc"a', "after the quoted column comes neither -> nor a dot", id="after-a-quoted-column"),
    ],
)
def test_malformed_path(key: str, reason: str) -> None:
    """A malformed path is refused with the reason."""
    answer = refusal({key: 1})
    assert answer == {
        "type": "validation_error",
        "code": "filter_path_invalid",
        "message": f"the path is malformed: {reason}",
        "hint": HINT,
        "retry": "fix_input",
        "details": {"path": step("filters", key)},
    }


def test_steps_are_bounded() -> None:
    """A path has 64 steps at the most."""
    key = "doc" + "->a" * 64
    assert resolve(key, THINGS, "filters").path == ("a",) * 64
    assert refusal({key + "->a": None}) == {
        "type": "validation_error",
        "code": "filter_too_large",
        "message": "a path has 64 steps at the most",
        "retry": "fix_input",
        "details": {"path": f'filters["{key + "->a"}"]'},
    }


def test_path_on_another_column() -> None:
    """Only documents can be walked into."""
    assert refusal('{"n->a":1}') == {
        "type": "validation_error",
        "code": "filter_path_invalid",
        "message": "column 'n' is int4: a path walks into json and jsonb columns only",
        "hint": "Name the column alone: 'n'.",
        "retry": "fix_input",
        "details": {"path": 'filters["n->a"]'},
    }


@cases(
    "key, named, hint",
    [
        pytest.param("naem", "naem", "Did you mean 'name'?", id="near"),
        pytest.param("nope->a", "nope", None, id="path"),
        pytest.param("dok.a", "dok", "Did you mean 'doc'?", id="near-path"),
        pytest.param('"naem"', "naem", "Did you mean 'name'?", id="quoted"),
        pytest.param("xmin", "xmin", None, id="system-column"),
        pytest.param("", "", None, id="empty"),
        pytest.param("->a", "->a", None, id="nothing-before-the-arrow"),
        pytest.param("a\ud800", "a?", None, id="half-a-pair"),
        pytest.param("z" * 80, "z" * 63 + "…", None, id="long"),
    ],
)
def test_unknown_column(key: str, named: str, hint: str | None) -> None:
    """An unknown column is refused with the nearest names, or with all of them."""
    every = f"Its columns: {', '.join(list(THINGS.by_name)[:20])}."
    answer = refusal({key: 1})
    assert answer == {
        "type": "validation_error",
        "code": "unknown_column",
        "message": f"'things' has no column '{named}'",
        "hint": hint or every,
        "retry": "fix_input",
        "details": {"path": step("filters", key)},
    }


def test_relation_without_columns() -> None:
    """Where every column is hidden, any is unknown."""
    answer = refusal({"a.b": 1}, relation("bare", {}))
    assert (answer["code"], answer["message"]) == ("unknown_column", "'bare' has no column 'a'")


@cases(
    "key, path",
    [
        pytest.param("naem", "filters.naem", id="plain"),
        pytest.param("_n1", "filters._n1", id="underscore"),
        pytest.param("1n", 'filters["1n"]', id="digit-first"),
        pytest.param("é", 'filters["é"]', id="other-letters"),
        pytest.param("a\nb", 'filters["a\\nb"]', id="newline"),
        pytest.param('a"b', 'filters["a\\"b"]', id="quote"),
        pytest.param("", 'filters[""]', id="empty"),
        pytest.param("a\ud800", 'filters["a?"]', id="half-a-pair"),
        pytest.param("z" * 201, f'filters["{"z" * 200}…"]', id="long"),
    ],
)
def test_places_of_keys(key: str, path: str) -> None:
    """A key that isn't a plain word stands in brackets."""
    assert refusal({key: 1})["details"] == {"path": path}


def test_places_inside_values() -> None:
    """Positions stand in brackets, keys as in a filter."""
    assert inner("filters.a", 0, "city", "a.b") == 'filters.a[0].city["a.b"]'
    assert inner("filters.a") == "filters.a"
