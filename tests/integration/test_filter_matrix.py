"""Every operator on every type that it works on, beside the SQL that it means: on both drivers and in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from attrs import frozen

from pgmcp.adapters.memory.declare import column, enum
from pgmcp.adapters.memory.declare import table as declare
from pgmcp.adapters.memory.typenames import builtin
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.filters.keys import resolve
from pgmcp.domain.filters.operators import OPERATORS, working_on
from pgmcp.domain.json import dumps, loads
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import GEOMETRIES
from tests.fixtures.adapters import Database, in_memory, over_postgres
from tests.fixtures.postgres import TestServer
from tests.fixtures.type_samples import EXTENSIONS, OWN_TYPES, READ_ONLY, SAMPLES
from tests.integration.test_every_type import ROW_TYPES, TYPES

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow, pytest.mark.timeout(300)]

REFUSED = "feature_not_supported"
UNDEFINED = "undefined_object"
# Their values are periods, and a moment: tests of their own look at them on each type.
ELSEWHERE = {"relative"}
Case = tuple[Mapping[str, Any], str]
Means = Callable[[str, str, str], str]

COMPARED: Mapping[str, Means] = {
    "eq": "{0} = {1}".format,
    "ne": "{0} <> {1}".format,
    "gt": "{0} > {1}".format,
    "gte": "{0} >= {1}".format,
    "lt": "{0} < {1}".format,
    "lte": "{0} <= {1}".format,
    "distinct_from": "{0} IS DISTINCT FROM {1}".format,
    "contains": "{0} @> {1}".format,
    "contained_by": "{0} <@ {1}".format,
    "overlap": "{0} && {1}".format,
    "adjacent": "{0} -|- {1}".format,
    "left_of": "{0} << {1}".format,
    "right_of": "{0} >> {1}".format,
    "jsonb_contains": "{0} @> {1}".format,
    "jsonb_contained_by": "{0} <@ {1}".format,
}
"""Of the column's value and another of its type."""
NETWORK: Mapping[str, Means] = {
    "contains": "{0} >>= {1}".format,
    "contained_by": "{0} <<= {1}".format,
    "overlap": "{0} && {1}".format,
    "subnet_of": "{0} << {1}".format,
    "supernet_of": "{0} >> {1}".format,
}
FIXED: Mapping[str, Sequence[tuple[Any, str]]] = {
    # A composite of NULLs is not NULL.
    "is": [("null", "NOT {0} IS DISTINCT FROM NULL"), ("not null", "{0} IS DISTINCT FROM NULL")],
    "like": [("%a%", "{0} LIKE '%a%'"), ("_b", "{0} LIKE '_b'")],
    "ilike": [("%A%", "{0} ILIKE '%A%'")],
    "match": [("^a|É", "{0} ~ '^a|É'")],
    "imatch": [("^A", "{0} ~* '^A'")],
    "starts_with": [("a", "{0} LIKE 'a%'"), ("", "{0} IS NOT NULL")],
    "ends_with": [("b", "right({0}::text, 1) = 'b'")],
    "fts": [
        ({"query": "a", "language": "simple"}, "to_tsvector('simple', {0}) @@ websearch_to_tsquery('simple', 'a')"),
        ({"query": "a & !b", "type": "raw", "language": "simple"}, "to_tsvector('simple', {0}) @@ 'a & !b'::tsquery"),
    ],
    "array_length": [(2, "coalesce(array_length({0}, 1), 0) = 2 AND {0} IS NOT NULL"), (0, "cardinality({0}) = 0")],
    "array_length_gt": [(1, "array_length({0}, 1) > 1")],
    "array_length_gte": [(2, "array_length({0}, 1) >= 2")],
    "array_length_lt": [(2, "coalesce(array_length({0}, 1), 0) < 2 AND {0} IS NOT NULL")],
    "array_length_lte": [(1, "coalesce(array_length({0}, 1), 0) <= 1 AND {0} IS NOT NULL")],
    "has_key": [("a", "{0} ? 'a'")],
    "has_any_keys": [(["a", "b"], "{0} ?| ARRAY['a', 'b']")],
    "has_all_keys": [(["a", "b"], "{0} ?& ARRAY['a', 'b']")],
    "jsonb_path": [("$.a[*] ? (@ == 1)", "{0} @? '$.a[*] ? (@ == 1)'")],
    "jsonb_path_match": [("$.b == 1.5", "{0} @@ '$.b == 1.5'")],
}
TRUTHS = [("true", "{0} IS TRUE"), ("false", "{0} IS FALSE"), ("unknown", "{0} IS UNKNOWN")]


