"""Requests that are wrong, each with its whole answer over both transports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.served import Wire, call

pytestmark = pytest.mark.asyncio(loop_scope="session")


def invalid(code: str, message: str, hint: str, path: str | None) -> dict[str, Any]:
    """A `validation_error`."""
    found = {"type": "validation_error", "code": code, "message": message, "hint": hint, "retry": "fix_input"}
    return found | ({"details": {"path": path}} if path is not None else {})


def missing(code: str, message: str, hint: str, path: str) -> dict[str, Any]:
    """A `not_found`."""
    return invalid(code, message, hint, path) | {"type": "not_found"}


def refused(code: str, message: str, hint: str) -> dict[str, Any]:
    """A `security_error`."""
    return {"type": "security_error", "code": code, "message": message, "hint": hint, "retry": "never"}


CURSOR = invalid(
    "cursor_invalid",
    "the cursor is not one that this server gave for this request",
    "Repeat the arguments of the first page beside next_cursor, or start again without a cursor.",
    "cursor",
)
EMPTY = invalid(
    "filter_empty",
    "a write needs a filter",
    'Say which rows, such as {"id":1}; for all rows a condition that holds for all.',
    "filters",
)
NO_FILTER = invalid("missing_argument", "argument 'filters' is missing", "Give filters.", "filters")
READ_ONLY = refused(
    "write_refused",
    "the statement changes something, and read_only is true",
    "Pass read_only=false if that is meant.",
) | {"retry": "fix_input", "details": {"path": "read_only"}}
CASES = [
    pytest.param(
        "raed_table",
        {},
        invalid("unknown_tool", "there is no tool 'raed_table' here", "Did you mean 'read_table'?", None),
        id="unknown-tool",
    ),
    pytest.param(
        "read_table",
        {"table": "team", "limt": 3},
        invalid("unknown_argument", "there is no argument 'limt'", "Did you mean 'limit'?", "limt"),
        id="unknown-argument",
    ),
    pytest.param(
        "read_table",
        {},
        invalid("missing_argument", "argument 'table' is missing", "Give table.", "table"),
        id="missing-argument",
    ),
    pytest.param(
        "read_table",
        {"table": "taem"},
        missing("unknown_table", "there is no table or view 'taem'", "Did you mean 'team'?", "table"),
        id="unknown-table",
    ),
    pytest.param(
        "describe_table",
        {"table": "bookings"},
        missing("unknown_table", "there is no table or view 'bookings'", "Did you mean 'booking'?", "table"),
        id="unknown-table-described",
    ),
    pytest.param(
        "read_table",
        {"table": "team", "schema": "publc"},
        missing("unknown_schema", "there is no schema 'publc'", "Did you mean 'public'?", "schema"),
        id="unknown-schema",
    ),
    pytest.param(
        "list_tables",
        {"schema": "publc"},
        missing("unknown_schema", "there is no schema 'publc'", "Did you mean 'public'?", "schema"),
        id="unknown-schema-listed",
    ),
    pytest.param(
        "read_table",
        {"table": "team", "columns": ["id", "nam"]},
        invalid("unknown_column", "'team' has no column 'nam'", "Did you mean 'name'?", "columns[1]"),
        id="unknown-column",
    ),
    pytest.param(
        "read_table",
        {"table": "team", "filters": {"or": [{"id": 1}, {"nam": "x"}]}},
        invalid("unknown_column", "'team' has no column 'nam'", "Did you mean 'name'?", "filters.or[1].nam"),
        id="unknown-column-in-a-filter",
    ),
    pytest.param(
        "read_table",
        {"table": "team", "order_by": ["-nam"]},
        invalid("unknown_column", "'team' has no column 'nam'", "Did you mean 'name'?", "order_by[0]"),
        id="unknown-column-in-an-order",
    ),
    pytest.param(
        "create_record",
        {"table": "team", "data": {"id": 3, "nam": "x"}},
        invalid("unknown_column", "'team' has no column 'nam'", "Did you mean 'name'?", "data.nam"),
        id="unknown-column-in-data",
    ),
    pytest.param(
        "create_records",
        {"table": "team", "records": [{"id": 3}, {"id": 4, "nam": "x"}]},
        invalid("unknown_column", "'team' has no column 'nam'", "Did you mean 'name'?", "records[1].nam"),
        id="unknown-column-in-records",
    ),
    pytest.param(
        "read_table",
        {"table": "team", "filters": {"id": {"gtt": 1}}},
        invalid(
            "filter_operator_unknown", "there is no operator 'gtt'", "Did you mean 'gt' or 'gte'?", "filters.id.gtt"
        ),
        id="unknown-operator",
    ),
    pytest.param(
        "read_table",
        {"table": "team", "limit": "3"},
        invalid("wrong_type", "argument 'limit' is of the wrong kind", "Expected a whole number.", "limit"),
        id="wrong-type",
    ),
    pytest.param(
        "read_table",
        {"table": "team", "filters": {"id": {"gt": "many"}}},
        invalid(
            "filter_value_invalid",
            "'gt' on column 'id' of type int4 takes an integer from -2147483648 to 2147483647",
            'For example {"gt":5}.',
            "filters.id.gt",
        ),
        id="wrong-type-in-a-filter",
    ),
    pytest.param(
        "create_record",
        {"table": "team", "data": {"id": True}},
        invalid(
            "value_invalid",
            "the value doesn't fit column 'id' of type int4",
            "Expected an integer from -2147483648 to 2147483647.",
            "data.id",
        ),
        id="wrong-type-in-data",
    ),
    pytest.param(
        "execute_query",
        {"query": "SELECT $1::int", "params": ["many"]},
        invalid(
            "parameter_invalid",
            "Parameter $1 takes an integer from -2147483648 to 2147483647.",
            "The statement uses it as int4; $1::type in the statement says otherwise.",
            "params[0]",
        ),
        id="wrong-type-of-a-parameter",
    ),
    pytest.param("update_records", {"table": "team", "data": {"name": "x"}}, NO_FILTER, id="update-without-filter"),
    pytest.param("delete_records", {"table": "team"}, NO_FILTER, id="delete-without-filter"),
    pytest.param(
        "update_records", {"table": "team", "data": {"name": "x"}, "filters": {}}, EMPTY, id="update-with-empty-filter"
    ),
    pytest.param("delete_records", {"table": "team", "filters": {}}, EMPTY, id="delete-with-empty-filter"),
    pytest.param(
        "read_table",
        {"table": "team", "limit": -1},
        invalid("out_of_range", "argument 'limit' is too small", "The least is 0.", "limit"),
        id="limit-minus-one",
    ),
    pytest.param("read_table", {"table": "team", "cursor": "AAAA"}, CURSOR, id="forged-cursor"),
    pytest.param("list_tables", {"cursor": "b0guZXM="}, CURSOR, id="forged-cursor-of-a-listing"),
    pytest.param("describe_table", {"table": "team", "cursor": "é"}, CURSOR, id="forged-cursor-of-a-description"),
    pytest.param(
        "read_table",
        {"table": "team", "filters": {"and": [{"or": [{"not": {"id": 1}}]}], "or": []}},
        invalid(
            "filter_malformed",
            "'or' takes a list of one object at least",
            'For example {"age":{"gte":18},"or":[{"vip":true},{"total":{"gt":100}}]}.',
            "filters.or",
        ),
        id="empty-or",
    ),
    pytest.param(
        "create_record",
        {"table": "tall", "data": {"members": 3}},
        invalid("relation_read_only", "the view 'tall' can't be written to", "Write to the tables behind it.", "table"),
        id="view-that-takes-no-rows",
    ),
    pytest.param(
        "execute_query",
        {"query": "SELECT *\nFROM team\nWERE id = 1"},
        {
            "type": "query_error",
            "code": "syntax_error",
            "message": 'syntax error at or near "id"',
            "hint": "WERE id = 1\n     ^",
            "retry": "fix_input",
            "position": 25,
            "details": {"path": "query"},
        },
        id="syntax-error",
    ),
    pytest.param(
        "execute_query",
        {"query": "SELECT 1; SELECT 2"},
        invalid(
            "several_statements", "there are 2 statements, exactly one is run", "Call once for each statement.", "query"
        ),
        id="two-statements",
    ),
    pytest.param("execute_query", {"query": "DELETE FROM team"}, READ_ONLY, id="write-while-read-only"),
    pytest.param(
        "execute_query",
        {"query": "WITH gone AS (DELETE FROM team RETURNING id) SELECT * FROM gone"},
        READ_ONLY,
        id="write-in-a-cte-while-read-only",
    ),
    pytest.param(
        "execute_query",
        {"query": "DROP TABLE team", "read_only": False},
        refused(
            "admin_refused",
            "'local' may not do this",
            "The server was started with access write; definitions and procedures need access admin.",
        ),
        id="definition-without-admin",
    ),
]


@pytest.mark.parametrize("tool, arguments, expected", CASES)
async def test_a_mistake_has_its_whole_answer(
    wire: Wire, tool: str, arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    """What is wrong, where, what would be right, and whether calling again can help."""
    assert (await call(wire, tool, arguments)).error == expected


NUL = "A text holds U+0000, which PostgreSQL can't store."
NUL_HINT = "Remove it, or send the bytes to a bytea column as hexadecimal digits."


@pytest.mark.parametrize(
    "tool, arguments, path",
    [
        pytest.param("create_record", '{"table":"docs","data":{"id":1,"t":"a@b"}}', "data.t", id="text"),
        pytest.param("create_record", '{"table":"docs","data":{"id":1,"j":{"a":["@"]}}}', "data.j.a[0]", id="json"),
        pytest.param(
            "create_record", '{"table":"docs","data":{"id":1,"b":{"a@":1}}}', 'data.b["a\\u0000"]', id="jsonb-key"
        ),
        pytest.param(
            "update_records", '{"table":"docs","filters":{"t":"@"},"data":{"t":null}}', "filters.t", id="filter"
        ),
        pytest.param("read_table", '{"table":"do@cs"}', "table", id="table"),
        pytest.param("execute_query", '{"query":"SELECT \'@\'"}', "query", id="query"),
        pytest.param(
            "execute_query", '{"query":"SELECT $1::jsonb","params":[{"a":"@"}]}', "params[0].a", id="parameter"
        ),
    ],
)
async def test_an_escaped_nul_has_its_whole_answer(wire: Wire, tool: str, arguments: str, path: str) -> None:
    """U+0000 is well-formed JSON, but no PostgreSQL text holds it."""
    at = arguments.index("@") + 1
    assert (await call(wire, tool, arguments.replace("@", "\\u0000"))).error == {
        "type": "validation_error",
        "code": "invalid_text",
        "message": NUL,
        "hint": NUL_HINT,
        "retry": "fix_input",
        "details": {"path": path, "position": at},
    }
