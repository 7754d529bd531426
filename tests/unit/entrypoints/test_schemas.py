"""Input schemas and annotations, from the declarations."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from pgmcp.domain import json
from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.settings import Access, Settings
from pgmcp.entrypoints.bootstrap import build_memory
from pgmcp.entrypoints.cli.tools import document
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.schemas import hints, input_schema
from pgmcp.handlers.decoding import decode
from pgmcp.handlers.registry import HANDLERS
from tests.fixtures.walked import cases

TOOLS = {tool.name: tool for tool in HANDLERS}
EACH = [pytest.param(tool, id=tool.name) for tool in HANDLERS]
TIMEOUT = {"type": "integer"}


@pytest.mark.parametrize(
    "tool, schema",
    [
        pytest.param(
            "list_schemas",
            {
                "type": "object",
                "properties": {"include_system": {"type": "boolean"}, "timeout_ms": TIMEOUT},
                "additionalProperties": False,
            },
            id="nothing required",
        ),
        pytest.param(
            "read_table",
            {
                "type": "object",
                "properties": {
                    "table": {"type": "string"},
                    "schema": {"type": "string"},
                    "columns": {"type": "array", "items": {"type": "string"}},
                    "filters": {"type": "object"},
                    "order_by": {"type": ["string", "array", "object"], "description": "column, -column or a list"},
                    "ascending": {"type": "boolean", "default": True},
                    "limit": {"type": "integer", "minimum": 0},
                    "offset": {"type": "integer", "minimum": 0},
                    "cursor": {"type": "string"},
                    "transaction_id": {"type": "string"},
                    "timeout_ms": TIMEOUT,
                },
                "required": ["table"],
                "additionalProperties": False,
            },
            id="a read",
        ),
        pytest.param(
            "create_records",
            {
                "type": "object",
                "properties": {
                    "table": {"type": "string"},
                    "records": {"type": "array", "items": {"type": "object"}},
                    "schema": {"type": "string"},
                    "returning": {"type": ["array", "boolean"], "description": "columns to give back; true: all"},
                    "batch_size": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1000},
                    "on_conflict": {
                        "type": ["string", "object"],
                        "description": "error, ignore, update or {action,columns,update}",
                    },
                    "transaction_id": {"type": "string"},
                    "idempotency_key": {"type": "string"},
                    "timeout_ms": TIMEOUT,
                },
                "required": ["table", "records"],
                "additionalProperties": False,
            },
            id="a write",
        ),
        pytest.param(
            "execute_query",
            {
                "type": "object",
                "properties": {
                    "query": {"type": "string"},
                    "params": {"type": "array", "description": "values of $1, $2…"},
                    "read_only": {"type": "boolean", "default": True},
                    "max_rows": {"type": "integer", "minimum": 1},
                    "transaction_id": {"type": "string"},
                    "idempotency_key": {"type": "string"},
                    "timeout_ms": TIMEOUT,
                },
                "required": ["query"],
                "additionalProperties": False,
            },
            id="a query",
        ),
    ],
)
def test_a_schema(tool: str, schema: dict[str, Any]) -> None:
    """Required arguments first, the shared one last, closed."""
    found = input_schema(TOOLS[tool].request)
    assert found == schema
    assert list(found["properties"]) == list(schema["properties"])


@cases("tool", EACH)
def test_a_schema_is_one(tool: Any) -> None:
    """JSON Schema 2020-12, and the tool's own example fits it."""
    schema = input_schema(tool.request)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(tool.example, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("tool", EACH)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"no_such_argument": 1}, id="an unknown argument"),
        pytest.param({"timeout_ms": "soon"}, id="a text for a number"),
        pytest.param({"timeout_ms": True}, id="a truth value for a number"),
    ],
)
def test_a_schema_refuses_what_the_decoder_refuses(tool: Any, change: dict[str, Any]) -> None:
    """Both say the same."""
    arguments = dict(tool.example) | change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(arguments, input_schema(tool.request))
    with pytest.raises(PgmcpError):
        decode(tool.request, arguments)


@cases(
    "tool, writes, expected",
    [
        pytest.param("read_table", True, (True, False, True), id="a read"),
        pytest.param("read_table", False, (True, False, True), id="a read in read mode"),
        pytest.param("create_record", True, (False, False, False), id="a row more each time"),
        pytest.param("create_records", True, (False, False, False), id="many"),
        pytest.param("update_records", True, (False, True, True), id="an update"),
        pytest.param("delete_records", True, (False, True, True), id="a delete"),
        pytest.param("execute_query", True, (False, True, False), id="a query that may write"),
        pytest.param("execute_query", False, (True, False, True), id="a query that may not"),
        pytest.param("explain_query", True, (False, False, True), id="an explain that may run what writes"),
        pytest.param("explain_query", False, (True, False, True), id="one that may not"),
    ],
)
def test_hints(tool: str, writes: bool, expected: tuple[bool, bool, bool]) -> None:
    """MCP's four, from the declared effect."""
    read, destructive, idempotent = expected
    assert hints(TOOLS[tool], writes=writes) == {
        "readOnlyHint": read,
        "destructiveHint": destructive,
        "idempotentHint": idempotent,
        "openWorldHint": False,
    }


@pytest.mark.parametrize(
    "access, number, most",
    [
        pytest.param(Access.READ, 6, 6_000, id="read"),
        pytest.param(Access.WRITE, 16, 12_000, id="write"),
        pytest.param(Access.ADMIN, 16, 12_000, id="admin"),
    ],
)
def test_what_the_listing_costs(access: Access, number: int, most: int) -> None:
    """An agent pays for every byte of `tools/list`."""
    database = build_memory({}, {}, Settings(access=access, driver="memory"))
    listed = [document(each) for each in MCPRouter(database).tools(Principal())]
    assert len(listed) == number
    assert len(json.dumps({"tools": listed}).encode()) <= most
