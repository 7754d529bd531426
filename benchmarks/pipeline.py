"""What one call costs before any database: the whole pipeline over the memory adapter."""

from __future__ import annotations

import pgmcp
from benchmarks.measuring import Contender, Work, take_turns
from benchmarks.printing import table
from pgmcp import ListTablesRequest, ReadRequest
from pgmcp.domain.calls import Principal
from pgmcp.entrypoints.bootstrap import build_memory
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.mcp.toolbox import CallControls

_CALLS = 500
_TABLES = {
    "item": pgmcp.table(
        columns={
            "id": "int4",
            "name": "text",
            "price": "numeric(12,2)",
            "active": "bool",
            "day": "date",
        },
        primary_key="id",
        rows=[
            {"id": n, "name": f"item {n}", "price": n / 100, "active": n % 2 == 0, "day": "2025-03-01"}
            for n in range(1000)
        ],
    )
}


async def run(rounds: int) -> str:
    """Time calls in JSON, as MCP brings them, and in Python."""
    router = MCPRouter(build_memory(_TABLES, {}, load({}, {})))
    client = pgmcp.memory(_TABLES)
    one = b'{"table":"item","filters":{"id":421}}'
    page = b'{"table":"item","filters":{"price":{"gte":4},"active":true},"order_by":"-day","limit":10}'
    contenders = [
        Contender(name="read_table by key, JSON in and out", work=_asked(router, one), calls=_CALLS),
        Contender(name="read_table by key, Python", work=_called(client), calls=_CALLS),
        Contender(name="read_table, 2 conditions, 10 rows of 600, JSON", work=_asked(router, page, 10), calls=10),
        Contender(name="list_tables, Python", work=_listed(client), calls=_CALLS),
    ]
    measured = await take_turns(contenders, rounds)
    return table("Pipeline, memory adapter, a call", measured, with_database=False)


def _asked(router: MCPRouter, arguments: bytes, calls: int = _CALLS) -> Work:
    async def work() -> None:
        for _ in range(calls):
            answer = await router.call("read_table", arguments, CallControls(id="1", principal=Principal()))
            assert not answer.is_error

    return work


def _called(client: pgmcp.Client) -> Work:
    request = ReadRequest(table="item", filters={"id": 421})

    async def work() -> None:
        for _ in range(_CALLS):
            assert (await client.call(request)).count == 1

    return work


def _listed(client: pgmcp.Client) -> Work:
    async def work() -> None:
        for _ in range(_CALLS):
            assert (await client.call(ListTablesRequest())).count == 1

    return work
