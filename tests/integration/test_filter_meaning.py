"""A table of filters and the SQL conditions that they mean: both find the same rows, on each adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from pgmcp.adapters.memory.declare import TableSpec, enum, table
from pgmcp.adapters.postgres.naming import quote
from pgmcp.domain.errors import PgmcpError, QueryError, ValidationError
from pgmcp.domain.filters.keys import resolve
from pgmcp.domain.filters.operators import OPERATORS, working_on
from pgmcp.domain.json import loads
from pgmcp.domain.values.types import GEOMETRIES
from tests.fixtures.adapters import Database, in_memory, native, over_postgres
from tests.fixtures.postgres import MakeDatabase, TestServer
from tests.fixtures.repositories import native as native_call

FILTERS = Path(__file__).parents[1] / "fixtures" / "filters"
SCHEMA = (FILTERS / "meaning.sql").read_text(encoding="utf-8")
CASES: list[dict[str, Any]] = [loads(line) for line in (FILTERS / "meaning.jsonl").read_text("utf-8").splitlines()]
REFUSED = "feature_not_supported"
# What memory has of the table `things`: the types that it can declare.
IN_MEMORY = {
    **dict.fromkeys(("id", "n"), "int4"),
    "small": "int2",
    "big": "int8",
    "num": "numeric",
    "f": "float8",
    "r4": "float4",
    "flag": "bool",
    "name": "text",
    "code": "varchar(12)",
    "fix": "char(6)",
    "body": "text",
    "email": "text",
    "pos": "int4",
    "d": "date",
    "seen_d": "date",
    "ts": "timestamptz",
    "seen": "timestamptz",
    "tsn": "timestamp",
    "seen_n": "timestamp",
    "t": "time",
    "iv": "interval",
    "u": "uuid",
    "data": "bytea",
    "ints": "int4[]",
    "tags": "text[]",
    "days": "date[]",
    "js": "json",
    "doc": "jsonb",
    "ip": "inet",
    "net": "cidr",
    "r": "int4range",
    "nr": "numrange",
    "dr": "daterange",
    "tr": "tstzrange",
}
MOOD = enum("hf_mood", "sad", "ok", "happy", "Über glad")


async def test_a_filter_finds_what_its_condition_finds(make_database: MakeDatabase, driver: str) -> None:
    """Each filter of the table finds the very rows of the SQL beside it."""
    dsn = await make_database(SCHEMA)
    async with over_postgres(dsn, driver) as database:
        got = {shown(case): await ids(database, case) for case in CASES}
    assert got == await meant(dsn)


async def test_arrays_of_what_has_no_equality_are_not_compared(make_database: MakeDatabase, driver: str) -> None:
    """Boxes compare by area where they stand alone, and not at all inside of arrays: told before anything is sent."""
    dsn = await make_database("CREATE TABLE shapes (id int PRIMARY KEY, bs box[], cs circle[])")
    async with over_postgres(dsn, driver) as database:
        for column in ("bs", "cs"):
            for name in ("eq", "distinct_from", "any", "contains"):
                with pytest.raises(ValidationError) as caught:
                    await database.rows("shapes", {column: {name: ["(0,0),(1,1)"]}})
                found = (caught.value.code.name, caught.value.path)
                assert found == ("filter_operator_mismatch", f"filters.{column}.{name}")


MISTAKEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "a range turned round": ({"r": {"overlap": "[5,1)"}}, "filters.r.overlap", "22000"),
    "a list of ranges": ({"r": {"in": ["[1,5)", "[5,1)"]}}, "filters.r.in[1]", "22000"),
    "deep inside": ({"or": [{"n": 1}, {"not": {"dr": "[2024-02-01,2024-01-01)"}}]}, "filters.or[1].not.dr", "22000"),
    "an offset of days": ({"ts": "2024-01-01T00:00:00+99:00"}, "filters.ts", "22009"),
}


async def test_memory_says_of_a_mistake_what_the_server_says(postgres: TestServer) -> None:
    """What only a server can tell has its code and its place in both."""
    dsn = await postgres.new_database(SCHEMA)
    async with over_postgres(dsn) as server, in_memory({"things": await declared(server)}) as memory:
        for wanted, path, sqlstate in MISTAKEN.values():
            for database in (server, memory):
                with pytest.raises(QueryError) as caught:
                    await database.rows("things", wanted)
                assert (caught.value.path, caught.value.sqlstate) == (path, sqlstate)


async def test_memory_finds_it_too(postgres: TestServer) -> None:
    """On the types that it has, memory finds the same rows, or says that it can't."""
    dsn = await postgres.new_database(SCHEMA)
    async with over_postgres(dsn) as server, in_memory({"things": await declared(server)}) as memory:
        cases = [case for case in CASES if case["table"] == "things" and await is_known(memory, case)]
        got = {shown(case): await ids(memory, case) for case in cases}
    want = await meant(dsn)
    refused = {key for key, found in got.items() if found == REFUSED}
    assert {key: found for key, found in got.items() if key not in refused} == {
        key: want[key] for key in got if key not in refused
    }
    # What it can do may only grow.
    assert (len(got) - len(refused)) >= 200


