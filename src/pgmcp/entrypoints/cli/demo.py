"""`pgmcp demo`: an agent's whole round on the sample shop, through a real MCP client and a real server."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from pgmcp.domain import json
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.cli.demo_cache import CACHE_STEPS
from pgmcp.entrypoints.cli.demo_metrics import METRICS_STEPS
from pgmcp.entrypoints.cli.demo_step import HELD, Step
from pgmcp.entrypoints.cli.demo_transactions import TRANSACTION_STEPS
from pgmcp.entrypoints.cli.printing import table

if TYPE_CHECKING:
    from mcp.client.session import ClientSession


_EMAIL = "grace.demo@example.org"
_MINE = {"email": _EMAIL}
STEPS = (
    Step(says="What is there?", tool="list_tables"),
    Step(says="What is an order made of?", tool="describe_table", arguments={"table": "orders"}),
    Step(
        says="The largest paid orders, by a structured filter",
        tool="read_table",
        arguments={
            "table": "orders",
            "columns": ["id", "customer_id", "status", "total", "paid_at"],
            "filters": {"status": "paid", "total": {"gte": 100}},
            "order_by": ["-total"],
            "limit": 3,
        },
    ),
    Step(
        says="A filter that walks into a document and an array",
        tool="read_table",
        arguments={
            "table": "products",
            "columns": ["sku", "name", "price", "tags"],
            "filters": {"attributes->>colour": {"is": "not null"}, "tags": {"array_length_gte": 2}},
            "limit": 3,
        },
    ),
    Step(
        says="A question that wants SQL",
        tool="execute_query",
        arguments={
            "query": "SELECT status, count(*) AS orders, sum(total) AS total FROM orders"
            " WHERE total > $1 GROUP BY status ORDER BY total DESC",
            "params": [50],
        },
    ),
    Step(
        says="How PostgreSQL would find an order's customer",
        tool="explain_query",
        arguments={"query": "SELECT * FROM customers WHERE id = $1", "params": [7]},
    ),
    Step(
        says="Tidy up after an earlier round", tool="delete_records", arguments={"table": "customers", "filters": _MINE}
    ),
    Step(
        says="A new customer",
        tool="create_record",
        arguments={
            "table": "customers",
            "data": _MINE | {"name": "Grace Demo", "preferences": {"language": "pt", "newsletter": True}},
            "returning": ["id", "email", "created_at"],
        },
    ),
    Step(
        says="The same once more is refused: the key exists",
        tool="create_record",
        arguments={"table": "customers", "data": _MINE | {"name": "Grace Again"}},
        fails=True,
    ),
    Step(
        says="What would change? Nothing is changed yet",
        tool="update_records",
        arguments={"table": "customers", "filters": _MINE, "data": {"vip": True}, "dry_run": True},
    ),
    Step(
        says="Then change it",
        tool="update_records",
        arguments={"table": "customers", "filters": _MINE, "data": {"vip": True}, "returning": ["name", "vip"]},
    ),
    Step(
        says="A write through a read-only query is refused",
        tool="execute_query",
        arguments={"query": "DELETE FROM order_items"},
        fails=True,
    ),
    Step(
        says="A mistake, and the hint that mends it",
        tool="read_table",
        arguments={"table": "orders", "filters": {"staus": "paid"}},
        fails=True,
    ),
    *TRANSACTION_STEPS,
    *CACHE_STEPS,
    *METRICS_STEPS,
)


def demo(settings: Settings) -> int:
    """Print each call of the round and its answer.

    Returns:
        0 when every answer was of the kind that its step wants.
    """
    return asyncio.run(_round(settings))


async def _round(settings: Settings) -> int:
    from mcp.client.session import ClientSession
    from mcp.client.stdio import StdioServerParameters, stdio_client

    words = ["serve", "--access", "write", "--tools", "core,cache,metrics"]
    words += ["--cache", "memory", "--cache-without-triggers", "true"]
    # By the environment, as other users of the machine may see a process's words, and the address may hold a password.
    database = {"PGMCP_DRIVER": settings.driver, "PGMCP_POOLER": settings.pooler}
    if settings.dsn is not None:
        database["PGMCP_DSN"] = settings.dsn.reveal()
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "pgmcp.entrypoints.cli", *words],
        env=dict(os.environ) | {"PGMCP_LOG_LEVEL": "warning"} | database,
    )
    print("$ pgmcp", *words)
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
        await session.initialize()
        listed = await session.list_tools()
        print(f"connected; tools: {', '.join(tool.name for tool in listed.tools)}\n")
        held: list[str] = []
        surprises = [step for step in STEPS if not await _take(session, step, held)]
    for step in surprises:
        print(f"unexpected: {step.says}", file=sys.stderr)
    print("done" if not surprises else "failed")
    return 1 if surprises else 0


async def _take(session: ClientSession, step: Step, held: list[str]) -> bool:
    """Make a call, print it and its answer.

    Args:
        session: Whom to ask.
        step: What.
        held: Handles of the transactions that were begun, the last one last.

    Returns:
        Whether the answer is of the kind that the step wants.
    """
    await asyncio.sleep(step.pause_s)
    arguments = {name: held[-1] if value == HELD else value for name, value in step.arguments.items()}
    answer = await session.call_tool(step.tool, arguments)
    text = getattr(answer.content[0], "text", "")
    if step.tool == "begin_transaction" and not answer.is_error:
        held.append(json.loads(text)["transaction_id"])
    print(f"── {step.says}")
    print(f"   {step.tool} {json.dumps(arguments)}")
    print(_indented(text, failed=bool(answer.is_error)), end="\n\n")
    document = json.loads(text)
    return bool(answer.is_error) == step.fails and bool(document.get("cached")) >= step.cached


def _indented(text: str, *, failed: bool) -> str:
    document = json.loads(text)
    if failed:
        error = document["error"]
        drawn = f"✗ {error['type']} {error['code']}: {error['message']}"
        if "hint" in error:
            drawn += f"\n  hint: {error['hint']}"
    else:
        drawn = table(document)
    return "\n".join(f"   {line}" for line in drawn.splitlines())
