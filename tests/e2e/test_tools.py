"""The SDK's own client drives every tool of the real `pgmcp serve`, in each protocol version over each transport."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp.client.session import ClientSession
from mcp_types import CallToolResult, TextContent

from pgmcp.handlers.base import in_groups
from pgmcp.handlers.registry import HANDLERS
from tests.e2e.mcp_transport.sdk_client import VERSIONS, sdk_session
from tests.fixtures.examples import LIFE
from tests.fixtures.postgres import TestServer
from tests.fixtures.served import Answer, http_server, stdio_command
from tests.fixtures.shop import shop_database

ORDERS = ["id", "customer_id", "address_id", "status", "total", "note", "created_at", "paid_at"]
PAID = [
    '[897,199,344,"paid",104.25,null,"2026-06-07T22:04:06+00:00","2026-06-07T22:23:06+00:00"]',
    '[881,124,208,"paid",316.40,null,"2026-05-28T18:05:02+00:00","2026-05-30T06:32:02+00:00"]',
    '[876,163,280,"paid",983.38,null,"2026-05-26T10:34:49+00:00","2026-05-26T19:50:49+00:00"]',
]
# Of each answer to an example what no autovacuum and no fresh key changes.
ANSWERS: dict[str, Any] = {
    "list_schemas": {
        "columns": ["name", "owner", "tables", "on_search_path", "comment"],
        "types": ["text", "text", "int8", "bool", "text"],
        "rows": [["public", "pg_database_owner", 11, True, "standard public schema"]],
        "count": 1,
    },
    "list_tables": {
        "columns": ["name", "kind", "rows", "bytes", "comment"],
        "types": ["text", "text", "int8", "int8", "text"],
        "rows": [
            ["order_items", "table", "Lines of orders"],
            ["order_summary", "view", "Orders with their customer and size"],
            ["orders", "table", "Orders; their lines are in order_items"],
        ],
        "count": 3,
    },
    "describe_table": {
        "schema": "public",
        "table": "orders",
        "kind": "table",
        "comment": "Orders; their lines are in order_items",
        "columns": [
            {"name": "id", "type": "int4", "nullable": False, "identity": "by default"},
            {"name": "customer_id", "type": "int4", "nullable": False},
            {"name": "address_id", "type": "int4"},
            {
                "name": "status",
                "type": "order_status",
                "nullable": False,
                "default": "'new'::order_status",
                "enum": ["new", "paid", "shipped", "delivered", "cancelled", "refunded"],
            },
            {
                "name": "total",
                "type": "numeric(12,2)",
                "nullable": False,
                "default": "0",
                "comment": "In euros: the sum of its lines",
            },
            {"name": "note", "type": "text"},
            {"name": "created_at", "type": "timestamptz", "nullable": False, "default": "now()"},
            {"name": "paid_at", "type": "timestamptz", "comment": "Null until paid"},
        ],
        "primary_key": ["id"],
        "foreign_keys": [
            {"columns": ["address_id"], "table": "addresses", "to": ["id"], "on_delete": "set null"},
            {"columns": ["customer_id"], "table": "customers", "to": ["id"]},
        ],
        "referenced_by": [{"columns": ["id"], "table": "order_items", "to": ["order_id"], "on_delete": "cascade"}],
        "checks": ["(total >= (0)::numeric)"],
        "indexes": [
            "orders_customer_id_idx USING btree (customer_id)",
            "orders_status_created_at_idx USING btree (status, created_at)",
        ],
    },
    "read_table": {
        "columns": ORDERS,
        "types": ["int4", "int4", "int4", "order_status", "numeric", "text", "timestamptz", "timestamptz"],
        "count": 3,
    },
    "create_record": {"columns": ["id"], "types": ["int4"], "rows": [[241]], "count": 1},
    "create_records": {"ok": True, "count": 0},  # the record of the example before is there
    "update_records": {"ok": True, "count": 1, "dry_run": True},
    "delete_records": {"ok": True, "count": 4, "dry_run": True},
    "execute_query": {
        "columns": ["status", "count"],
        "types": ["order_status", "int8"],
        "rows": [
            ["new", 89],
            ["paid", 137],
            ["shipped", 83],
            ["delivered", 400],
            ["cancelled", 48],
            ["refunded", 28],
        ],
        "count": 6,
    },
    "explain_query": {},
    "begin_transaction": {
        "state": "idle",
        "isolation_level": "serializable",
        "read_only": False,
        "timeout_s": 120.0,
        "idle_timeout_s": 60.0,
    },
    "get_transaction": {
        "state": "idle",
        "isolation_level": "serializable",
        "read_only": False,
        "statements": 0,
        "savepoints": [],
        "locks": [],
        "blocking": [],
    },
    "create_savepoint": {"ok": True, "savepoints": ["before_prices"]},
    "rollback_transaction": {"ok": True, "savepoints": ["before_prices"]},
    "release_savepoint": {"ok": True, "savepoints": []},
    "commit_transaction": {"ok": True, "outcome": "committed"},
}
CORE = [handler for handler in HANDLERS if in_groups(handler.group, ())]
"""What is served where no group is named."""
_CHANGING = frozenset({"bytes", "cost", "next_cursor", "plan", "transaction_id", "expires_in_s", "age_s", "idle_s"})


@asynccontextmanager
async def connected(postgres: TestServer, transport: str, version: str) -> AsyncIterator[ClientSession]:
    """A session with a server of a fresh shop."""
    async with shop_database(postgres) as dsn:
        if transport == "stdio":
            async with sdk_session(stdio_command(dsn), version) as session:
                yield session
        else:
            async with http_server(dsn) as server, sdk_session(server.url, version) as session:
                yield session


async def answer(session: ClientSession, tool: str, arguments: dict[str, Any]) -> Answer:
    """The one text block of a call's result."""
    result = await session.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    (block,) = result.content
    assert isinstance(block, TextContent)
    return Answer(block.text, bool(result.is_error))


