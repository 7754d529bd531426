from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from attrs import evolve

from pgmcp.domain.filters.parser import parse
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.json import loads
from pgmcp.domain.plans import Batch, Bounds, Insert, Page, Select
from pgmcp.domain.results import NativeRows, WireRows
from pgmcp.domain.values.text import to_text
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.repositories import Repositories, native, repositories, wire

K = TypeVar("K")
EXAMPLES = Path(__file__).parents[1] / "fixtures" / "values"
SETUP = (EXAMPLES / "setup.sql").read_text(encoding="utf-8") + "".join(
    f"DO $$ BEGIN CREATE EXTENSION {name}; EXCEPTION WHEN feature_not_supported OR undefined_file THEN NULL; END $$;\n"
    for name in ("hstore", "citext", "ltree", "vector")
)
# A server without it has no such type or value: an extension or libxml that isn't
# installed, an interval before PostgreSQL 17.
ABSENT = (asyncpg.UndefinedObjectError, asyncpg.InvalidDatetimeFormatError, asyncpg.FeatureNotSupportedError)
ODD_SETTINGS = (
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = postgres_verbose",
    "bytea_output = escape",
    "TimeZone = 'UTC'",
)
# What a database's owner may have said of what is read as a value.
ODD_INPUT = ("array_nulls = off", "xmloption = document", "quote_all_identifiers = on")
EVERYTHING = Bounds(max_bytes=10_000_000)
# What the examples leave out.
MORE = [
    {"type": type_, "literal": literal}
    for type_, literal in (
        ("int4[]", "'{{1,2},{3,4}}'"),
        ("int8[]", "'{{1,9007199254740993},{3,4}}'"),
        ("numeric[]", "'{{{1.50,NULL},{NaN,Infinity}},{{1,2},{3,4}}}'"),
        ("int8[]", "'[0:1][2:3]={{1,2},{3,4}}'"),
        ("int8[]", "'{}'"),
        ("jsonb", "'null'"),
        ("jsonb", "'{\"$json\":1}'"),
        ("jsonb", '\'{"$json":1,"a":2}\''),
        ("jsonb", "'\"$json\"'"),
        ("json", '\'{"$json":{"a":1.50}}\''),
        ("json", "'null'"),
        ("jsonb[]", "ARRAY['null', NULL, '{\"$json\":2}']::jsonb[]"),
        ("timestamp", "'0044-03-15 12:00:00 BC'"),
        ("timestamptz", "'0044-03-15 12:00:00+00 BC'"),
        ("timestamptz", "'infinity'"),
        ("timestamptz", "'294276-12-31 23:59:59.999999+00'"),
        ("timestamptz[]", "'{\"0044-03-15 12:00:00+00 BC\",infinity}'"),
        ("timestamp", "'9999-12-31 23:59:59.999999'"),
        ("timestamp", "'0001-01-01'"),
        ("date", "'5874897-12-31'"),
        ("interval", "'infinity'"),
        ("interval", "'1 mon -30 days'"),
        ("interval", "'-1 year 2 mons -3 days 4:05:06.789'"),
        ("float8", "'-0'"),
        ("float8", "'5e-324'"),
        ("numeric", "'0.000000000000000001'"),
        ("numeric", "'123456789012345'"),
        ("numeric", "'1234567890123456'"),
        ("inet", "'10.0.0.1/8'"),
        ("char(5)", "'ab'"),
        ('"char"', "'x'"),
        ("bit(3)", "'101'"),
        ("bit(3)[]", "'{101,111}'"),
        ("money[]", "'{1.00,2.50}'"),
        ("hv.pair", "ROW(NULL,NULL)"),
        (
            "hv.wide",
            "ROW(9007199254740993,1.50,'NaN','o\"d',true,'null','2024-01-01 00:00+00','\\x00',ARRAY[1,2],'[1,2)')",
        ),
        ("int2vector", "'1 2'"),
        ("xml", "'<?xml version=\"1.0\"?><a/>'"),
        ("xml", '\'<?xml version="1.0" encoding="ISO-8859-1"?><a>é&amp;</a>\''),
        ("xml[]", "ARRAY['<?xml version=\"1.0\"?><a/>', NULL]::xml[]"),
        ("hv.d_json[]", "ARRAY['null','1']::hv.d_json[]"),
    )
]
CASES = [loads(line) for line in (EXAMPLES / "values.jsonl").read_text(encoding="utf-8").splitlines()] + MORE


