"""What a caller wants written, checked against the relation's columns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.json import Number
from pgmcp.domain.plans import Assignment, ConflictAction, OnConflict
from pgmcp.domain.records import assignments, conflict, known_columns, returned, texts, unknown_column
from pgmcp.domain.relations import Column, Name, Relation, RelationKind
from pgmcp.domain.values.types import INT4, INT8, JSONB, NUMERIC, TEXT, array_of
from tests.fixtures.walked import cases

ORDERS = Relation(
    name=Name("public", "orders"),
    kind=RelationKind.TABLE,
    columns=(
        Column(name="id", type=INT8, nullable=False, identity="always"),
        Column(name="number", type=INT4, identity="by default"),
        Column(name="total", type=NUMERIC, declared="numeric(10,2)"),
        Column(name="note", type=TEXT),
        Column(name="tags", type=array_of(TEXT)),
        Column(name="doc", type=JSONB),
        Column(name="gross", type=NUMERIC, generated="total * 1.2"),
        Column(name="with space", type=INT4),
    ),
    primary_key=("id",),
)
KEYLESS = Relation(name=Name("logs", "lines"), kind=RelationKind.TABLE, columns=(Column(name="at", type=TEXT),))
ALL = ("id", "number", "total", "note", "tags", "doc", "gross", "with space")


def refusal(*arguments: Any, by: Any) -> dict[str, Any]:
    """The whole answer to what is refused."""
    with pytest.raises(ValidationError) as caught:
        by(*arguments)
    return caught.value.document()


@pytest.mark.parametrize(
    "names, found",
    [
        pytest.param([], (), id="none"),
        pytest.param(["note", "id"], ("note", "id"), id="in the caller's order"),
        pytest.param(["id", "note", "id"], ("id", "note"), id="each once"),
    ],
)
def test_known_columns(names: list[str], found: tuple[str, ...]) -> None:
    """Names that are the relation's pass."""
    assert known_columns(names, ORDERS, "columns") == found


def test_an_unknown_column_is_told_with_the_nearest() -> None:
    """Where it stands, and what was meant."""
    assert refusal(["id", "totl"], ORDERS, "columns", by=known_columns) == {
        "type": "validation_error",
        "code": "unknown_column",
        "message": "'orders' has no column 'totl'",
        "hint": "Did you mean 'total'?",
        "retry": "fix_input",
        "details": {"path": "columns[1]"},
    }


def test_with_nothing_near_the_columns_are_listed() -> None:
    """Twenty of them at the most."""
    wide = Relation(
        name=Name("other", "wide"),
        kind=RelationKind.TABLE,
        columns=tuple(Column(name=f"c{number:02}", type=INT4) for number in range(30)),
        on_path=False,
    )
    listed = ", ".join(f"c{number:02}" for number in range(20))
    error = unknown_column("zzzzzz", wide, "data.zzzzzz")
    assert (error.message, error.hint) == ("'other.wide' has no column 'zzzzzz'", f"Its columns: {listed}.")


def test_texts_are_postgresql_s_own() -> None:
    """In the record's order, digits and all; None is NULL."""
    record = {
        "total": Number("1.50"),
        "number": 7,
        "note": None,
        "tags": ["a", None, 'q"'],
        "doc": {"n": Number("1e400")},
        "with space": "12",
    }
    assert list(texts(record, ORDERS, "data").items()) == [
        ("total", "1.50"),
        ("number", "7"),
        ("note", None),
        ("tags", '{a,NULL,"q\\""}'),
        ("doc", '{"n":1e400}'),
        ("with space", "12"),
    ]


@pytest.mark.parametrize(
    "record, error",
    [
        pytest.param(
            {"nots": 1},
            ("unknown_column", "'orders' has no column 'nots'", "Did you mean 'note'?", "data.nots"),
            id="an unknown column",
        ),
        pytest.param(
            {"no column": 1},
            (
                "unknown_column",
                "'orders' has no column 'no column'",
                f"Its columns: {', '.join(ALL)}.",
                'data["no column"]',
            ),
            id="an unknown name that is no plain word",
        ),
        pytest.param(
            {"number": "x"},
            (
                "value_invalid",
                "the value doesn't fit column 'number' of type int4",
                "Expected an integer from -2147483648 to 2147483647.",
                "data.number",
            ),
            id="a value of another kind",
        ),
        pytest.param(
            {"number": 2**31},
            (
                "value_invalid",
                "the value doesn't fit column 'number' of type int4",
                "Expected an integer from -2147483648 to 2147483647.",
                "data.number",
            ),
            id="a value out of range",
        ),
        pytest.param(
            {"with space": "x"},
            (
                "value_invalid",
                "the value doesn't fit column 'with space' of type int4",
                "Expected an integer from -2147483648 to 2147483647.",
                'data["with space"]',
            ),
            id="a column that is no plain word",
        ),
        pytest.param(
            {"gross": 1},
            (
                "value_read_only",
                "column 'gross' of 'orders' is generated",
                "Leave it out; PostgreSQL gives it its value.",
                "data.gross",
            ),
            id="a generated column",
        ),
        pytest.param(
            {"id": 1},
            (
                "value_read_only",
                "column 'id' of 'orders' is an identity that is always generated",
                "Leave it out; PostgreSQL gives it its value.",
                "data.id",
            ),
            id="an identity",
        ),
    ],
)
def test_a_record_that_doesn_t_fit(record: dict[str, Any], error: tuple[str, str, str, str]) -> None:
    """Which column, what it takes and where; never the value."""
    code, message, hint, path = error
    assert refusal(record, ORDERS, "data", by=texts) == {
        "type": "validation_error",
        "code": code,
        "message": message,
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": path},
    }


