"""Bad input: every answer whole, for each tool that can get it."""

from __future__ import annotations

from typing import Any

import pytest

from pgmcp.domain import json
from pgmcp.entrypoints.rendering import render
from pgmcp.handlers.registry import HANDLERS
from tests.unit.house import House

TOOLS = [pytest.param(tool, id=tool.name) for tool in HANDLERS]


@pytest.mark.parametrize("tool", TOOLS)
async def test_an_unknown_argument(tool: Any) -> None:
    """Refused by name, by every tool, with the nearest right one."""
    error = await House().refusal(tool.name, dict(tool.example) | {"timeout_msec": 1})
    assert error.pop("hint").startswith("Did you mean 'timeout_ms'")
    assert error == {
        "type": "validation_error",
        "code": "unknown_argument",
        "message": "there is no argument 'timeout_msec'",
        "retry": "fix_input",
        "details": {"path": "timeout_msec"},
    }


@pytest.mark.parametrize(
    "text, error",
    [
        pytest.param(
            b'{"table":',
            {
                "code": "malformed_json",
                "message": "The JSON is malformed: expecting value.",
                "hint": "Send one JSON value as RFC 8259 has it: names and texts in double quotes, no comment, "
                "no trailing comma.",
                "details": {"position": "10", "line": "1", "column": "10"},
            },
            id="cut short",
        ),
        pytest.param(
            b'{"table":"caf\xe9"}',
            {
                "code": "malformed_json",
                "message": "The bytes are not UTF-8.",
                "hint": "JSON travels as UTF-8 without a byte order mark.",
                "details": {"byte": "14"},
            },
            id="broken UTF-8",
        ),
        pytest.param(
            b'{"table":"\\ud83d"}',
            {
                "code": "invalid_text",
                "message": "A text holds half of a surrogate pair, which PostgreSQL can't store.",
                "hint": "Remove it, or send the bytes to a bytea column as hexadecimal digits.",
                "details": {"path": "table", "position": "11"},
            },
            id="half of a pair",
        ),
        pytest.param(
            b'{"table":"a\\u0000b"}',
            {
                "code": "invalid_text",
                "message": "A text holds U+0000, which PostgreSQL can't store.",
                "hint": "Remove it, or send the bytes to a bytea column as hexadecimal digits.",
                "details": {"path": "table", "position": "12"},
            },
            id="NUL",
        ),
        pytest.param(
            b'{"table":"a","table":"b"}',
            {
                "code": "duplicate_key",
                "message": "An object names the same key twice, and readers differ on which one counts.",
                "hint": "Keep one of the two.",
                "details": {"key": "table"},
            },
            id="a key twice",
        ),
        pytest.param(
            b'{"limit":NaN}',
            {
                "code": "malformed_json",
                "message": "JSON has no number NaN.",
                "hint": 'Write it as text: "NaN".',
                "details": {"found": "NaN"},
            },
            id="no number",
        ),
        pytest.param(
            b'{"filters":' + b'{"and":[' * 2_000 + b"]}" * 2_000 + b"}",
            {
                "code": "malformed_json",
                "message": "The JSON has more than 500 levels.",
                "hint": "Flatten it, or send it in parts.",
                "details": {"position": "2011"},
            },
            id="2,000 nested and",
        ),
        pytest.param(
            b"[1]",
            {
                "code": "wrong_type",
                "message": "the arguments are not an object",
                "hint": 'Send an object, such as {"table":"orders"}.',
            },
            id="no object",
        ),
    ],
)
async def test_what_is_no_request(text: bytes, error: dict[str, Any]) -> None:
    """Whatever the tool, nothing of it is run."""
    house = House()
    found = {tool.name: await house.refusal(tool.name, text) for tool in HANDLERS}
    assert found == dict.fromkeys(found, {"type": "validation_error", "retry": "fix_input"} | error)