async def test_the_rows_tell_filters_apart(postgres: TestServer) -> None:
    """Hardly a condition of the table holds for no row or for every one: a wrong filter would show."""
    found = await meant(await postgres.new_database(SCHEMA))
    assert len([rows for rows in found.values() if 0 < len(rows) < 120]) > len(found) - 15


def test_every_operator_has_a_meaning() -> None:
    """No operator of the language is left out of the table."""
    said = {key for case in CASES for key in keys(case["filters"])}
    assert OPERATORS.keys() - said == set()


async def test_every_operator_on_shapes_has_a_meaning_on_each_of_them(make_database: MakeDatabase) -> None:
    """What works on geometry differs from shape to shape, so each pair stands in the table."""
    async with over_postgres(await make_database(SCHEMA)) as database:
        relation = await database.relation("things")
    shapes = {name: resolve(name, relation, "filters") for name in relation.by_name}
    shapes = {name: target for name, target in shapes.items() if target.type.tag in GEOMETRIES}
    wanted = {(target.type.tag, name) for target in shapes.values() for name in working_on(target) if name != "is"}
    said = {
        (shapes[column].type.tag, name)
        for case in CASES
        for column, condition in case["filters"].items()
        if column in shapes and isinstance(condition, dict)
        for name in condition
    }
    assert {target.type.tag for target in shapes.values()} == GEOMETRIES
    assert wanted - said == set()


async def ids(database: Database, case: Mapping[str, Any]) -> str | list[int]:
    """The ids that a filter finds, or the code of the error."""
    try:
        rows = await database.rows(case["table"], case["filters"], columns=["id"], order="id")
    except PgmcpError as error:
        return error.code.name
    return [int(loads(row)[0]) for row in rows]


async def meant(dsn: str) -> dict[str, list[int]]:
    """The ids that each condition finds."""
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        return {
            shown(case): [
                row["id"]
                for row in await connection.fetch(
                    f"SELECT id FROM {quote(case['table'])} WHERE {case['where']} ORDER BY id"
                )
            ]
            for case in CASES
        }
    finally:
        await connection.close()


async def declared(server: Database) -> TableSpec:
    """The server's rows as a declaration, as far as memory has their types."""
    columns = (*IN_MEMORY, "mood")
    plan = await server.plan("things", columns=columns, order="id")
    rows = native(await server.tables.select(plan, native_call()))
    return table(
        columns={**IN_MEMORY, "mood": MOOD},
        primary_key="id",
        rows=[dict(zip(columns, row, strict=True)) for row in rows],
    )


async def is_known(memory: Database, case: Mapping[str, Any]) -> bool:
    """Whether memory has the columns of a filter."""
    try:
        await memory.filter("things", case["filters"])
    except ValidationError:
        return False
    return True


def shown(case: Mapping[str, Any]) -> str:
    """What tells a case apart."""
    return f"{case['table']}: {case['filters']} means {case['where']}"


def keys(said: Any) -> Iterator[str]:
    """The keys of a filter, at any depth."""
    if isinstance(said, dict):
        for key, value in said.items():
            yield key
            yield from keys(value)
    elif isinstance(said, list):
        for value in said:
            yield from keys(value)
