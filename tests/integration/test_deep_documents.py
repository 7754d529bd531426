"""Documents deeper than Python's stack: PostgreSQL keeps them, so nothing may be lost on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

import pgmcp
from tests.fixtures.databases import fresh_database
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.postgres import TestServer

LEVELS = 3_000
SCHEMA = "CREATE TABLE deep (id int PRIMARY KEY, doc jsonb, js json)"


def levels(value: Any) -> int:
    """How many lists lie around the innermost."""
    found = 0
    while value:
        value, found = value[0], found + 1
    return found + 1


def nested(count: int) -> Any:
    """A list in a list, so many of them."""
    value: Any = []
    for _ in range(count - 1):
        value = [value]
    return value


@pytest.mark.parametrize("driver", CLIENTS)
async def test_they_are_written_read_and_written_back(postgres: TestServer, driver: str) -> None:
    """Alone, by a key that is asked again, in their own order, and by SQL."""
    async with fresh_database(postgres, SCHEMA) as dsn, pgmcp.connect(dsn, driver=driver) as db:
        for number in (1, 2):
            request = pgmcp.CreateRequest(
                table="deep",
                data={"id": number, "doc": nested(LEVELS + number), "js": nested(LEVELS)},
                returning=["doc", "js"],
                idempotency_key=f"k{number}",
            )
            for _ in range(2):
                answer = await db.call(request)
                assert isinstance(answer, pgmcp.DataResponse)
                assert levels(answer.rows[0]["doc"]) == LEVELS + number
                assert levels(answer.rows[0]["js"]) == LEVELS
        ordered = pgmcp.ReadRequest(table="deep", order_by=["-doc"], limit=1)
        first = await db.call(ordered)
        second = await db.call(pgmcp.ReadRequest(table="deep", order_by=["-doc"], limit=1, cursor=first.next_cursor))
        assert {first.rows[0]["id"], second.rows[0]["id"]} == {1, 2}
        row = second.rows[0]
        await db.call(pgmcp.UpdateRequest(table="deep", data=row, filters={"id": row["id"]}))
        found = await db.call(
            pgmcp.ExecuteQueryRequest(query="SELECT doc, length(doc::text) FROM deep ORDER BY id", max_rows=10)
        )
        assert isinstance(found, pgmcp.DataResponse)
        assert [(levels(each["doc"]), each["length"]) for each in found.rows] == [
            (LEVELS + number, 2 * (LEVELS + number)) for number in (1, 2)
        ]


@pytest.mark.parametrize("driver", CLIENTS)
async def test_a_repeated_write_gives_them_in_either_form(postgres: TestServer, driver: str) -> None:
    """First as JSON, then as Python values."""
    async with fresh_database(postgres, SCHEMA) as dsn, pgmcp.connect(dsn, driver=driver) as db:
        await db.call(pgmcp.CreateRequest(table="deep", data={"id": 1, "doc": nested(LEVELS)}))
        update: dict[str, Any] = {
            "table": "deep",
            "filters": {"id": 1},
            "data": {"js": 1},
            "returning": ["doc"],
            "idempotency_key": "k",
        }
        tool = {each.name: each for each in db.tools()}["update_records"]
        wire = await tool.call(json.dumps(update))
        assert f'"rows":[[{"[" * LEVELS}{"]" * LEVELS}]]' in wire
        native = await db.call(pgmcp.UpdateRequest(**update))
        assert isinstance(native, pgmcp.DataResponse)
        assert levels(native.rows[0]["doc"]) == LEVELS
