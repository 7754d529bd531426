"""The filters of the how-to on special types: on a large table with its index, each has a plan that uses it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from attrs import frozen

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.builder import QueryBuilder
from pgmcp.domain.filters.keys import resolve
from pgmcp.domain.filters.operators import working_on
from pgmcp.ports.driver import Statement
from tests.fixtures.adapters import Database, over_postgres
from tests.fixtures.postgres import TestServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "filter-special-types.md").read_text(encoding="utf-8")
LINE = re.compile(r"^\| `(?P<filter>\{.*\})` \| .* \| `(?P<index>\w+ \(.*\))` \|$", re.MULTILINE)
EXAMPLES = [(found["filter"], found["index"]) for found in LINE.finditer(PAGE)]
INDEXES = {index: f"places_{number}" for number, index in enumerate(dict.fromkeys(index for _, index in EXAMPLES))}
(TABLE,) = re.findall(r"^```sql places\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ROWS = 20_000
FILL = f"""
INSERT INTO places
SELECT g, point(x, y), box(point(x, y), point(x + 1, y + 1)), polygon(box(point(x, y), point(x + 1, y + 1))),
    circle(point(x, y), 0.7), inet '10.0.0.0' + g, network(set_masklen(inet '10.0.0.0' + g * 256 % 65536, 24)),
    int4range(g, g + 3), daterange(date '1990-01-01' + g, date '1990-01-03' + g), int4multirange(int4range(g, g + 2)),
    'some word' || g, to_tsvector('simple', 'some word' || g),
    jsonb_build_object('n', g, 'k' || g, true, 'list', jsonb_build_array(g, g + 1)), ARRAY['t' || g, 'all']
FROM generate_series(1, {ROWS}) AS g
CROSS JOIN LATERAL (SELECT g % 141 AS x, g / 141 AS y) AS c;
UPDATE places SET net = '11.0.0.0/8' WHERE id % 256 <> 7 AND id > 300;
UPDATE places SET net = network(set_masklen(inet '11.0.0.0' + id * 256, 24)) WHERE net = '11.0.0.0/8';
UPDATE places SET ip = '10.0.7.0/24' WHERE id = 7;
UPDATE places SET tags = ARRAY['t77'] WHERE id = 77;
"""


# PostgreSQL has no index for these; the page says so.
WITHOUT = {
    ("doc", "jsonb_contained_by"),
    *(
        ("tags", name)
        for name in ("any", "array_length", *(f"array_length_{way}" for way in ("gt", "gte", "lt", "lte")))
    ),
}
# Every type has these; what they are is no matter of special types.
EVERYDAY = {
    *("eq", "ne", "gt", "gte", "lt", "lte", "between", "is", "distinct_from", "in", "nin", "relative"),
    *("like", "ilike", "match", "imatch", "starts_with", "ends_with"),
}


@frozen
class Places:
    """The table behind pgmcp's ports and behind a plain connection."""

    database: Database
    plain: asyncpg.Connection[asyncpg.Record]

    async def statement(self, filters: str) -> Statement:
        """The very statement that pgmcp sends for a filter."""
        plan = await self.database.plan("places", json.loads(filters), columns=["id"])
        return QueryBuilder(SystemClock()).select(plan).statement

    async def fetch(self, statement: Statement, *, before: str = "") -> list[str]:
        """The first column of what a statement gives, or what `EXPLAIN` before it gives."""
        rows = await self.plain.fetch(before + statement.text, *statement.parameters)
        return [row[0] for row in rows]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def places(postgres: TestServer) -> AsyncIterator[Places]:
    """The table of the page, with many rows and all of the page's indexes."""
    indexes = ";".join(f"CREATE INDEX {name} ON places USING {index}" for index, name in INDEXES.items())
    dsn = await postgres.new_database(f"{TABLE}{FILL}{indexes}; ANALYZE places")
    async with over_postgres(dsn) as database:
        plain = await asyncpg.connect(dsn)
        try:
            yield Places(database, plain)
        finally:
            await plain.close()
    await postgres.drop_database(dsn)


async def test_no_operator_is_without_an_index(places: Places) -> None:
    """Each operator beyond the everyday ones, on each type of the page's table that it works on, has its line there."""
    relation = await places.database.relation("places")
    wanted = {
        (column, name)
        for column in relation.by_name
        for name in working_on(resolve(column, relation, "filters"))
        if name not in EVERYDAY
    }
    shown = {(column, name) for filters, _ in EXAMPLES for column, held in json.loads(filters).items() for name in held}
    assert wanted - shown == WITHOUT
    forms = {json.loads(filters)["body"]["fts"].get("type") for filters, _ in EXAMPLES if '"body"' in filters}
    assert forms == {None, "websearch", "phrase", "plain"}


@pytest.mark.parametrize("filters, index", EXAMPLES, ids=[example[0] for example in EXAMPLES])
async def test_the_plan_uses_the_index(places: Places, filters: str, index: str) -> None:
    """The index of the page is in the plan, and the filter finds the rows that it finds without any index."""
    statement = await places.statement(filters)
    plan = await places.fetch(statement, before="EXPLAIN ")
    assert re.search(rf"\b{INDEXES[index]}\b", "\n".join(plan)) is not None, plan
    found = await places.fetch(statement)
    await places.plain.execute("SET enable_indexscan = off; SET enable_bitmapscan = off")
    searched = await places.fetch(statement)
    await places.plain.execute("RESET ALL")
    assert 0 < len(found) < ROWS / 20
    assert found == searched
