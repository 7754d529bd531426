"""A table that somebody else changes between two calls: what is kept of it stands in nobody's way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import chain, product
from typing import Any

import asyncpg
import pytest

import pgmcp
from tests.fixtures.postgres import MakeDatabase

SCHEMA = """
CREATE TYPE mood AS ENUM ('ok');
CREATE TABLE item (
    id int PRIMARY KEY, n int4, big int8, exact numeric, flag bool, at timestamptz, day date, code uuid, doc jsonb,
    mood mood);
INSERT INTO item VALUES (
    1, 5, 6, 1.50, true, '2024-01-01 00:00+00', '2024-01-01', '6bce05df-9831-da77-99a5-edc4f7abfbec', '{}', 'ok');
"""
ODD = '{"x"'  # no JSON, and no value of any type but text


@pytest.fixture
async def owner(make_database: MakeDatabase) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    """Somebody who changes the table past pgmcp, and the database's address."""
    dsn = await make_database(SCHEMA)
    connection = await asyncpg.connect(dsn)
    yield connection, dsn
    await connection.close()


@pytest.mark.parametrize("column", ["n", "big", "exact", "flag", "at", "day", "code", "doc"])
async def test_a_column_that_became_text(owner: tuple[asyncpg.Connection, str], driver: str, column: str) -> None:
    """Its text is never taken for what it was: by key, by page, in a statement of the caller's own."""
    connection, dsn = owner
    query = f"SELECT {column} FROM item"
    async with pgmcp.connect(dsn, driver=driver) as client:
        for filters in ({"id": 1}, None):
            await client.call(pgmcp.ReadRequest(table="item", columns=[column], filters=filters))
        await client.call(pgmcp.ExecuteQueryRequest(query=query))
        await connection.execute(f"ALTER TABLE item ALTER {column} TYPE text USING '{ODD}'")
        expected = {column: ODD}
        by_key = await client.call(pgmcp.ReadRequest(table="item", columns=[column], filters={"id": 1}))
        assert (by_key.rows, by_key.types) == ([expected], ("text",))
        assert (await client.call(pgmcp.ReadRequest(table="item", columns=[column]))).rows == [expected]
        own = await client.call(pgmcp.ExecuteQueryRequest(query=query))
        assert isinstance(own, pgmcp.DataResponse)
        assert own.rows == [expected]


async def test_what_was_added_is_there_at_once(owner: tuple[asyncpg.Connection, str], driver: str) -> None:
    """A column, a label: described, read, filtered and written by, without waiting for what is kept to grow old."""
    connection, dsn = owner
    async with pgmcp.connect(dsn, driver=driver) as client:
        await client.call(pgmcp.DescribeTableRequest(table="item"))
        await client.call(pgmcp.ReadRequest(table="item", filters={"id": 1}))
        await connection.execute("ALTER TABLE item ADD COLUMN extra text DEFAULT 'new'")
        described = (await client.call(pgmcp.DescribeTableRequest(table="item"))).document
        assert described["columns"][-1] == {"name": "extra", "type": "text", "default": "'new'::text"}
        await connection.execute("ALTER TABLE item ADD COLUMN more int DEFAULT 7")
        found = await client.call(pgmcp.ReadRequest(table="item", columns=["more"], filters={"more": 7}))
        assert found.rows == [{"more": 7}]
        await connection.execute("ALTER TYPE mood ADD VALUE 'fine'")
        changed = await client.call(
            pgmcp.UpdateRequest(table="item", filters={"id": 1}, data={"mood": "fine"}, returning=["mood"])
        )
        assert isinstance(changed, pgmcp.DataResponse)
        assert changed.rows == [{"mood": "fine"}]


async def test_a_mistake_is_one_still(owner: tuple[asyncpg.Connection, str], driver: str) -> None:
    """What was never there is not there after another look."""
    _, dsn = owner
    async with pgmcp.connect(dsn, driver=driver) as client:
        await client.call(pgmcp.ReadRequest(table="item"))
        for _ in range(2):
            with pytest.raises(pgmcp.ValidationError) as caught:
                await client.call(pgmcp.ReadRequest(table="item", columns=["nn"]))
            assert (caught.value.code.name, caught.value.hint) == ("unknown_column", "Did you mean 'n'?")


SWAPPED = """
ALTER TABLE item RENAME n TO x; ALTER TABLE item RENAME big TO n; ALTER TABLE item RENAME x TO big;
ALTER TABLE item RENAME doc TO document
"""
WHOLE = {
    "SELECT * FROM item": True,
    "TABLE item": True,
    "SELECT i.*, 1 AS one FROM item AS i": True,
    "UPDATE item SET flag = flag RETURNING *": False,
}


@pytest.mark.parametrize("query", WHOLE)
async def test_columns_that_changed_names_are_under_their_own(
    owner: tuple[asyncpg.Connection, str], driver: str, query: str
) -> None:
    """In a statement with a star, where PostgreSQL says nothing of it."""
    connection, dsn = owner
    statement = pgmcp.ExecuteQueryRequest(query=query, read_only=WHOLE[query])
    async with pgmcp.connect(dsn, driver=driver, access="write") as client:
        await client.call(statement)
        await connection.execute(SWAPPED)
        found = await client.call(statement)
        read = await client.call(pgmcp.ReadRequest(table="item"))
    assert isinstance(found, pgmcp.DataResponse)
    for row in (found.rows[0], read.rows[0]):
        assert {name: row[name] for name in ("n", "big", "document")} == {"n": 6, "big": 5, "document": {}}
        assert "doc" not in row