async def every_example(session: ClientSession) -> dict[str, Answer]:
    """What each tool answers to its example; those of one transaction are about the one that is begun."""
    examples = {each.name: dict(each.example) for each in CORE}
    answers = {name: await answer(session, name, given) for name, given in examples.items() if name not in LIFE}
    answers["begin_transaction"] = begun = await answer(session, "begin_transaction", examples["begin_transaction"])
    handle = {"transaction_id": begun.document["transaction_id"]}
    return answers | {name: await answer(session, name, examples[name] | handle) for name in LIFE[1:]}


def lasting(tool: str, document: dict[str, Any]) -> dict[str, Any]:
    """An answer without what changes from time to time."""
    kept = {key: value for key, value in document.items() if key not in _CHANGING}
    match tool:
        case "list_tables":
            kept["rows"] = [[name, kind, comment] for name, kind, _, _, comment in kept["rows"]]
        case "read_table":
            del kept["rows"]  # compared as text
        case "describe_table" | "explain_query":
            del kept["rows"]
    return kept


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("version", VERSIONS)
async def test_every_tool_answers_its_example(postgres: TestServer, driver: str, transport: str, version: str) -> None:
    """Each tool that is listed takes the example of its declaration; mistakes and progress arrive as they should."""
    async with connected(postgres, transport, version) as session:
        listed = (await session.list_tools()).tools
        assert [tool.name for tool in listed] == [handler.name for handler in CORE]
        answers = await every_example(session)
        assert {name: lasting(name, each.document) for name, each in answers.items() if not each.is_error} == ANSWERS
        assert f'"rows":[{",".join(PAID)}],"count":3,"next_cursor":"' in answers["read_table"].text

        mistaken = await answer(session, "read_table", {"table": "ordrs"})
        assert mistaken.error == {
            "type": "not_found",
            "code": "unknown_table",
            "message": "there is no table or view 'ordrs'",
            "hint": "Did you mean 'orders' or 'order_items'?",
            "retry": "fix_input",
            "details": {"path": "table"},
        }

        steps: list[tuple[float, float | None, str | None]] = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            steps.append((progress, total, message))

        records = [{"name": f"Shelf {number}"} for number in range(1100)]
        batched = {"table": "categories", "records": records, "batch_size": 500}
        made = await session.call_tool("create_records", batched, progress_callback=note)
        assert isinstance(made, CallToolResult)
        assert [getattr(block, "text", "") for block in made.content] == ['{"ok":true,"count":1100}']
        assert steps == [(500, None, "500 rows"), (1000, None, "1000 rows"), (1100, None, "1100 rows")]
