"""The order of a read."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain import json
from pgmcp.domain.errors import ValidationError
from pgmcp.domain.filters.tree import Operand
from pgmcp.domain.order import MAX_KEYS, parse_order
from pgmcp.domain.policy.masks import Mask
from pgmcp.domain.relations import Column, Order, Relation
from pgmcp.domain.values.types import INT4, INT8, JSON, JSONB, TEXT, Type, array_of
from tests.fixtures.relations import INT4RANGE, MOOD, ODD, POINT, POS, THINGS, relation
from tests.fixtures.walked import cases


def by(name: str, type_: Any = INT4, *path: str | int, down: bool = False, first: bool = False) -> Order:
    """One key of an order."""
    return Order(operand=Operand(column=name, type=type_, path=path), descending=down, nulls_first=first)


ID = by("id")


@cases(
    "order_by, expected",
    [
        pytest.param("null", (ID,), id="nothing"),
        pytest.param("[]", (ID,), id="empty"),
        pytest.param('"n"', (by("n"), ID), id="name"),
        pytest.param('"-n"', (by("n", down=True, first=True), ID), id="descending"),
        pytest.param('["name","-n"]', (by("name", TEXT), by("n", down=True, first=True), ID), id="list"),
        pytest.param('"id"', (ID,), id="key"),
        pytest.param('["-id"]', (by("id", down=True, first=True),), id="key-descending"),
        pytest.param('["n","id","name"]', (by("n"), ID, by("name", TEXT)), id="key-inside"),
        pytest.param('["n","-n"]', (by("n"), ID), id="twice"),
        pytest.param('{"column":"n"}', (by("n"), ID), id="object"),
        pytest.param('[{"column":"n","descending":false}]', (by("n"), ID), id="ascending-object"),
        pytest.param('[{"column":"n","descending":true}]', (by("n", down=True, first=True), ID), id="down"),
        pytest.param('[{"column":"n","nulls":"first"}]', (by("n", first=True), ID), id="nulls-first"),
        pytest.param('[{"column":"n","nulls":"last"}]', (by("n"), ID), id="nulls-last"),
        pytest.param(
            '[{"column":"n","descending":true,"nulls":"last"}]', (by("n", down=True), ID), id="descending-nulls-last"
        ),
        pytest.param('[{"column":"doc","path":"a"}]', (by("doc", JSONB, "a"), ID), id="path-of-one"),
        pytest.param('[{"column":"doc","path":"a.0.b"}]', (by("doc", JSONB, "a", 0, "b"), ID), id="dots"),
        pytest.param('[{"column":"doc","path":".a"}]', (by("doc", JSONB, "a"), ID), id="leading-dot"),
        pytest.param('[{"column":"doc","path":"a->0->>b"}]', (by("doc", JSONB, "a", 0, "b"), ID), id="arrows"),
        pytest.param('[{"column":"js","path":"->>a.b"}]', (by("js", JSONB, "a.b"), ID), id="leading-arrow"),
        pytest.param('["-doc->>a"]', (by("doc", JSONB, "a", down=True, first=True), ID), id="path-in-a-name"),
        pytest.param('["js.a"]', (by("js", JSONB, "a"), ID), id="dots-in-a-name"),
        pytest.param('["doc","doc.a"]', (by("doc", JSONB), by("doc", JSONB, "a"), ID), id="document-and-place"),
        pytest.param('"pos"', (by("pos"), ID), id="domain-as-its-base"),
    ],
)
def test_order(order_by: str, expected: tuple[Order, ...]) -> None:
    """What is asked for comes first, the key last; NULLs stand where PostgreSQL puts them."""
    assert parse_order(json.loads(order_by), True, THINGS) == (expected, True)


def test_whole_order_turned_round() -> None:
    """`ascending: false` turns each key round, with its NULLs, and the relation's key."""
    asked = ["n", "-name", {"column": "big", "nulls": "first"}]
    assert parse_order(asked, False, THINGS) == (
        (
            by("n", down=True, first=True),
            by("name", TEXT),
            by("big", INT8, down=True),
            by("id", down=True, first=True),
        ),
        True,
    )
    assert parse_order(None, False, THINGS) == ((by("id", down=True, first=True),), True)


def test_tuples_are_lists() -> None:
    """Python's tuples are lists."""
    assert parse_order(("n", "id"), True, THINGS) == ((by("n"), ID), True)


