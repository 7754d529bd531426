"""No operator is offered on a type for which PostgreSQL has none, and nothing is ordered that can't be compared."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest

from pgmcp.adapters.postgres.texts import sql
from pgmcp.adapters.postgres.types import types_from
from pgmcp.domain.filters.keys import Target
from pgmcp.domain.filters.operators import OPERATORS
from pgmcp.domain.relations import Column
from pgmcp.domain.values.types import DOCUMENTS, WITHOUT_INPUT, Type, is_ordered
from tests.fixtures.postgres import MakeDatabase

EXTENSIONS = ("citext", "hstore", "ltree", "vector", "seg", "cube", "isn", "intarray", "pg_trgm")
# What can be a column's type and has values; documents are compared as jsonb.
TYPES = r"""
SELECT t.oid, format_type(t.oid, NULL) AS spelt
FROM pg_type AS t
WHERE t.typtype IN ('b', 'd', 'e', 'm', 'r') AND t.typcategory <> 'Z' AND t.typelem = 0
  AND t.typnamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace) AND NOT t.typname = ANY ($1)
"""
_NULL = "SELECT {} FROM (SELECT NULL::{{0}} AS v, NULL::{{0}} AS w) AS x"
_QUERIES = {
    name: _NULL.format(condition)
    for name, condition in {
        "eq": "v = w",
        "ne": "v <> w",
        "gt": "v > w",
        "gte": "v >= w",
        "lt": "v < w",
        "lte": "v <= w",
        "distinct_from": "v IS DISTINCT FROM w",
        "in": "v = ANY (ARRAY[w])",
        "nin": "v <> ALL (ARRAY[w])",
        "between": "v BETWEEN w AND w",
        "order": "rank() OVER (ORDER BY v)",
    }.items()
}


@pytest.fixture
async def connection(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A database with the extensions that this server has."""
    made = await asyncpg.connect(await make_database())
    for extension in EXTENSIONS:
        with suppress(asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError):
            await made.execute(f"CREATE EXTENSION {extension}")
    yield made
    await made.close()


async def test_what_is_offered_is_there(connection: asyncpg.Connection) -> None:
    """Type by type, so that a caller is told which operators work, and never that there is no such one in SQL."""
    internal = [*WITHOUT_INPUT, "intbig_gkey", "gtrgm"]
    spelt = {row["oid"]: row["spelt"] for row in await connection.fetch(TYPES, internal)}
    facts = await connection.fetchval(sql("types"), [str(oid) for oid in spelt])
    types = types_from(json.loads(facts))
    wrong = [
        f"{name} on {spelt[oid]}"
        for oid in spelt
        for name, query in _QUERIES.items()
        if _offered(name, types[oid]) and not await _runs(connection, query.format(spelt[oid]))
    ]
    assert (wrong, len(spelt) > 80) == ([], True)


def _offered(name: str, type_: Type) -> bool:
    if type_.root.tag in DOCUMENTS:
        return False
    target = Target(column=Column(name="v", type=type_), type=type_.root)
    return is_ordered(type_) if name == "order" else OPERATORS[name].fits(target)


async def _runs(connection: asyncpg.Connection, query: str) -> bool:
    try:
        await connection.execute(query)
    except asyncpg.UndefinedFunctionError:
        return False
    return True