VALUES = {
    "int2": "7",
    "int4": "70000",
    "int8": "9007199254740993",
    "numeric": "0.12345678901234567890",
    "float4": "'NaN'",
    "float8": "'-Infinity'",
    "money": "12.50::numeric::money",
    "text": "'1e400'",
    "date": "'2024-01-02'",
    "timestamp": "'2024-01-02 03:04:05'",
    "timestamptz": "'2024-01-02 03:04:05+02'",
    "bool": "true",
    "int8[]": "'{9007199254740993}'",
    "float8[]": "'{NaN}'",
    "inet": "'1.2.3.4'",
    "int4range": "'[1,2)'",
    "mood": "'ok'",
}

# Each becomes each other one of these: PostgreSQL would cast, or take one for another.
ALIKE = ("int4", "int8", "numeric", "float8", "date", "timestamp", "int8[]")


async def test_a_column_of_another_type(owner: tuple[asyncpg.Connection, str], driver: str) -> None:
    """Each type that becomes another one is written by its own rules, by key, by page and in one's own statement."""
    connection, dsn = owner
    asked: dict[str, dict[str, Any]] = {
        "read_table, by key": {"table": "item", "columns": ["v"], "filters": {"id": 1}},
        "read_table": {"table": "item", "columns": ["v"]},
        "execute_query": {"query": "SELECT v FROM item"},
    }

    async def answers(client: pgmcp.Client) -> dict[str, str]:
        tools = {each.name: each for each in client.tools()}
        return {what: await tools[what.partition(",")[0]].call(arguments) for what, arguments in asked.items()}

    async def become(type_: str) -> None:
        await connection.execute(f"ALTER TABLE item ALTER v TYPE {type_} USING ({VALUES[type_]})::{type_}")

    await connection.execute("ALTER TABLE item ADD v bool")
    expected = {}
    for type_ in VALUES:
        await become(type_)
        async with pgmcp.connect(dsn, driver=driver) as anew:
            expected[type_] = await answers(anew)
    async with pgmcp.connect(dsn, driver=driver) as kept:
        before = type_
        for after in (*VALUES, *chain.from_iterable(product(ALIKE, ALIKE))):
            await become(after)
            assert (before, after, await answers(kept)) == (before, after, expected[after])
            before = after


STARS = {
    "SELECT * FROM item": True,
    "TABLE item": True,
    "SELECT i.* FROM item AS i": True,
    "WITH q AS (SELECT * FROM item) SELECT * FROM q -- all": True,
    "SELECT (item).* FROM item": True,
    "UPDATE item SET n = 6 RETURNING *": False,
    "WITH q AS (SELECT 1) DELETE FROM item RETURNING *": False,
    "INSERT INTO item (id) VALUES (2) RETURNING *": False,
}


@pytest.mark.parametrize("query", STARS)
async def test_a_column_that_was_added_is_in_a_star(
    owner: tuple[asyncpg.Connection, str], driver: str, query: str
) -> None:
    """What a statement gives is what it gives now, for the second time as for the first."""
    connection, dsn = owner
    again = "INSERT INTO item (id) VALUES (3) RETURNING *" if query.startswith("INSERT") else query
    async with pgmcp.connect(dsn, driver=driver, access="write") as client:
        statement = pgmcp.ExecuteQueryRequest(query=query, read_only=STARS[query])
        first = await client.call(statement)
        await connection.execute("ALTER TABLE item ADD COLUMN added int NOT NULL DEFAULT 7")
        if "DELETE" in query or again != query:
            await connection.execute("DELETE FROM item")
            await connection.execute("INSERT INTO item (id) VALUES (1)")
        second = await client.call(statement)
        assert isinstance(first, pgmcp.DataResponse)
        assert isinstance(second, pgmcp.DataResponse)
        assert second.columns == (*first.columns, "added")
        assert [row["added"] for row in second.rows] == [7]


async def test_a_star_of_nothing_and_of_anything(owner: tuple[asyncpg.Connection, str], driver: str) -> None:
    """Columns of every kind may stand beside a star, and none at all."""
    connection, dsn = owner
    await connection.execute("CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES")
    async with pgmcp.connect(dsn, driver=driver, access="write") as client:
        found = {}
        for query in (
            "SELECT * FROM bare",
            "SELECT row(1, 'x') AS r, array[row(1)] AS a, NULL AS n, 'u' AS u, i.id AS id, i.* FROM item AS i",
            "SELECT '(1,2)'::point AS p, 'a'::char AS x, '{}'::json AS j, * FROM bare",
            "SELECT count(*) * 2 AS c FROM item",
        ):
            answer = await client.call(pgmcp.ExecuteQueryRequest(query=query))
            assert isinstance(answer, pgmcp.DataResponse)
            found[query] = (len(answer.rows), len(answer.columns))
    assert list(found.values()) == [(1, 0), (1, 15), (1, 3), (1, 1)]
