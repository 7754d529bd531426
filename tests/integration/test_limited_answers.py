"""A rule's `max_rows` over raw SQL, on each driver and server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

import pgmcp
from tests.fixtures.postgres import MakeDatabase

SQL = """
CREATE TABLE person (id int PRIMARY KEY);
CREATE VIEW people AS SELECT id FROM person;
CREATE TABLE event (id int) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (1) TO (100);
CREATE TABLE free (id int);
INSERT INTO person SELECT generate_series(1, 9);
INSERT INTO event SELECT generate_series(1, 9);
INSERT INTO free SELECT generate_series(1, 9);
"""
POLICY: Mapping[str, Any] = {
    "default": "deny",
    "tables": [
        {"match": "public.person", "allow": ["read"], "max_rows": 3},
        {"match": "public.event", "allow": ["read"], "max_rows": 4},
        {"match": "public.*", "allow": ["read", "create"]},
    ],
}


@pytest.mark.parametrize(
    "text, count",
    [
        pytest.param("SELECT id FROM person", 3, id="the table"),
        pytest.param("SELECT id FROM people", 3, id="through a view"),
        pytest.param("SELECT id FROM event_1", 4, id="a partition, by its parent's rule"),
        pytest.param("SELECT f.id FROM free AS f, event, person", 3, id="the least of several"),
        pytest.param("WITH p AS (SELECT id FROM person) SELECT count(*) FROM p", 1, id="fewer than that"),
        pytest.param("INSERT INTO free SELECT id FROM person RETURNING id", 3, id="rows of a write"),
        pytest.param("SELECT id FROM free", 9, id="a table without a limit"),
    ],
)
async def test_an_answer_has_no_more_rows_than_a_rule_says(
    make_database: MakeDatabase, driver: str, text: str, count: int
) -> None:
    """Whatever was asked for; what is left out is told, as in any answer that is cut."""
    async with pgmcp.connect(await make_database(SQL), driver=driver, policy=POLICY, access="write") as client:
        tools = {each.name: each for each in client.tools()}
        told = json.loads(await tools["execute_query"].call({"query": text, "read_only": False, "max_rows": 100}))
    assert len(told["rows"]) == count
    assert told.get("truncated") == ("rows" if count in {3, 4} else None)
