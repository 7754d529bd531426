from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.json import loads
from pgmcp.domain.order import parse_order
from pgmcp.domain.plans import Bounds, Page, Select
from pgmcp.domain.results import NativeRows
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.repositories import Repositories, native, repositories

EXAMPLES = Path(__file__).parents[1] / "fixtures" / "filters"
SCHEMA = (EXAMPLES / "schema.sql").read_text(encoding="utf-8")
CASES = [loads(line) for line in (EXAMPLES / "cases.jsonl").read_text(encoding="utf-8").splitlines()]


async def found(base: Repositories, case: Mapping[str, Any], now: datetime) -> list[int]:
    """The ids that a filter finds at a moment."""
    relation = await base.relation(case["table"])
    order, keyed = parse_order(case.get("order_by"), True, relation)
    tree = parse(case["filters"], relation, Moment(now))
    left = int(case.get("limit", 1000))
    plan = Select(
        relation=relation,
        columns=("id",),
        filter=tree,
        order=order,
        keyed=keyed,
        page=Page(limit=left),
        bounds=Bounds(),
    )
    result = await base.tables.select(plan, native())
    assert isinstance(result.rows, NativeRows)
    return [row[0] for row in result.rows.rows]


async def expected(base: Repositories, case: Mapping[str, Any], now: datetime) -> list[int]:
    """The ids that the example's own SQL finds at a moment."""
    keys = [f"{key[1:]} DESC NULLS FIRST" if key.startswith("-") else key for key in case.get("order_by", ())]
    table = case["table"].replace('"', '""')
    where = case["where"].replace("now()", f"timestamptz '{now.isoformat()}'")
    query = (
        f'SELECT found.id::text AS shown FROM (SELECT * FROM "{table}" WHERE {where}) AS found '
        f"ORDER BY {', '.join([*keys, 'found.id'])} LIMIT {case.get('limit', 1000)}"
    )
    return [int(row[0] or "") for row in await base.texts(query)]


async def test_every_example_finds_the_rows_of_its_own_sql(make_database: MakeDatabase) -> None:
    """A filter, its order and its limit give the very rows that the SQL beside it gives."""
    async with repositories(await make_database(SCHEMA)) as base:
        # One moment for all: an hour, a day or a year that ends between the two would tell them apart.
        now = datetime.now(UTC)
        got = {case["id"]: await found(base, case, now) for case in CASES}
        want = {case["id"]: await expected(base, case, now) for case in CASES}
    assert got == want
