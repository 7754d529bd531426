"""Conditions that fail on some values, over rows that a policy leaves out, on each driver and server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

import pgmcp
from tests.fixtures.postgres import MakeDatabase

# The second tenant's documents are fine where they are kept, and can't be taken apart.
SQL = r"""
CREATE DOMAIN papers AS json;
CREATE TABLE note (id int PRIMARY KEY, tenant int, doc json, kept papers, facts jsonb);
INSERT INTO note VALUES (1, 1, '{"a": "x"}', '{"a": "x"}', '{"a": 1}'),
    (2, 2, '{"a": "\u0000"}', '{"a": "\u0000"}', jsonb_build_object('a', repeat('9', 140000)));
"""
# PostgreSQL looks at what is cheap first, and this is dearer than a caller's own condition.
RULE: Mapping[str, Any] = {
    "match": "public.note",
    "allow": ["read", "update"],
    "rows": {"or": [{"tenant": number} for number in (1, 11, 12, 13, 14, 15, 16, 17)]},
}


@pytest.mark.parametrize(
    "filters, found",
    [
        pytest.param({"doc.a": "x"}, 1, id="a text in it"),
        pytest.param({"doc.a": {"in": ["x", "y"]}}, 1, id="one of several"),
        pytest.param({"doc.a": {"is": "null"}}, 0, id="whether there is one"),
        pytest.param({"doc": {"jsonb_contains": {"a": "x"}}}, 1, id="a part of it"),
        pytest.param({"not": {"doc": {"has_key": "b"}}}, 1, id="a key of it"),
        pytest.param({"kept.a": "x"}, 1, id="a domain over it"),
        pytest.param({"facts.a": {"gte": 1}}, 1, id="a number in it"),
    ],
)
async def test_what_fails_on_some_values_fails_on_no_row_unseen(
    make_database: MakeDatabase, driver: str, filters: Any, found: int
) -> None:
    """An error would tell of rows that are another tenant's, who could have every read of the others fail by it."""
    policy = {"default": "deny", "tables": [RULE]}
    async with pgmcp.connect(await make_database(SQL), driver=driver, policy=policy, access="write") as client:
        tools = {each.name: each for each in client.tools()}
        read = json.loads(await tools["read_table"].call({"table": "note", "columns": ["id"], "filters": filters}))
        given = {"table": "note", "filters": filters, "data": {"tenant": 1}, "dry_run": True}
        changed = json.loads(await tools["update_records"].call(given))
    assert (read.get("rows"), changed.get("count")) == ([[1]] * found, found)