@pytest.mark.parametrize(
    "tool, arguments, error",
    [
        pytest.param(
            "read_table",
            {},
            ("missing_argument", "argument 'table' is missing", "Give table.", "table"),
            id="a missing argument",
        ),
        pytest.param(
            "read_table",
            {"table": 5},
            ("wrong_type", "argument 'table' is of the wrong kind", "Expected a string.", "table"),
            id="a number for a text",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "limit": "5"},
            ("wrong_type", "argument 'limit' is of the wrong kind", "Expected a whole number.", "limit"),
            id="a text for a number",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "limit": 1.5},
            ("wrong_type", "argument 'limit' is of the wrong kind", "Expected a whole number.", "limit"),
            id="a fraction for a number",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "limit": True},
            ("wrong_type", "argument 'limit' is of the wrong kind", "Expected a whole number.", "limit"),
            id="a truth value for a number",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "ascending": "yes"},
            ("wrong_type", "argument 'ascending' is of the wrong kind", "Expected true or false.", "ascending"),
            id="a text for a truth value",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "filters": ["status"]},
            ("wrong_type", "argument 'filters' is of the wrong kind", "Expected an object.", "filters"),
            id="a list for an object",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "columns": "id"},
            ("wrong_type", "argument 'columns' is of the wrong kind", "Expected a list.", "columns"),
            id="a text for a list",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "columns": ["id", 5]},
            (
                "wrong_type",
                "argument 'columns' is of the wrong kind",
                "Expected a list, each member a string.",
                "columns",
            ),
            id="a number among names",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "order_by": [5]},
            (
                "wrong_type",
                "argument 'order_by' is of the wrong kind",
                "Expected a string or an object or a list, each member a string or an object.",
                "order_by",
            ),
            id="a number in an order",
        ),
        pytest.param(
            "read_table",
            {"table": None},
            ("wrong_type", "argument 'table' is of the wrong kind", "Expected a string.", "table"),
            id="null where there must be something",
        ),
        pytest.param(
            "create_records",
            {"table": "orders", "records": {"id": 1}},
            ("wrong_type", "argument 'records' is of the wrong kind", "Expected a list of objects.", "records"),
            id="an object for a list",
        ),
        pytest.param(
            "create_records",
            {"table": "orders", "records": "[]"},
            ("wrong_type", "argument 'records' is of the wrong kind", "Expected a list of objects.", "records"),
            id="a text for records",
        ),
        pytest.param(
            "execute_query",
            {"query": "select 1", "params": {"a": 1}},
            ("wrong_type", "argument 'params' is of the wrong kind", "Expected a list.", "params"),
            id="an object for parameters",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "limit": -1},
            ("out_of_range", "argument 'limit' is too small", "The least is 0.", "limit"),
            id="limit -1",
        ),
        pytest.param(
            "list_tables",
            {"limit": 1001},
            ("out_of_range", "argument 'limit' is too large", "The most is 1000.", "limit"),
            id="a limit above its bound",
        ),
        pytest.param(
            "list_tables",
            {"limit": 0},
            ("out_of_range", "argument 'limit' is too small", "The least is 1.", "limit"),
            id="a limit below its bound",
        ),
        pytest.param(
            "read_table",
            {"table": "orders", "timeout_ms": 0},
            ("out_of_range", "argument 'timeout_ms' is too small", "The least is 1.", "timeout_ms"),
            id="no time at all",
        ),
    ],
)
async def test_what_is_wrong_with_an_argument(
    tool: str, arguments: dict[str, Any], error: tuple[str, str, str, str]
) -> None:
    """Which one, and what it takes."""
    code, message, hint, path = error
    assert await House().refusal(tool, arguments) == {
        "type": "validation_error",
        "code": code,
        "message": message,
        "hint": hint,
        "retry": "fix_input",
        "details": {"path": path},
    }


@pytest.mark.parametrize(
    "limit, error",
    [
        pytest.param(b"9" * 4000, None, id="more than anyone has rows"),
        pytest.param(b"9" * 5000, "argument 'limit' is of the wrong kind", id="more digits than an integer has"),
        pytest.param(b"-" + b"9" * 4000, "argument 'limit' is too small", id="less than nothing"),
    ],
)
async def test_a_long_number(limit: bytes, error: str | None) -> None:
    """Thousands of digits are answered."""
    found = await House().document("read_table", b'{"table":"orders","limit":%s}' % limit)
    assert found.get("error", {}).get("message") == error


async def test_a_long_number_as_a_value() -> None:
    """Said to be out of range, without the digits."""
    text = b'{"table":"orders","filters":{"id":%s}}' % (b"9" * 5000)
    answer = await House().answer("read_table", text)
    assert "999" not in answer
    assert json.loads(answer)["error"]["code"] == "filter_value_invalid"


async def test_all_mistakes_at_once() -> None:
    """The first is the error itself, all of them are listed."""
    assert await House().refusal("read_table", {"tabel": "orders", "limit": "x", "columns": 5}) == {
        "type": "validation_error",
        "code": "unknown_argument",
        "message": "there is no argument 'tabel'",
        "hint": "Did you mean 'table'?",
        "retry": "fix_input",
        "details": {
            "path": "tabel",
            "errors": [
                {"path": "tabel", "code": "unknown_argument", "message": "there is no argument 'tabel'"},
                {"path": "table", "code": "missing_argument", "message": "argument 'table' is missing"},
                {"path": "columns", "code": "wrong_type", "message": "argument 'columns' is of the wrong kind"},
                {"path": "limit", "code": "wrong_type", "message": "argument 'limit' is of the wrong kind"},
            ],
        },
    }