@pytest.mark.parametrize(
    "changes, expected, keyed",
    [
        pytest.param({"primary_key": ("n", "big")}, (by("name", TEXT), by("n"), by("big", INT8)), True, id="two"),
        pytest.param({"primary_key": (), "unique": (("big",),)}, (by("name", TEXT), by("big", INT8)), True, id="other"),
    ],
)
def test_key(changes: dict[str, Any], expected: tuple[Order, ...], keyed: bool) -> None:
    """The key makes an order total."""
    assert parse_order("name", True, evolve(THINGS, **changes)) == (expected, keyed)


LOOSE = relation(
    "loose",
    {
        "n": INT4,
        "j": JSON,
        "t": TEXT,
        "p": POINT,
        "m": MOOD,
        "r": INT4RANGE,
        "list": array_of(TEXT),
        "documents": array_of(JSONB),
        "pos": POS,
        "unheard": Type(name="unheard", schema="public"),
    },
    key=(),
)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="no-key"),
        pytest.param({"primary_key": ("n",), "has_children": True}, id="parent"),
        pytest.param({"columns": (*LOOSE.columns, Column(name="x", type=INT4, mask=Mask.NULL))}, id="masked"),
    ],
)
def test_what_stands_for_a_key(changes: dict[str, Any]) -> None:
    """All columns that surely have an order: rows that are equal in what is asked for have one place, not any."""
    loose = evolve(LOOSE, **changes)
    rest = (by("n"), by("m", MOOD), by("r", INT4RANGE), by("list", array_of(TEXT)), by("pos"))
    assert parse_order("-t", True, loose) == ((by("t", TEXT, down=True, first=True), *rest), False)
    assert parse_order(None, True, loose) == ((), False)
    assert parse_order([], False, loose) == ((), False)


@pytest.mark.parametrize(
    "order_by, expected",
    [
        pytest.param("-id", by("-id"), id="as-it-stands"),
        pytest.param("--id", by("-id", down=True, first=True), id="descending"),
        pytest.param("a.b", by("a.b"), id="dot"),
        pytest.param('-"and"', by("and", down=True, first=True), id="quoted"),
        pytest.param({"column": "-id"}, by("-id"), id="in-an-object"),
    ],
)
def test_odd_names(order_by: Any, expected: Order) -> None:
    """An exact name wins over a sign and over a path."""
    assert parse_order(order_by, True, ODD) == ((expected, ID), True)


NO_POINTS = "column 'pt' is point, which has no order"
ELSE = "Order by another column."
BAD_PATH = "Write col->a->0->>b, or col.a.b; a key with arrows or dots of its own stands in double quotes."
NO_ORDER = "an order is a column's name or an object"
HINT = 'Write a name, "-name" for descending, a list of them, or {"column":"name","descending":true,"nulls":"last"}.'
COLUMNS = f"Its columns: {', '.join(list(THINGS.by_name)[:20])}."