def test_the_type_is_shown_as_declared() -> None:
    """With its modifier, as `describe_table` has it."""
    message = refusal({"total": "secret"}, ORDERS, "records[3]", by=texts)["message"]
    assert message == "the value doesn't fit column 'total' of type numeric(10,2)"


def test_assignments() -> None:
    """Typed literals that know where they came from; None for NULL."""
    assert assignments({"total": Decimal("1.50"), "note": None}, ORDERS) == (
        Assignment(column="total", value=Literal("1.50", NUMERIC, "data.total")),
        Assignment(column="note", value=None),
    )


def test_nothing_to_set() -> None:
    """An update has to set something."""
    assert refusal({}, ORDERS, by=assignments) == {
        "type": "validation_error",
        "code": "data_empty",
        "message": "there is nothing to set",
        "hint": "Name a column in data.",
        "retry": "fix_input",
        "details": {"path": "data"},
    }


@cases(
    "wanted, found",
    [
        pytest.param(None, (), id="nothing said"),
        pytest.param(False, (), id="false"),
        pytest.param([], (), id="an empty list"),
        pytest.param(True, ALL, id="true"),
        pytest.param("*", ALL, id="a star"),
        pytest.param(["*"], ALL, id="a star in a list"),
        pytest.param("id", ("id",), id="one name"),
        pytest.param(("id", "total"), ("id", "total"), id="names"),
    ],
)
def test_returned(wanted: Any, found: tuple[str, ...]) -> None:
    """What a write gives back."""
    assert returned(wanted, ORDERS) == found


def test_an_unknown_name_to_give_back() -> None:
    """The path says which."""
    assert refusal(["id", "noot"], ORDERS, by=returned) == {
        "type": "validation_error",
        "code": "unknown_column",
        "message": "'orders' has no column 'noot'",
        "hint": "Did you mean 'note'?",
        "retry": "fix_input",
        "details": {"path": "returning[1]"},
    }


@cases(
    "wanted, found",
    [
        pytest.param(None, OnConflict(), id="nothing said"),
        pytest.param("error", OnConflict(), id="error"),
        pytest.param("ignore", OnConflict(action=ConflictAction.IGNORE), id="ignore"),
        pytest.param("update", OnConflict(action=ConflictAction.UPDATE, target=("id",)), id="update, by primary key"),
        pytest.param({}, OnConflict(), id="an empty object"),
        pytest.param(
            {"columns": ["number"]},
            OnConflict(action=ConflictAction.IGNORE, target=("number",)),
            id="columns alone ignore",
        ),
        pytest.param(
            {"update": ["total"]},
            OnConflict(action=ConflictAction.UPDATE, target=("id",), update=("total",)),
            id="update alone updates",
        ),
        pytest.param(
            {"action": "ignore", "columns": "number"},
            OnConflict(action=ConflictAction.IGNORE, target=("number",)),
            id="one name",
        ),
        pytest.param(
            {"action": "update", "columns": ["number", "note"], "update": ["total", "doc"]},
            OnConflict(action=ConflictAction.UPDATE, target=("number", "note"), update=("total", "doc")),
            id="all of it",
        ),
        pytest.param(
            {"action": "update", "columns": None, "update": None},
            OnConflict(action=ConflictAction.UPDATE, target=("id",)),
            id="nulls",
        ),
    ],
)
def test_conflict(wanted: Any, found: OnConflict) -> None:
    """Words and objects come to the same plan."""
    assert conflict(wanted, ORDERS) == found


def test_without_a_key_rows_can_still_be_ignored() -> None:
    """Only an update has to know which row is meant."""
    assert conflict("ignore", KEYLESS) == OnConflict(action=ConflictAction.IGNORE)
    assert conflict({"action": "update", "columns": ["at"]}, KEYLESS) == OnConflict(
        action=ConflictAction.UPDATE, target=("at",)
    )