@pytest.mark.parametrize(
    "arguments, error",
    [
        pytest.param(
            {"filters": {"statuss": "paid"}},
            {
                "code": "unknown_column",
                "message": "'orders' has no column 'statuss'",
                "hint": "Did you mean 'status'?",
                "details": {"path": "filters.statuss"},
            },
            id="a column of a filter",
        ),
        pytest.param(
            {"filters": {"or": [{"id": 1}, {"total": {"gtt": 1}}]}},
            {
                "code": "filter_operator_unknown",
                "message": "there is no operator 'gtt'",
                "hint": "Did you mean 'gt' or 'gte'?",
                "details": {"path": "filters.or[1].total.gtt"},
            },
            id="an operator",
        ),
        pytest.param(
            {"filters": {"id": "one"}},
            {
                "code": "filter_value_invalid",
                "message": "'eq' on column 'id' of type int4 takes an integer from -2147483648 to 2147483647",
                "hint": 'For example {"eq":5}.',
                "details": {"path": "filters.id"},
            },
            id="a value of another kind",
        ),
        pytest.param(
            {"order_by": "-totl"},
            {
                "code": "unknown_column",
                "message": "'orders' has no column 'totl'",
                "hint": "Did you mean 'total'?",
                "details": {"path": "order_by"},
            },
            id="a column of an order",
        ),
        pytest.param(
            {"columns": ["totl"]},
            {
                "code": "unknown_column",
                "message": "'orders' has no column 'totl'",
                "hint": "Did you mean 'total'?",
                "details": {"path": "columns[0]"},
            },
            id="a column to read",
        ),
        pytest.param(
            {"filters": {"doc": {"like": "x%"}}},
            {"code": "filter_operator_mismatch", "details": {"path": "filters.doc.like"}},
            id="an operator of other types",
        ),
        pytest.param(
            {"order_by": ["id", {"column": "id", "nulls": "middle"}]},
            {"code": "unknown_choice", "details": {"path": "order_by[1].nulls"}},
            id="a word in an order",
        ),
    ],
)
async def test_what_is_wrong_with_names_and_values(arguments: dict[str, Any], error: dict[str, Any]) -> None:
    """The path of each mistake, with the nearest right name."""
    found = await House().refusal("read_table", {"table": "orders", **arguments})
    assert (found["type"], found["retry"]) == ("validation_error", "fix_input")
    assert {key: found.get(key) for key in error} == error


@pytest.mark.parametrize("levels", [pytest.param(65, id="a level too many"), pytest.param(240, id="many")])
async def test_a_filter_too_deep(levels: int) -> None:
    """What JSON allows, a filter doesn't."""
    text = b'{"table":"orders","filters":' + b'{"and":[' * levels + b'{"id":1}' + b"]}" * levels + b"}"
    error = await House().refusal("read_table", text)
    assert (error["code"], error["details"]["path"][:11]) == ("filter_too_large", "filters.and")


async def test_python_values_that_no_json_has() -> None:
    """A program's own arguments are held to the same."""
    house = House()
    for arguments, code, path in (
        ({"table": "a\0b"}, "invalid_text", "table"),
        ({"table": "\ud83d"}, "invalid_text", "table"),
        ({"table": "orders", 5: 1}, "unknown_argument", "5"),
        ({"table": "orders", "filters": {"status": "\ud83d"}}, "filter_value_invalid", "filters.status"),
    ):
        found = await refused(house, arguments)
        assert (found["code"], found["details"]["path"]) == (code, path)


async def refused(house: House, arguments: Any) -> dict[str, Any]:
    """The error of a call by a program, in a form that can be sent."""
    from pgmcp.domain.errors import ValidationError

    with pytest.raises(ValidationError) as caught:
        await house.dispatch("read_table", arguments)
    assert render(caught.value.response)
    return caught.value.document()


LONG = "a" * 5000


@pytest.mark.parametrize(
    "tool, arguments",
    [
        pytest.param("read_table", {"table": LONG}, id="a-table"),
        pytest.param("read_table", {"table": "orders", "schema": LONG}, id="a-schema"),
        pytest.param("read_table", {"table": "orders", "columns": [LONG]}, id="a-column"),
        pytest.param("create_record", {"table": "orders", "data": {LONG: 1}}, id="a-column-of-a-record"),
        pytest.param("read_table", {"table": "orders", "filters": {LONG: 1}}, id="a-column-of-a-filter"),
        pytest.param("read_table", {"table": "orders", "order_by": LONG}, id="a-column-of-an-order"),
        pytest.param("get_metrics", {"operation": LONG}, id="an-operation"),
    ],
)
async def test_a_name_that_is_not_there_stands_cut(tool: str, arguments: dict[str, Any]) -> None:
    """An answer is no longer for a name that is."""
    error = await House().refusal(tool, arguments)
    assert f"'{'a' * 63}…'" in error["message"]
    assert len(error["message"]) < 200