async def there_and_back(base: Repositories, name: str) -> tuple[str, list[str | None]]:
    """Read the value of a table's one row, write it back alone and in a batch; what PostgreSQL then has, as text."""
    relation = await base.relation(name)
    plan = Select(relation=relation, columns=("v",), page=Page(limit=1), bounds=EVERYTHING)
    result = await base.tables.select(plan, wire())
    assert isinstance(result.rows, WireRows)
    # Found by its key a row is put together here, else on the server: to the same letter.
    by_key = parse({"id": 1}, relation, Moment(datetime.now(UTC)))
    assert (await base.tables.select(evolve(plan, filter=by_key), wire())).rows == result.rows, name
    text = to_text(loads(result.rows.rows[0])[0], relation.by_name["v"].type)
    add = Insert(relation=relation, bounds=EVERYTHING)
    await base.tables.insert(add, Batch(columns=("id", "v"), rows=(("2", text),)), wire())
    await base.tables.insert(add, Batch(columns=("id", "v"), rows=(("3", text), ("4", text))), wire())
    rows = await base.texts(f"SELECT concat(v, v::text, v IS DISTINCT FROM NULL) FROM {name} ORDER BY id")
    return result.rows.rows[0], [row[0] for row in rows]


@pytest.mark.parametrize("settings", [pytest.param((), id="usual"), pytest.param(ODD_INPUT, id="odd")])
async def test_what_is_read_can_be_written_back_unchanged(
    make_database: MakeDatabase, settings: tuple[str, ...]
) -> None:
    """Every example's value comes back from its JSON as the very same value, alone and in a batch."""
    dsn = await make_database(SETUP)
    made = await prepare(
        dsn,
        {
            number: f"CREATE TABLE v{number} (id int PRIMARY KEY, v {case['type']}); "
            f"INSERT INTO v{number} SELECT 1, {_typed(case)}"
            for number, case in enumerate(CASES)
        },
        settings,
    )
    async with repositories(dsn) as base:
        seen = {number: await there_and_back(base, f"v{number}") for number in made}
    changed = {CASES[number]["type"]: row for number, (row, texts) in seen.items() if texts != [texts[0]] * 4}
    assert changed == {}
    assert len(made) > len(CASES) - 10


def _typed(case: Mapping[str, Any]) -> str:
    literal: str = case["literal"]
    return f"({literal})::{case['type']}" if literal.startswith("ROW") else literal