@cases(
    "wanted, error",
    [
        pytest.param(
            "replace",
            {
                "code": "unknown_choice",
                "message": "on_conflict is none of error, ignore and update",
                "hint": 'Write "ignore", or {"action":"update","columns":["id"],"update":["name"]}.',
                "details": {"path": "on_conflict"},
            },
            id="another word",
        ),
        pytest.param(
            {"action": ["update"]},
            {
                "code": "unknown_choice",
                "message": "on_conflict is none of error, ignore and update",
                "hint": 'Write "ignore", or {"action":"update","columns":["id"],"update":["name"]}.',
                "details": {"path": "on_conflict.action"},
            },
            id="an action that is no word",
        ),
        pytest.param(
            {"action": "update", "colums": ["id"]},
            {
                "code": "unknown_argument",
                "message": "on_conflict takes no 'colums'",
                "hint": "Did you mean 'columns'?",
                "details": {"path": "on_conflict.colums"},
            },
            id="a key mistyped",
        ),
        pytest.param(
            {"zzz": 1},
            {
                "code": "unknown_argument",
                "message": "on_conflict takes no 'zzz'",
                "hint": "It takes action, columns and update.",
                "details": {"path": "on_conflict.zzz"},
            },
            id="another key",
        ),
        pytest.param(
            {"action": "ignore", "columns": ["ident"]},
            {
                "code": "unknown_column",
                "message": "'orders' has no column 'ident'",
                "hint": f"Its columns: {', '.join(ALL)}.",
                "details": {"path": "on_conflict.columns[0]"},
            },
            id="an unknown key column",
        ),
        pytest.param(
            {"update": ["total", "noet"]},
            {
                "code": "unknown_column",
                "message": "'orders' has no column 'noet'",
                "hint": "Did you mean 'note'?",
                "details": {"path": "on_conflict.update[1]"},
            },
            id="an unknown column to update",
        ),
        pytest.param(
            {"columns": 5},
            {
                "code": "wrong_type",
                "message": "columns is not a list of column names",
                "hint": 'Write ["name"].',
                "details": {"path": "on_conflict.columns"},
            },
            id="no list",
        ),
        pytest.param(
            {"update": ["total", 5]},
            {
                "code": "wrong_type",
                "message": "update is not a list of column names",
                "hint": 'Write ["name"].',
                "details": {"path": "on_conflict.update"},
            },
            id="a list of other things",
        ),
    ],
)
def test_a_conflict_that_can_t_be(wanted: Any, error: dict[str, Any]) -> None:
    """What is wrong with it, where, and what it takes."""
    assert refusal(wanted, ORDERS, by=conflict) == {"type": "validation_error", "retry": "fix_input"} | error


LATE = evolve(ORDERS, late=(("number", "note"), ("total",), (None,)), unique=(("number", "note"), ("total",)))


@pytest.mark.parametrize(
    "wanted, which, path",
    [
        pytest.param("ignore", "a key", "on_conflict", id="any key"),
        pytest.param({"action": "ignore", "columns": "total"}, "the key (total)", "on_conflict.columns", id="a name"),
        pytest.param(
            {"columns": ["note", "number"], "update": ["doc"]},
            "the key (note, number)",
            "on_conflict.columns",
            id="in another order",
        ),
    ],
)
def test_a_key_that_is_checked_late_settles_no_conflict(wanted: Any, which: str, path: str) -> None:
    """The one that is meant, or whichever there is where none is."""
    assert refusal(wanted, LATE, by=conflict) == {
        "type": "validation_error",
        "code": "constraint_deferrable",
        "message": f"{which} of 'orders' is DEFERRABLE, so PostgreSQL can't tell by it whether a row exists",
        "hint": 'Name a key that is not: {"columns":[…]}; or look with `read_table`, then create or update.',
        "retry": "fix_input",
        "details": {"path": path},
    }


def test_another_key_settles_conflicts_beside_one_that_is_checked_late() -> None:
    """The primary key that an update goes by, and no key where a conflict is an error."""
    assert conflict("update", LATE) == OnConflict(action=ConflictAction.UPDATE, target=("id",))
    assert conflict("error", LATE) == OnConflict()


def test_an_update_needs_a_key() -> None:
    """Without a primary key, columns have to be named."""
    assert refusal("update", KEYLESS, by=conflict) == {
        "type": "validation_error",
        "code": "unknown_constraint",
        "message": "'lines' has no primary key to tell rows apart by",
        "hint": 'Name a unique key: {"action":"update","columns":[…]}.',
        "retry": "fix_input",
        "details": {"path": "on_conflict"},
    }


@pytest.mark.parametrize(
    "column",
    [pytest.param("gross", id="generated"), pytest.param("id", id="an identity that is always generated")],
)
def test_an_update_of_what_takes_no_value(column: str) -> None:
    """The columns to be updated take a value, so those that take none are refused here, not by the server."""
    found = refusal({"columns": ["number"], "update": [column]}, ORDERS, by=conflict)
    assert (found["code"], found["details"]) == (codes.VALUE_READ_ONLY.name, {"path": "on_conflict.update[0]"})
