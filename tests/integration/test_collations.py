"""Texts of another collation than the database's, compared whatever their case."""

from __future__ import annotations

from typing import Any

import pytest

import pgmcp
from tests.fixtures.postgres import MakeDatabase

SCHEMA = """
CREATE DOMAIN ascii AS text COLLATE "C";
CREATE TABLE t (
    id int PRIMARY KEY, plain text, bare text COLLATE "C", short varchar(9) COLLATE "POSIX", brought ascii,
    padded char(5) COLLATE "C", named name
);
INSERT INTO t SELECT n, v, v, v, v, v, v FROM (VALUES (1, 'SÃO'), (2, 'são'), (3, 'SAO')) AS x(n, v);
CREATE TABLE "ÄÖÜ" (id int);
COMMENT ON TABLE t IS 'GRÖẞE';
"""
OWN = ["bare", "short", "brought", "padded", "named"]
WAYS: list[dict[str, Any]] = [
    {"eq": "SÃO"},
    {"in": ["SÃO"]},
    {"starts_with": "SÃ"},
    {"ends_with": "ÃO"},
    {"match": "^SÃO"},
    {"like": "SÃO%"},
]


async def test_a_text_equals_itself(make_database: MakeDatabase, driver: str) -> None:
    """Both sides are put in lower case by the column's collation, so each way of comparing finds the same rows."""
    found: dict[str, list[list[int]]] = {}
    async with pgmcp.connect(await make_database(SCHEMA), driver=driver) as db:
        for column in ("plain", *OWN):
            for way in WAYS:
                wanted = {column: way | {"case_sensitive": False}}
                answer = await db.call(pgmcp.ReadRequest(table="t", columns=["id"], filters=wanted))
                found.setdefault(column, []).append([row["id"] for row in answer.rows])
    assert found == {"plain": [[1, 2]] * len(WAYS)} | {column: [[1]] * len(WAYS) for column in OWN}


@pytest.mark.parametrize("driver", ["memory", "asyncpg", "psycopg"])
async def test_tables_are_looked_for_in_any_case(make_database: MakeDatabase, driver: str) -> None:
    """Names and comments, of which the catalogue's collation is none of the caller's business."""
    tables = {"t": pgmcp.table(columns={"id": "int4"}, comment="GRÖẞE"), "ÄÖÜ": pgmcp.table(columns={"id": "int4"})}
    dsn = await make_database(SCHEMA)
    db = pgmcp.memory(tables=tables) if driver == "memory" else pgmcp.connect(dsn, driver=driver)
    async with db:
        for search, name in (("ÄÖ", "ÄÖÜ"), ("öü", "ÄÖÜ"), ("größe", "t"), ("GRÖẞ", "t")):
            answer = await db.call(pgmcp.ListTablesRequest(search=search))
            assert (search, [row["name"] for row in answer.rows]) == (search, [name])
