"""What answers cost an agent, in bytes."""

from __future__ import annotations

import json
from typing import Any

from tests.fixtures.databases import fresh_database
from tests.fixtures.postgres import TestServer
from tests.fixtures.served import call, stdio_wire
from tests.fixtures.shop import shop_database

WIDE = """
CREATE TYPE stage AS ENUM ('draft', 'sent', 'accepted', 'refused');
CREATE TABLE partner (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE offer (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, partner_id int NOT NULL REFERENCES partner ON DELETE CASCADE,
  number varchar(20) NOT NULL UNIQUE, stage stage NOT NULL DEFAULT 'draft', title text NOT NULL, body text,
  net numeric(12,2) NOT NULL DEFAULT 0, tax numeric(12,2) NOT NULL DEFAULT 0,
  gross numeric(12,2) GENERATED ALWAYS AS (net + tax) STORED, currency char(3) NOT NULL DEFAULT 'EUR',
  valid daterange, tags text[] NOT NULL DEFAULT '{}', extra jsonb NOT NULL DEFAULT '{}', owner uuid, reviewed boolean,
  sent_at timestamptz, answered_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), note text, CHECK (net >= 0), CHECK (tax >= 0)
);
CREATE INDEX ON offer (partner_id, stage);
CREATE INDEX ON offer USING gin (tags);
COMMENT ON TABLE offer IS 'Offers to partners';
COMMENT ON COLUMN offer.net IS 'Without tax';
COMMENT ON COLUMN offer.valid IS 'Days on which it may be accepted';
CREATE TABLE offer_line (offer_id int REFERENCES offer ON DELETE CASCADE, line int, PRIMARY KEY (offer_id, line));
"""
MANY = """
DO $$ BEGIN
  FOR n IN 1..500 LOOP
    EXECUTE format('CREATE TABLE warehouse_movements_%s (id int PRIMARY KEY, note text)', n);
    EXECUTE format('COMMENT ON TABLE warehouse_movements_%s IS %L', n, 'Movements of the month ' || n);
  END LOOP;
END $$
"""
SMALL_JOB: list[tuple[str, dict[str, Any]]] = [
    ("list_tables", {}),
    ("describe_table", {"table": "stock"}),
    ("describe_table", {"table": "reviews"}),
    ("describe_table", {"table": "products"}),
    ("describe_table", {"table": "warehouses"}),
    ("read_table", {"table": "orders", "filters": {"totl": {"gt": 100}}}),
    ("read_table", {"table": "orders", "filters": {"total": {"gt": 100}}, "limit": 10}),
]


async def test_a_table_of_20_columns_is_described_in_2_kb(postgres: TestServer) -> None:
    """With keys both ways, checks, indexes, an enum and comments."""
    async with fresh_database(postgres, WIDE) as dsn, stdio_wire(dsn) as wire:
        found = await call(wire, "describe_table", {"table": "offer"})
    document = found.document
    assert [len(document["columns"]), len(document["checks"]), len(document["foreign_keys"])] == [20, 2, 1]
    assert [each["table"] for each in document["referenced_by"]] == ["offer_line"]
    assert len(found.text.encode()) <= 2_000


async def test_500_tables_are_listed_in_40_kb(postgres: TestServer) -> None:
    """All of them in one answer, each with its comment."""
    async with fresh_database(postgres, MANY) as dsn, stdio_wire(dsn) as wire:
        found = await call(wire, "list_tables", {})
    assert (found.document["count"], "next_cursor" in found.document) == (500, False)
    assert len(found.text.encode()) <= 40_000


async def test_a_small_job_costs_9000_bytes(postgres: TestServer) -> None:
    """Know the tools, list 11 tables, describe four of 3 to 9 columns, make one mistake, read 10 rows."""
    async with shop_database(postgres) as dsn, stdio_wire(dsn, access="read") as wire:
        listed = await wire.ask(b'{"jsonrpc":"2.0","id":2,"method":"tools/list"}')
        answers = [await call(wire, tool, arguments) for tool, arguments in SMALL_JOB]
    assert [each.is_error for each in answers] == [False] * 5 + [True, False]
    assert (answers[0].document["count"], answers[-1].document["count"]) == (11, 10)
    assert [len(each.document["columns"]) for each in answers[1:5]] == [5, 7, 9, 3]
    tools = json.dumps(listed["result"]["tools"], separators=(",", ":"), ensure_ascii=False)
    sizes = [len(tools.encode()), *(len(each.text.encode()) for each in answers)]
    assert sum(sizes) <= 9_000, sizes
