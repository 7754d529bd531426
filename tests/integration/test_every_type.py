"""Every type of the server, alone and inside whatever can be made of it, is read and written back unchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest
import pytest_asyncio

from tests.fixtures.copying import Copier, Refused, copier
from tests.fixtures.postgres import TestServer
from tests.fixtures.type_samples import EXTENSIONS, OWN_TYPES, READ_ONLY, SAMPLES

pytestmark = pytest.mark.asyncio(loop_scope="module")

# No pseudo-type, no true array, no row type but the test's own.
TYPES = """
SELECT t.typname AS name, format('%I.%I', n.nspname, t.typname) AS spelt, t.typcategory::text AS category,
    t.typdelim::text AS delimiter
FROM pg_type AS t
JOIN pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_class AS c ON c.oid = t.typrelid
WHERE t.typtype <> 'p' AND NOT EXISTS (SELECT FROM pg_type AS o WHERE o.typarray = t.oid)
  AND (c.oid IS NULL OR c.relname = ANY ($1))
ORDER BY 1
"""
ROW_TYPES = ["pair", "family", "person"]
CATEGORIES = {
    "int2vector and its like": "A",
    "truth": "B",
    "composites": "C",
    "dates": "D",
    "enums": "E",
    "geometry": "G",
    "networks": "I",
    "numbers and names of objects": "N",
    "ranges": "R",
    "texts": "S",
    "spans": "T",
    "others": "U",
    "bits": "V",
    "internal": "Z",
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def copying(postgres: TestServer, driver: str) -> AsyncIterator[Copier]:
    """A database with every extension that this server has, over each driver."""
    dsn = await postgres.new_database(OWN_TYPES)
    async with copier(dsn, driver) as made:
        for extension in EXTENSIONS:
            with suppress(asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError):
                await made.sql(f"CREATE EXTENSION {extension}")
        yield made
    await postgres.drop_database(dsn)


async def types(copying: Copier) -> list[asyncpg.Record]:
    """The types of this server; one that is built without libxml refuses every xml."""
    found: list[asyncpg.Record] = await copying.plain.fetch(TYPES, ROW_TYPES)
    try:
        await copying.sql("SELECT '<a/>'::xml")
    except asyncpg.FeatureNotSupportedError:
        return [row for row in found if row["name"] != "xml"]
    return found


async def test_no_type_is_forgotten(copying: Copier) -> None:
    """Each of the server's types has values here, or none can be made; each category has its turn."""
    there = await types(copying)
    assert {row["name"] for row in there} - SAMPLES.keys() - READ_ONLY == set()
    assert {row["category"] for row in there} == set(CATEGORIES.values())


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("category", [pytest.param(letter, id=name) for name, letter in CATEGORIES.items()])
async def test_every_type_is_written_back(copying: Copier, category: str) -> None:
    """Each value alone, in arrays, domains, composites in composites, ranges and multiranges; in both forms."""
    for row in await types(copying):
        if row["category"] == category and row["name"] in SAMPLES:
            columns = await make(copying, row)
            await copying.round_trip(*tables_of(row["name"]), columns)


async def make(copying: Copier, row: asyncpg.Record) -> list[str]:
    """Tables over a type, named for it, the first of them filled; gives the columns."""
    name, spelt = row["name"], row["spelt"]
    d, ls, c, n, r, m = (f'"{name}_{letter}"' for letter in "dlcnrm")
    await copying.sql(
        f"CREATE DOMAIN {d} AS {spelt}",
        f"CREATE DOMAIN {ls} AS {spelt}[]",
        f"CREATE TYPE {c} AS (x {spelt}, xs {spelt}[])",
        f'CREATE TYPE {n} AS ("in" {c}, ins {c}[])',
    )
    columns = {"v": spelt, "d": d, "a": f"{spelt}[]", "s": f"{spelt}[]", "l": ls, "ll": f"{ls}[]", "c": c, "n": n}
    quoted = [_quoted(text) for text in SAMPLES[name]]
    mark = row["delimiter"]
    array = "{" + mark.join([*quoted, "NULL"]) + "}"
    shifted = f"[0:0][3:{2 + len(quoted)}]={{{{{mark.join(quoted)}}}}}"
    composite = f"({quoted[-1]},{_quoted(array)})"
    nested = f"({_quoted(composite)},{_quoted('{' + _quoted(composite) + ',NULL}')})"
    values = [array, shifted, array, "{" + _quoted(array) + mark + "NULL}", composite, nested]
    with suppress(asyncpg.UndefinedObjectError):  # no order, no range
        await copying.sql(f"CREATE TYPE {r} AS RANGE (subtype = {spelt}, multirange_type_name = {m})")
        columns |= {"r": r, "m": m}
        values += [f"[{quoted[0]},)", f"{{[{quoted[0]},{quoted[0]}]}}"]
    listed = ", ".join(f"{column} {declared}" for column, declared in columns.items())
    await copying.sql(*(f'CREATE TABLE "{table}" (id int PRIMARY KEY, {listed})' for table in tables_of(name)))
    rows = [[text, text, *values] for text in SAMPLES[name]]
    await copying.insert(f'"{name}_source"', [*rows, [None] * len(columns)])
    return list(columns)


def tables_of(name: str) -> tuple[str, str, str]:
    """The names of a type's tables: where its values are, and where they are written back in wire and native form."""
    return f"{name}_source", f"{name}_wire", f"{name}_native"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


READABLE = {
    "pg_node_tree": "SELECT adbin AS v FROM pg_attrdef WHERE adrelid = 'counted'::regclass",
    "pg_ndistinct": "SELECT stxdndistinct AS v FROM pg_statistic_ext_data",
    "pg_dependencies": "SELECT stxddependencies AS v FROM pg_statistic_ext_data",
    "pg_mcv_list": "SELECT stxdmcv AS v FROM pg_statistic_ext_data",
    "gtsvector": "SELECT NULL::gtsvector AS v",
    "pg_brin_bloom_summary": "SELECT NULL::pg_brin_bloom_summary AS v",
}


@pytest.mark.parametrize("name", READABLE)
async def test_what_has_no_input_is_read_and_refused(copying: Copier, name: str) -> None:
    """A type without a working input function is given as its text; writing it names the column and the type."""
    await copying.sql(
        "DROP TABLE IF EXISTS counted",
        "CREATE TABLE counted (a int DEFAULT 7, b int)",
        "INSERT INTO counted SELECT g, g % 10 FROM generate_series(1, 100) AS g",
        "CREATE STATISTICS told (ndistinct, dependencies, mcv) ON a, b FROM counted",
        "ANALYZE counted",
        f"CREATE TABLE held_{name} AS {READABLE[name]}",
    )
    text = await copying.plain.fetchval(f"SELECT v::text FROM held_{name}")
    assert await copying.read(f"held_{name}") == [{"v": text}]
    assert await copying.create(f"held_{name}", {"v": text or "x"}) == Refused(
        "value_invalid",
        "data.v",
        f"the value doesn't fit column 'v' of type {name}",
        "Expected nothing, or null: PostgreSQL alone makes values of this type.",
    )
    assert await copying.create(f"held_{name}", {"v": None}) is None
