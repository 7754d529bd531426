"""The Python way in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import pgmcp
from pgmcp.domain import json
from tests.unit.house import shop


def memory(**settings: Any) -> pgmcp.Client:
    """A client of the tables of the tests."""
    return pgmcp.memory(tables=shop(), statements={"select now()": [{"now": "2024-03-13"}]}, **settings)


async def test_a_call() -> None:
    """A request's response, rows as dictionaries of values."""
    async with memory() as db:
        answer = await db.call(pgmcp.ReadRequest(table="orders", columns=["id", "total"], order_by="-total", limit=1))
    assert (answer.rows, answer.columns, answer.types) == (
        [{"id": 12, "total": Decimal("300.25")}],
        ("id", "total"),
        ("int4", "numeric"),
    )


async def test_a_program_may_write() -> None:
    """It calls what its author wrote."""
    async with memory() as db:
        answer = await db.call(pgmcp.DeleteRequest(table="lines", filters={"at": 1}))
    assert answer == pgmcp.AcknowledgementResponse(count=1)


async def test_unless_it_is_told_otherwise() -> None:
    """Where an agent decides what is called."""
    db = memory(access="read")
    with pytest.raises(pgmcp.SecurityError) as caught:
        await db.call(pgmcp.DeleteRequest(table="lines", filters={"at": 1}))
    assert caught.value.code.name == "write_refused"


async def test_a_tool_that_is_not_served() -> None:
    """Is refused."""
    db = memory(tools=["schema"])
    with pytest.raises(pgmcp.SecurityError) as caught:
        await db.call(pgmcp.ReadRequest(table="orders"))
    assert caught.value.code.name == "tool_not_served"


@pytest.mark.parametrize("given", ["read_table", {"table": "orders"}, pgmcp.ReadRequest])
async def test_what_is_no_request(given: Any) -> None:
    """The author of the program hears what a call takes."""
    with pytest.raises(TypeError, match="call takes a request, such as ReadRequest"):
        await memory().call(given)


async def test_an_error_is_raised() -> None:
    """Of the class for its type, under one root."""
    db = memory()
    with pytest.raises(pgmcp.NotFoundError) as caught:
        await db.call(pgmcp.ReadRequest(table="ordrs"))
    assert isinstance(caught.value, pgmcp.PgmcpError)
    assert caught.value.response == pgmcp.NotFoundErrorResponse(error=caught.value.document())


async def test_a_registered_statement() -> None:
    """Is answered."""
    answer = await memory().call(pgmcp.ExecuteQueryRequest(query="SELECT now()"))
    assert isinstance(answer, pgmcp.DataResponse)
    assert answer.rows == [{"now": "2024-03-13"}]


async def test_progress() -> None:
    """Is told on long writes."""
    told: list[int] = []

    async def progress(done: int, total: int | None) -> None:
        told.append(done)

    records = ({"at": at} for at in range(5))
    await memory().call(pgmcp.CreateBatchRequest(table="lines", records=records, batch_size=2), progress=progress)
    assert told == [2, 4, 5]


async def test_tools() -> None:
    """What an agent framework takes: a name, a description, a schema, something to await."""
    tools = {tool.name: tool for tool in memory(access="read").tools()}
    assert list(tools) == [
        "list_schemas",
        "list_tables",
        "describe_table",
        "read_table",
        "execute_query",
        "explain_query",
    ]
    tool = tools["read_table"]
    assert (repr(tool), tool.schema["required"]) == ("Tool('read_table')", ["table"])
    assert tool.description.startswith("Read rows of a table or view.")


@pytest.mark.parametrize(
    "arguments, named",
    [
        pytest.param('{"table":"orders","columns":["id"],"limit":1}', {}, id="a text"),
        pytest.param(b'{"table":"orders","columns":["id"],"limit":1}', {}, id="bytes"),
        pytest.param({"table": "orders", "columns": ["id"], "limit": 1}, {}, id="a mapping"),
        pytest.param(None, {"table": "orders", "columns": ["id"], "limit": 1}, id="by name"),
        pytest.param(
            {"table": "zzz", "limit": 1}, {"table": "orders", "columns": ["id"]}, id="by name, over a mapping"
        ),
    ],
)
async def test_calling_a_tool(arguments: Any, named: dict[str, Any]) -> None:
    """As a model would, with the answer that it would get."""
    (tool,) = [tool for tool in memory().tools() if tool.name == "read_table"]
    assert (await tool.call(arguments, **named)).startswith('{"columns":["id"],"types":["int4"],"rows":[[10]],')


async def test_an_error_of_a_tool_is_an_answer() -> None:
    """So that a model can mend it."""
    (tool,) = [tool for tool in memory().tools() if tool.name == "read_table"]
    assert json.loads(await tool.call(table="ordrs"))["error"]["code"] == "unknown_table"
    assert json.loads(await tool.call("{"))["error"]["code"] == "malformed_json"


def test_the_synchronous_client() -> None:
    """The same, without an event loop; closing twice does nothing."""
    with pgmcp.SyncClient(memory()) as db:
        answer = db.call(pgmcp.ReadRequest(table="orders", columns=["id"]))
        with pytest.raises(pgmcp.NotFoundError):
            db.call(pgmcp.ReadRequest(table="ordrs"))
    db.close()
    assert answer.rows == [{"id": 10}, {"id": 11}, {"id": 12}]


def test_the_synchronous_clients_tools() -> None:
    """The same tools by name and schema; a call waits, and an error is an answer too."""
    with pgmcp.SyncClient(memory()) as db:
        tools = {tool.name: tool for tool in db.tools()}
        schemas = {name: tool.schema for name, tool in tools.items()}
        answers = [
            tools["read_table"].call('{"table":"orders","columns":["id"],"limit":1}'),
            tools["read_table"].call({"table": "orders"}, columns=["id"], limit=1),
        ]
        refused = json.loads(tools["read_table"].call(table="ordrs"))
    assert all('"rows":[[10]]' in text for text in answers)
    assert refused["error"]["code"] == "unknown_table"
    assert repr(tools["read_table"]) == "SyncTool('read_table')"
    assert tools["read_table"].description
    assert schemas == {tool.name: tool.schema for tool in memory().tools()}


@pytest.mark.parametrize(
    "settings, code",
    [
        pytest.param({"max_row": 5}, "setting_unknown", id="an unknown setting"),
        pytest.param({"max_rows": 0}, "setting_invalid", id="a bad value"),
    ],
)
def test_a_bad_setting(settings: dict[str, Any], code: str) -> None:
    """Is told at once."""
    with pytest.raises(pgmcp.ValidationError) as caught:
        pgmcp.connect("memory://", **settings)
    assert caught.value.code.name == code


def test_a_closed_client_says_so() -> None:
    """Without a loop nothing can be waited for: told as any other error, for calls and tools alike."""
    with pgmcp.connect_sync("memory://") as db:
        tool = db.tools()[0]
    for call in (lambda: db.call(pgmcp.ListSchemasRequest()), tool.call):
        with pytest.raises(pgmcp.DatabaseError) as caught:
            call()
        assert (caught.value.code.name, caught.value.retry) == ("shutting_down", "never")