@frozen
class Server:
    """A table of each type, each with its samples alone (`v`) and in arrays (`a`), behind a driver."""

    database: Database
    plain: asyncpg.Connection[asyncpg.Record]
    names: Sequence[str]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(postgres: TestServer, driver: str) -> AsyncIterator[Server]:
    """Every type that this server has values of."""
    dsn = await postgres.new_database(OWN_TYPES)
    plain = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        for extension in EXTENSIONS:
            with suppress(asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError):
                await plain.execute(f"CREATE EXTENSION {extension}")
        names = [
            row["name"]
            for row in await plain.fetch(TYPES, ROW_TYPES)
            if row["name"] not in READ_ONLY and await _filled(plain, row)
        ]
        async with over_postgres(dsn, driver) as database:
            yield Server(database, plain, names)
    finally:
        await plain.close()
    await postgres.drop_database(dsn)


async def _filled(plain: asyncpg.Connection[asyncpg.Record], row: asyncpg.Record) -> bool:
    """Make the table of a type; False where the server is built without it."""
    name, spelt, samples = row["name"], row["spelt"], SAMPLES[row["name"]]
    elements = [*('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in samples), "NULL"]
    mark = row["delimiter"]
    arrays = ["{}", f"{{{mark.join(elements)}}}", f"{{{elements[0]}}}", f"{{{elements[0]}{mark}{elements[-2]}}}"]
    values = [
        *((each, None) for each in samples),
        *((None, each) for each in arrays),
        (None, f"[2:2]={{{elements[0]}}}"),
    ]
    try:
        await plain.execute(f'CREATE TABLE "{_table(name)}" (id int PRIMARY KEY, v {spelt}, a {spelt}[])')
        for number, (value, array) in enumerate([*values, (None, None)]):
            await plain.execute(f'INSERT INTO "{_table(name)}" SELECT {number}, {_literal(value)}, {_literal(array)}')
    except asyncpg.FeatureNotSupportedError:
        return False
    return True


def _table(name: str) -> str:
    """A type's own name is a table's already where the type is one."""
    return f"of_{name}"


def _literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


async def test_every_operator_means_its_sql(server: Server) -> None:
    """On each type that it works on, whatever the type: the very rows of the SQL."""
    got, want, seen = {}, {}, set()
    for name in server.names:
        table = _table(name)
        relation = await server.database.relation(table)
        for filters, sql in cases(relation, await rows(server.database, table)):
            got[name, dumps(filters)] = await ids(server.database, table, filters)
            want[name, dumps(filters)] = await meant(server.plain, table, sql)
            seen |= {operator for condition in filters.values() for operator in condition}
    assert {key: (found, want[key]) for key, found in got.items() if found != want[key]} == {}
    shapes = {name for name, operator in OPERATORS.items() if _works_on_shapes_alone(operator.fits)}
    assert OPERATORS.keys() - seen - ELSEWHERE == shapes


async def test_memory_means_it_too(server: Server) -> None:
    """On each type that it has, memory finds what PostgreSQL finds, or says that it can't."""
    wrong, found = {}, 0
    for name in server.names:
        type_ = enum("mood", *SAMPLES["mood"]) if name == "mood" else builtin(name)
        # What a declaration calls `char` is another type than PostgreSQL's own "char".
        if type_ is None or type_.name != name:
            continue
        table = _table(name)
        relation = await server.database.relation(table)
        there = await rows(server.database, table)
        columns = {"id": column("int4", nullable=False), "v": column(type_)}
        spec = declare(columns=columns, primary_key="id", rows=[{"id": row[0], "v": row[1]} for row in there])
        async with in_memory({table: spec}) as memory:
            for filters, _ in cases(relation, there):
                if "a" in filters:
                    continue
                one, other = await ids(memory, table, filters), await ids(server.database, table, filters)
                found += one != REFUSED
                if one not in (REFUSED, other):
                    wrong[name, dumps(filters)] = (one, other)
    assert wrong == {}
    assert found > 700  # what it can do may only grow


def cases(relation: Relation, there: Sequence[Sequence[Any]]) -> Iterator[Case]:
    """Filters on both columns of a type's table, with what they mean."""
    for name, place in (("v", 1), ("a", 2)):
        target = resolve(name, relation, "filters")
        values = [(row[0], row[place]) for row in there if row[place] is not None]
        some = [values[0], values[-1]] if name == "v" else values[1:3]
        sql = f"{name}::jsonb" if target.type.tag == "json" else name
        for operator in set(working_on(target)) - ELSEWHERE:
            for value, means in _meanings(operator, target.type.tag, name, some, there):
                yield {name: {operator: value}}, means.replace("{0}", sql)


def _meanings(
    operator: str, tag: str, name: str, values: Sequence[tuple[int, Any]], there: Sequence[Sequence[Any]]
) -> Iterator[tuple[Any, str]]:
    cast = "::jsonb" if tag == "json" else ""
    others = [(value, f"(SELECT {name}{cast} FROM {{table}} WHERE id = {number})") for number, value in values]
    means = (NETWORK if tag in {"inet", "cidr"} else {}).get(operator) or COMPARED.get(operator)
    if means is not None:
        yield from ((value, means("{0}", sql, "")) for value, sql in others)
    elif operator in {"in", "nin"}:
        word = "IN" if operator == "in" else "NOT IN"
        yield [value for value, _ in others], f"{{0}} {word} ({', '.join(sql for _, sql in others)})"
        yield [], "false" if operator == "in" else "true"
    elif operator == "between":
        for (low, low_sql), (high, high_sql) in ((others[0], others[-1]), (others[-1], others[0])):
            yield [low, high], f"{{0}} BETWEEN {low_sql} AND {high_sql}"
    elif operator == "any":
        number, value = next((row[0], row[1]) for row in there if row[1] is not None)
        yield value, f"(SELECT v FROM {{table}} WHERE id = {number}) = ANY ({{0}})"
    elif operator in FIXED:
        yield from (
            (value, sql.replace("to_tsvector('simple', {0})", "{0}") if tag == "tsvector" else sql)
            for value, sql in (*FIXED[operator], *(TRUTHS if operator == "is" and tag == "bool" else ()))
        )


def _works_on_shapes_alone(fits: Callable[[Any], bool]) -> bool:
    return fits.__qualname__.startswith("_is_shape")


async def rows(database: Database, table: str) -> list[list[Any]]:
    """The rows in wire form: id, the value alone, the array."""
    return [loads(row) for row in await database.rows(table, order="id")]


async def ids(database: Database, table: str, filters: Mapping[str, Any]) -> str | list[int]:
    """The ids that a filter finds, or the code of the error."""
    try:
        found = await database.rows(table, filters, columns=["id"], order="id")
    except PgmcpError as error:
        return error.code.name
    return [int(loads(row)[0]) for row in found]


async def meant(plain: asyncpg.Connection[asyncpg.Record], table: str, sql: str) -> str | list[int]:
    """The ids for which a condition is true, or that PostgreSQL has no such operator."""
    condition = sql.replace("{table}", f'"{table}"')
    try:
        return [row["id"] for row in await plain.fetch(f'SELECT id FROM "{table}" WHERE {condition} ORDER BY id')]
    except asyncpg.UndefinedFunctionError:
        return UNDEFINED


async def test_shapes_have_their_own_table() -> None:
    """What works on geometry alone is left to the table of meanings."""
    assert {"near", "within"} <= {name for name, each in OPERATORS.items() if _works_on_shapes_alone(each.fits)}
    assert {"point", "circle"} <= GEOMETRIES