SHOWN = {
    "a numeric keeps its digits": ("'1.50'::numeric", "[1.50]"),
    "sixteen digits are a string": ("'1234567890123456'::numeric", '["1234567890123456"]'),
    "leading zeros don't count": ("'0.000000000000000001'::numeric", "[0.000000000000000001]"),
    "NaN": ("'NaN'::numeric", '["NaN"]'),
    "fifteen digits": ("999999999999999::int8", "[999999999999999]"),
    "a large int8": ("'-9007199254740993'::int8", '["-9007199254740993"]'),
    "minus zero": ("'-0'::float8", "[-0]"),
    "infinity": ("'Infinity'::float4", '["Infinity"]'),
    "money": ("'1234.5'::money", "[1234.50]"),
    "bool": ("true", "[true]"),
    "NULL": ("NULL::int4", "[null]"),
    "blanks of char": ("'ab'::char(4)", '["ab  "]'),
    "text": (r"E'a\"b\\c\n'::text", r'["a\"b\\c\n"]'),
    "inet without a mask": ("'10.0.0.1'::inet", '["10.0.0.1"]'),
    "bytea": (r"'\x00ff'::bytea", r'["\\x00ff"]'),
    "date": ("'2024-02-29'::date", '["2024-02-29"]'),
    "date BC": ("'0044-03-15 BC'::date", '["0044-03-15 BC"]'),
    "timestamp": ("'2024-02-29 12:34:56.789'::timestamp", '["2024-02-29T12:34:56.789"]'),
    "past 9999": ("'10000-01-01'::timestamp", '["10000-01-01 00:00:00"]'),
    "timestamptz BC": ("'0044-03-15 12:00:00+00 BC'::timestamptz", '["0044-03-15 12:00:00+00 BC"]'),
    "timestamptz": ("'2024-01-01 00:00+00'::timestamptz", '["2024-01-01T00:00:00+00:00"]'),
    "timestamptz infinity": ("'-infinity'::timestamptz", '["-infinity"]'),
    "interval": ("'1 year -2 mons 3 days -04:05:06.70'::interval", '["P10M3DT-4H-5M-6.7S"]'),
    "empty interval": ("'0'::interval", '["PT0S"]'),
    "infinite interval": ("'infinity'::interval", '["infinity"]'),
    "JSON null": ("'null'::jsonb", '[{"$json":null}]'),
    "wrapped document": ("'{\"$json\":1}'::jsonb", '[{"$json":{"$json": 1}}]'),
    "digits of json": ("'1e400'::json", "[1e400]"),
    "array": ("'{1,NULL}'::int4[]", "[[1,null]]"),
    "two dimensions": ("'{{1,9007199254740993}}'::int8[]", '[[[1,"9007199254740993"]]]'),
    "empty array": ("'{}'::int8[]", "[[]]"),
    "another lower bound": ("'[2:3]={1,2}'::int8[]", '["[2:3]={1,2}"]'),
    "row of NULLs": ("ROW(NULL,NULL)::hv.pair", '[{"a":null,"b":null}]'),
    "array of composites": ("ARRAY[ROW(1,'x')::hv.pair,NULL]", '[[{"a":1,"b":"x"},null]]'),
    "range": ("'[1,3)'::int4range", '["[1,3)"]'),
    "enum": ("'dq\"x'::hv.mood", r'["dq\"x"]'),
    "extension type": ("'Ab'::citext", '["Ab"]'),
}


async def test_json_of_values(make_database: MakeDatabase) -> None:
    """A value's JSON is what the interface says, whatever the session's own settings."""
    dsn = await make_database(SETUP)
    views = {name: f"CREATE VIEW v{number} AS SELECT {SHOWN[name][0]} AS v" for number, name in enumerate(SHOWN)}
    made = await prepare(dsn, views, ODD_SETTINGS)
    async with repositories(dsn) as base:
        got = {name: await shown(base, f"v{list(SHOWN).index(name)}") for name in made}
    assert got == {name: WireRows.of((SHOWN[name][1],)) for name in made}
    assert len(made) > len(SHOWN) - 2


async def shown(base: Repositories, view: str) -> WireRows | NativeRows:
    """What a view of one value gives."""
    plan = Select(relation=await base.relation(view), columns=("v",), page=Page(limit=1), bounds=Bounds())
    return (await base.tables.select(plan, wire())).rows


async def prepare(dsn: str, statements: Mapping[K, str], settings: tuple[str, ...] = ()) -> list[K]:
    """Run statements, and give the database's sessions settings; which of the statements this server takes."""
    made = []
    connection = await asyncpg.connect(dsn)
    try:
        for key, statement in statements.items():
            with suppress(*ABSENT):
                await connection.execute(statement)
                made.append(key)
        name = await connection.fetchval("SELECT current_database()")
        for setting in settings:
            await connection.execute(f'ALTER DATABASE "{name}" SET {setting}')
    finally:
        await connection.close()
    return made


async def test_native_values_are_made_from_the_same_json(make_database: MakeDatabase) -> None:
    """A Python caller gets Python values of the same row."""
    dsn = await make_database("CREATE TABLE t (a int, b text[]); INSERT INTO t VALUES (1, '{x,NULL}');")
    async with repositories(dsn) as base:
        plan = Select(relation=await base.relation("t"), columns=("a", "b"), page=Page(limit=1), bounds=Bounds())
        result = await base.tables.select(plan, native())
    assert result.rows == NativeRows(((1, ["x", None]),))