@cases(
    "order_by, table, path, code, message, hint",
    [
        pytest.param("5", THINGS, "order_by", "wrong_type", NO_ORDER, HINT, id="number"),
        pytest.param('["n",null]', THINGS, "order_by[1]", "wrong_type", NO_ORDER, HINT, id="null"),
        pytest.param(
            '["n","naem"]',
            THINGS,
            "order_by[1]",
            "unknown_column",
            "'things' has no column 'naem'",
            "Did you mean 'name'?",
            id="unknown",
        ),
        pytest.param(
            '"-zzz"', THINGS, "order_by", "unknown_column", "'things' has no column 'zzz'", COLUMNS, id="unknown-far"
        ),
        pytest.param(
            '"js"',
            THINGS,
            "order_by",
            "order_invalid",
            "column 'js' is json, which has no order",
            'Name a place in it: {"column":"…","path":"a.b"}.',
            id="json",
        ),
        pytest.param('["n","-pt"]', THINGS, "order_by[1]", "order_invalid", NO_POINTS, ELSE, id="point"),
        pytest.param(
            '"page"', ODD, "order_by", "order_invalid", "column 'page' is xml, which has no order", ELSE, id="xml"
        ),
        pytest.param(
            '"doc->"',
            THINGS,
            "order_by",
            "filter_path_invalid",
            "the path is malformed: it ends in ->",
            BAD_PATH,
            id="malformed-path",
        ),
        pytest.param(
            '{"colum":"n"}',
            THINGS,
            "order_by.colum",
            "unknown_argument",
            "an order has no 'colum'",
            "Did you mean 'column'?",
            id="near",
        ),
        pytest.param(
            '{"a.b":"n"}',
            THINGS,
            'order_by["a.b"]',
            "unknown_argument",
            "an order has no 'a.b'",
            "It takes column, descending, nulls, path.",
            id="far",
        ),
        pytest.param("[{}]", THINGS, "order_by[0].column", "wrong_type", "'column' is a column's name", HINT, id="no"),
        pytest.param(
            '{"column":5}', THINGS, "order_by.column", "wrong_type", "'column' is a column's name", HINT, id="no-name"
        ),
        pytest.param(
            '{"column":"naem"}',
            THINGS,
            "order_by.column",
            "unknown_column",
            "'things' has no column 'naem'",
            "Did you mean 'name'?",
            id="unknown-in-an-object",
        ),
        pytest.param(
            '{"column":"pt"}', THINGS, "order_by.column", "order_invalid", NO_POINTS, ELSE, id="point-in-an-object"
        ),
        pytest.param(
            '{"column":"n","descending":1}',
            THINGS,
            "order_by.descending",
            "wrong_type",
            "'descending' is true or false",
            None,
            id="descending",
        ),
        pytest.param(
            '{"column":"n","nulls":"middle"}',
            THINGS,
            "order_by.nulls",
            "unknown_choice",
            "'nulls' is 'first' or 'last'",
            None,
            id="nulls",
        ),
        pytest.param(
            '{"column":"n","nulls":["first"]}',
            THINGS,
            "order_by.nulls",
            "unknown_choice",
            "'nulls' is 'first' or 'last'",
            None,
            id="nulls-list",
        ),
        pytest.param(
            '{"column":"n","path":"a"}',
            THINGS,
            "order_by.path",
            "order_invalid",
            "column 'n' is int4: a path walks into json and jsonb columns only",
            "Leave 'path' out.",
            id="path-elsewhere",
        ),
        pytest.param(
            '{"column":"doc","path":5}',
            THINGS,
            "order_by.path",
            "wrong_type",
            "'path' is text",
            "Write a->0->b, or a.0.b.",
            id="path-number",
        ),
        pytest.param(
            '{"column":"doc","path":""}',
            THINGS,
            "order_by.path",
            "filter_path_invalid",
            "the path is malformed: it ends in .",
            BAD_PATH,
            id="path-empty",
        ),
    ],
)
def test_refused(order_by: str, table: Relation, path: str, code: str, message: str, hint: str | None) -> None:
    """What is no order is refused at its place."""
    answer = refusal(json.loads(order_by), table)
    assert answer == {
        "type": "validation_error",
        "code": code,
        "message": message,
        **({"hint": hint} if hint else {}),
        "retry": "fix_input",
        "details": {"path": path},
    }


def refusal(order_by: Any, table: Relation = THINGS, ascending: Any = True) -> dict[str, Any]:
    """The whole answer to an order that is refused."""
    with pytest.raises(ValidationError) as caught:
        parse_order(order_by, ascending, table)
    return caught.value.document()


def test_keys_that_are_no_text() -> None:
    """An object's keys are text."""
    answer = refusal({5: "n"})
    assert (answer["code"], answer["message"], answer["details"]) == (
        "unknown_argument",
        "an order has no 'int'",
        {"path": "order_by.int"},
    )


def test_ascending_is_a_truth_value() -> None:
    """`ascending` takes nothing but true and false."""
    answer = refusal(None, THINGS, 1)
    assert (answer["code"], answer["message"], answer["details"]) == (
        "wrong_type",
        "'ascending' is true or false",
        {"path": "ascending"},
    )


def test_number_of_keys() -> None:
    """64 columns are an order, one more is none."""
    wide = relation("wide", {"id": INT4} | {f"c{number}": INT4 for number in range(MAX_KEYS + 1)})
    names = [f"c{number}" for number in range(MAX_KEYS)]
    assert parse_order(names, True, wide) == ((*map(by, names), ID), True)
    answer = refusal([*names, "c64"], wide)
    assert (answer["code"], answer["message"], answer["details"]) == (
        "order_invalid",
        "an order has 64 columns at the most",
        {"path": "order_by"},
    )
