"""Rows that PostgreSQL refuses: each answer names the constraint and its columns, and no value anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fixtures.served import Wire, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

# What every row here is made of; none of it may come back.
NUMBER, WORD, DAY = 987654, "SECRETS", "1899-12-24"


def violated(
    code: str, message: str, hint: str, sqlstate: str, kind: str = "database_error", **details: Any
) -> dict[str, Any]:
    """The error of a row that was refused, and rolled back."""
    return {
        "type": kind,
        "code": code,
        "message": message,
        "hint": hint,
        "retry": "fix_input",
        "sqlstate": sqlstate,
        "details": details | {"outcome": "rolled_back"},
    }


def of(table: str, columns: list[str], constraint: str | None = None) -> dict[str, Any]:
    """Where a constraint is."""
    named = {"constraint": constraint} if constraint else {}
    return named | {"schema": "public", "table": table, "columns": columns}


UNIQUE = (
    "A row with the same unique key exists already (constraint {}).",
    "Change the key, or say with on_conflict what shall happen.",
    "23505",
)
FOREIGN = (
    "A foreign key is violated: a row would refer to one that is not there (constraint member_team_fkey of member).",
    "Create the row that is referred to first, or remove those that refer to it first.",
    "23503",
)
LONG = ("value_too_long", "A value is longer than its column takes.", "Column 'name' is varchar(5).", "22001")


def unique(where: str, table: str, columns: list[str], constraint: str) -> dict[str, Any]:
    """A key that exists."""
    message, hint, sqlstate = UNIQUE
    return violated("unique_violation", message.format(where), hint, sqlstate, **of(table, columns, constraint))


CASES = [
    pytest.param(
        "create_record",
        {"table": "member", "data": {"team": 1, "seat": 1, "shirt": NUMBER}},
        unique("member_pkey of member", "member", ["team", "seat"], "member_pkey"),
        id="primary-key",
    ),
    pytest.param(
        "create_records",
        {"table": "team", "records": [{"id": NUMBER, "name": "green"}, {"id": NUMBER + 1, "name": "azure"}]},
        unique("team_name_key of team", "team", ["name"], "team_name_key"),
        id="unique",
    ),
    pytest.param(
        "create_record",
        {"table": "member", "data": {"team": NUMBER, "seat": 1}},
        violated("foreign_key_violation", *FOREIGN, **of("member", ["team"], "member_team_fkey")),
        id="foreign-key",
    ),
    pytest.param(
        "delete_records",
        {"table": "team", "filters": {"name": "azure"}},
        violated("foreign_key_violation", *FOREIGN, **of("member", ["team"], "member_team_fkey")),
        id="foreign-key-from-outside",
    ),
    pytest.param(
        "update_records",
        {"table": "team", "filters": {"id": 1}, "data": {"id": NUMBER}},
        violated("foreign_key_violation", *FOREIGN, **of("member", ["team"], "member_team_fkey")),
        id="foreign-key-from-outside-on-update",
    ),
    pytest.param(
        "create_record",
        {"table": "member", "data": {"seat": NUMBER}},
        violated(
            "not_null_violation",
            "A column that must have a value has none (column team of member).",
            "Give the column a value.",
            "23502",
            **of("member", ["team"]),
        ),
        id="not-null",
    ),
    pytest.param(
        "create_record",
        {"table": "member", "data": {"team": 1, "seat": NUMBER, "born": DAY}},
        violated(
            "check_violation",
            "A row breaks a check constraint (constraint born_late of member).",
            "`describe_table` shows the constraint's expression.",
            "23514",
            **of("member", ["born"], "born_late"),
        ),
        id="check",
    ),
    pytest.param(
        "create_record",
        {"table": "member", "data": {"team": 1, "seat": 2, "shirt": -NUMBER}},
        violated(
            "check_violation",
            "A row breaks a check constraint (constraint positive_check).",
            "`describe_table` shows the constraint's expression.",
            "23514",
            constraint="positive_check",
            schema="public",
            column="shirt",
            path="data.shirt",
        ),
        id="check-of-a-domain",
    ),
    pytest.param(
        "create_record",
        {"table": "booking", "data": {"id": NUMBER, "room": 1, "during": f"[4,{NUMBER})"}},
        violated(
            "exclusion_violation",
            "A row conflicts with another one by an exclusion constraint"
            " (constraint booking_room_during_excl of booking).",
            "`describe_table` shows what may not overlap.",
            "23P01",
            **of("booking", ["room", "during"], "booking_room_during_excl"),
        ),
        id="exclusion",
    ),
    pytest.param(
        "create_records",
        {"table": "team", "records": [{"id": NUMBER, "name": "green"}, {"id": NUMBER + 1, "name": WORD}]},
        violated(*LONG, kind="query_error", column="name", row=1, path="records[1].name"),
        id="too-long",
    ),
    pytest.param(
        "update_records",
        {"table": "team", "filters": {"id": 1}, "data": {"name": WORD}},
        violated(*LONG, kind="query_error", column="name", path="data.name"),
        id="too-long-on-update",
    ),
    pytest.param(
        "create_record",
        {"table": "team", "data": {"id": NUMBER, "score": NUMBER}},
        violated(
            "bad_value",
            "A number is out of its type's range.",
            "Column 'score' is numeric(4,2).",
            "22003",
            kind="query_error",
            column="score",
            path="data.score",
        ),
        id="too-many-digits",
    ),
    pytest.param(
        "execute_query",
        {"query": "INSERT INTO team VALUES ($1, $2)", "params": [NUMBER, "azure"], "read_only": False},
        unique("team_name_key of team", "team", ["name"], "team_name_key"),
        id="unique-by-a-statement",
    ),
]


@pytest.mark.parametrize("tool, arguments, expected", CASES)
async def test_a_violation_has_its_whole_answer(
    wire: Wire, tool: str, arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Which constraint, which columns, what to do; nothing was changed, and no value is told."""
    found = await call(wire, tool, arguments)
    assert found.error == expected
    assert [value for value in (str(NUMBER), WORD, DAY, "azure", "green") if value in found.text] == []
    teams = await call(wire, "read_table", {"table": "team", "columns": ["id", "name"]})
    assert json.dumps(teams.rows) == '[[1, "azure"], [2, "blue"]]'
