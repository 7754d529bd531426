"""Whatever a column of any type holds is read and written back unchanged, by every driver and in both forms."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pgmcp.domain import json as exact_json
from tests.fixtures.copying import Copier, copier
from tests.fixtures.postgres import TestServer
from tests.fixtures.type_samples import READ_ONLY
from tests.property.value_edges import EDGES, double_quoted, lists_of
from tests.property.value_strategies import SETUP, TYPES, arrays, composites

pytestmark = pytest.mark.asyncio(loop_scope="module")

COLUMNS = ("v", "a", "c")
ROWS = 8
steady = settings(
    deadline=None,
    max_examples=6,
    # A smaller example says no more than `differences` does, and looking for it among so many rows takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    # One database serves all examples of a test; each begins with empty tables.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def copying(postgres: TestServer, driver: str) -> AsyncIterator[Copier]:
    """A database that has every type, over each driver."""
    dsn = await postgres.new_database(SETUP)
    async with copier(dsn, driver) as made:
        yield made
    await postgres.drop_database(dsn)


@pytest_asyncio.fixture(loop_scope="module")
async def prefix(copying: Copier, request: pytest.FixtureRequest) -> str:
    """What the names of a type's tables begin with: a value, an array and a composite of both in each."""
    declared: str = request.getfixturevalue("declared")
    name = f"{request.function.__name__[-5:]}_" + re.sub(r"\W", "_", declared)
    # A composite's fields have no modifiers here: what a column's own says is the business of `v` and `a`.
    bare = re.sub(r"\(.*", "", declared)
    bare = {"char": "bpchar", "bit": 'pg_catalog."bit"'}.get(bare, bare)
    await copying.sql(
        f"CREATE TYPE {name}_c AS (x {bare}, xs {bare}[], note text)",
        *(
            f"CREATE TABLE {name}_{role} (id int PRIMARY KEY, v {declared}, a {declared}[], c {name}_c)"
            for role in ("source", "wire", "native")
        ),
    )
    return name


@pytest.mark.parametrize("declared", TYPES)
@steady
@given(data=st.data())
async def test_what_is_read_can_be_written_back(
    copying: Copier, prefix: str, declared: str, data: st.DataObject
) -> None:
    """A value, an array of them and a composite with both: no difference by text, nor by `=` where there is one."""
    values = TYPES[declared]
    lists = arrays(values, ";" if declared == "box" else ",")
    fields = composites(values | st.none(), lists | st.none(), TYPES["text"] | st.none())
    rows = data.draw(
        st.lists(st.tuples(values | st.none(), lists | st.none(), fields | st.none()), min_size=1, max_size=ROWS)
    )
    source, wire, native = (f"{prefix}_{role}" for role in ("source", "wire", "native"))
    await copying.sql(f"TRUNCATE {source}, {wire}, {native}")
    await copying.insert(source, rows)
    await copying.round_trip(source, wire, native, COLUMNS)


@pytest.mark.parametrize("declared", EDGES)
async def test_every_edge_is_kept(copying: Copier, prefix: str, declared: str) -> None:
    """No chance decides whether the ends of a type are tried: alone, in arrays of every kind and in composites."""
    lists = lists_of(EDGES[declared], ";" if declared == "box" else ",")
    rows: list[tuple[str | None, ...]] = [(edge, None, f"({double_quoted(edge)},,)") for edge in EDGES[declared]]
    rows += [(None, each, f"(,{double_quoted(each)},)") for each in lists]
    source, wire, native = (f"{prefix}_{role}" for role in ("source", "wire", "native"))
    await copying.insert(source, [*rows, (None, None, None), (None, None, "(,,)")])
    await copying.round_trip(source, wire, native, COLUMNS)


async def test_every_type_has_its_property(copying: Copier) -> None:
    """Whatever type this server and its extensions have is generated here, or nothing can be written into it."""
    there = await copying.plain.fetch(
        "SELECT t.typname AS name FROM pg_type AS t WHERE t.typtype <> 'p' AND t.typrelid = 0 "
        "AND NOT EXISTS (SELECT FROM pg_type AS o WHERE o.typarray = t.oid)"
    )
    declared = {re.sub(r'\(.*|"|^.*\.', "", name) for name in TYPES} | {"bpchar", "bit"}
    missing = {row["name"] for row in there} - declared - READ_ONLY
    assert missing - await without_input(copying) == set()
    assert EDGES.keys() - TYPES.keys() == set()


async def without_input(copying: Copier) -> set[str]:
    """A server that is built without libxml refuses every xml."""
    try:
        await copying.sql("SELECT '<a/>'::xml")
    except asyncpg.FeatureNotSupportedError:
        return {"xml"}
    return set()


async def test_every_code_point_is_kept(copying: Copier) -> None:
    """Each character that a text can hold, as text, in arrays, in documents and as a key of a document."""
    await copying.sql(
        *(
            f"CREATE TABLE code_points_{role} (id int PRIMARY KEY, v text, a text[], j jsonb, k jsonb, o json)"
            for role in ("source", "wire", "native")
        ),
        "INSERT INTO code_points_source SELECT id, v, ARRAY[v], to_jsonb(v), jsonb_build_object(v, 1), to_json(v) FROM "
        "(SELECT i / 8192 AS id, string_agg(chr(i), '' ORDER BY i) AS v FROM generate_series(1, 1114111) AS i "
        "WHERE i NOT BETWEEN 55296 AND 57343 GROUP BY 1) AS s",
    )
    await copying.round_trip("code_points_source", "code_points_wire", "code_points_native", ("v", "a", "j", "k"))
    # Which characters a json escapes is how it is written, not what it says.
    for role in ("wire", "native"):
        query = f"SELECT count(*) FROM code_points_{role} WHERE o #>> '{{}}' = v"
        assert await copying.plain.fetchval(query) == 1_114_112 / 8192


@pytest.mark.parametrize("declared", ["text", "varchar", "name", "jsonb", "text[]", "jsonb[]", "citext"])
async def test_a_nul_is_refused_by_name(copying: Copier, declared: str) -> None:
    """U+0000, which no text of PostgreSQL can hold, is refused before anything is written, and called so."""
    table = "nul_" + re.sub(r"\W", "_", declared)
    await copying.sql(f"CREATE TABLE {table} (v {declared})")
    value = '["a\\u0000b"]' if declared.endswith("[]") else '"a\\u0000b"'
    answer = await copying.call("create_record", f'{{"table":"{table}","data":{{"v":{value}}}}}')
    assert "U+0000" in f"{answer['error']['message']} {answer['error']['hint']}"
    assert await copying.plain.fetchval(f"SELECT count(*) FROM {table}") == 0


LIMITS = {
    "a row above max_bytes": ("text", "repeat('x', 300000)"),
    "an array above max_bytes": ("int4[]", "array_fill(7, ARRAY[200000])"),
}


@pytest.mark.parametrize("declared, value", LIMITS.values(), ids=LIMITS)
async def test_what_is_too_large_is_refused_with_its_column(
    postgres: TestServer, driver: str, declared: str, value: str
) -> None:
    """A single row above the cap is no cut row but an error that names the column."""
    dsn = await postgres.new_database(f"CREATE TABLE held AS SELECT 1 AS id, ({value})::{declared} AS v")
    async with copier(dsn, driver, max_bytes=262_144) as made:
        error = (await made.call("read_table", '{"table":"held"}'))["error"]
    assert (error["code"], "'v'" in f"{error['message']}{error.get('hint')}") == ("row_too_large", True)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_what_no_text_of_postgresql_can_hold_is_refused_with_its_column(
    postgres: TestServer, driver: str
) -> None:
    """A field has 1 GB at the most; these bytes are fewer, their JSON is more."""
    view = "CREATE VIEW held AS SELECT 1 AS id, 'x' AS short, repeat('x', 540000000)::bytea AS v"
    dsn = await postgres.new_database(view)
    async with copier(dsn, driver, call_timeout_s=200) as made:
        error = (await made.call("read_table", '{"table":"held"}'))["error"]
        short = await made.call("read_table", '{"table":"held","columns":["id","short"]}')
    assert (error["code"], error["details"]["column"], error["retry"]) == ("row_too_large", "v", "fix_input")
    assert short["rows"] == [[exact_json.Number("1"), "x"]]


TOO_LARGE = {
    "a numeric": ("numeric", "1" + "0" * 131_072),
    "an integer": ("int8", "9223372036854775808"),
    "a double": ("float8", "1e309"),
    "a date": ("date", '"5874898-01-01"'),
    "a timestamp": ("timestamp", '"294277-01-01T00:00:00"'),
    "an amount": ("money", "92233720368547758.08"),
    "the bounds of an array": ("int4[]", '"[0:2147483647]={1}"'),
    "a tsvector": ("tsvector", json.dumps(" ".join(f"word{number}" for number in range(120_000)))),
    "a word of a tsvector": ("tsvector", json.dumps("x" * 3_000)),
    "a label of an ltree": ("ltree", json.dumps("x" * 1_001)),
}


@pytest.mark.parametrize("declared, value", TOO_LARGE.values(), ids=TOO_LARGE)
async def test_what_a_type_has_no_room_for_is_refused(copying: Copier, declared: str, value: str) -> None:
    """A value past the end of its type is refused with its column, and nothing is written."""
    table = "room_" + re.sub(r"\W", "_", declared)
    await copying.sql(f"CREATE TABLE IF NOT EXISTS {table} (v {declared})")
    answer = await copying.call("create_record", f'{{"table":"{table}","data":{{"v":{value}}}}}')
    assert "'v'" in answer["error"]["message"] or answer["error"]["details"]["column"] == "v"
    assert answer["error"]["retry"] == "fix_input"
    assert await copying.plain.fetchval(f"SELECT count(*) FROM {table}") == 0
