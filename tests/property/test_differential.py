"""Memory and PostgreSQL on the same random tables: filters and orders give the same rows, or are refused by name."""

from __future__ import annotations

from contextlib import AsyncExitStack
from itertools import count
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from pgmcp.adapters.memory.declare import TableSpec, table
from pgmcp.adapters.memory.typenames import BUILTIN, read_type
from pgmcp.domain.errors import PgmcpError, ValidationError
from pgmcp.domain.filters.tree import Literal
from pgmcp.domain.plans import Page
from tests.fixtures.adapters import Database, in_memory, over_postgres, wire
from tests.fixtures.declared import sql_of
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.random_tables import filters, tables
from tests.fixtures.value_pools import MOOD, POOLS

REFUSED = "feature_not_supported"
PAGE = 3
_NUMBERS = count()
SHARED = settings(
    deadline=None,
    # One database serves all examples of a test: each makes a table of its own in it.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture
async def dsn(make_database: MakeDatabase) -> str:
    """A database with the enum that random tables use."""
    labels = ", ".join(f"'{label}'" for label in MOOD.labels)
    return await make_database(f"CREATE TYPE mood AS ENUM ({labels})")


async def pair(
    stack: AsyncExitStack, dsn: str, spec: TableSpec, driver: str | None = None
) -> tuple[Database, Database, str]:
    """The same table in memory and in PostgreSQL, and its name."""
    name = f"t{next(_NUMBERS)}"
    connection = await asyncpg.connect(dsn)
    try:
        script = [line for line in sql_of({name: spec}).split(";\n") if not line.startswith("CREATE TYPE")]
        await connection.execute(";\n".join(script))
    finally:
        await connection.close()
    memory = await stack.enter_async_context(in_memory({name: spec}))
    return memory, await stack.enter_async_context(over_postgres(dsn, driver)), name


async def outcome(database: Database, table: str, wanted: dict[str, Any], order: Any = None) -> str | list[str]:
    """The rows of a read in their order, or the error's code."""
    try:
        return await database.rows(table, wanted, order=order)
    except PgmcpError as error:
        return error.code.name


@pytest.mark.slow
@settings(SHARED, max_examples=60)
@given(data=st.data(), made=tables())
async def test_a_filter_keeps_the_same_rows(
    dsn: str, driver: str, data: st.DataObject, made: tuple[TableSpec, dict[str, str]]
) -> None:
    """True, false and unknown fall alike: the order is the key's, so whole answers are compared."""
    spec, columns = made
    async with AsyncExitStack() as stack:
        memory, server, table = await pair(stack, dsn, spec, driver)
        assert await memory.rows(table) == await server.rows(table)
        for wanted in data.draw(st.lists(filters(columns), min_size=8, max_size=20)):
            try:
                await memory.filter(table, wanted)
            except ValidationError:
                event("refused by the parser")
                continue
            found = await outcome(memory, table, wanted)
            if found == REFUSED:
                event("refused by name")
                continue
            assert (wanted, found) == (wanted, await outcome(server, table, wanted))


def test_no_type_of_memory_is_forgotten() -> None:
    """Random tables have columns of every type that the memory database has."""
    there = {declared.type.name for declared in (read_type(each, {"mood": MOOD}) for each in POOLS)}
    assert BUILTIN.keys() - there == set()


@settings(SHARED, max_examples=30)
@given(data=st.data(), made=tables())
async def test_pages_of_an_order_are_the_same(
    dsn: str, data: st.DataObject, made: tuple[TableSpec, dict[str, str]]
) -> None:
    """Page by page behind the last row's keys: NULLs first or last, ascending and descending."""
    spec, columns = made
    keys = data.draw(
        st.lists(
            st.builds(
                lambda name, descending, nulls: {"column": name, "descending": descending, "nulls": nulls},
                st.sampled_from(sorted(columns)),
                st.booleans(),
                st.sampled_from(["first", "last"]),
            ),
            min_size=1,
            max_size=2,
            unique_by=lambda key: key["column"],
        )
    )
    async with AsyncExitStack() as stack:
        memory, server, table = await pair(stack, dsn, spec)
        try:
            await memory.plan(table, order=keys)
        except ValidationError:
            event("no order on that type")
            return
        if await outcome(memory, table, {}, keys) == REFUSED:
            event("refused by name")
            return
        assert await pages(memory, table, keys) == await pages(server, table, keys)


async def pages(database: Database, table: str, keys: list[dict[str, Any]]) -> list[list[str]]:
    """All rows, page by page."""
    found: list[list[str]] = []
    after: tuple[Literal | None, ...] | None = None
    while True:
        plan = await database.plan(table, order=keys, page=Page(limit=PAGE, after=after))
        result = await database.read(table, order=keys, page=plan.page)
        found.append(wire(result))
        if not result.more:
            return found
        assert result.last_key is not None
        after = tuple(
            None if text is None else Literal(text, key.operand.type)
            for text, key in zip(result.last_key, plan.order, strict=True)
        )


_TOKENS = [
    *"aAbB1é. -_^$|()[]{}*+?\\,ã",
    *(
        "(?:",
        "[^",
        "\\d",
        "\\w",
        "\\s",
        "\\m",
        "\\M",
        "\\y",
        "[[:alpha:]]",
        "[[:digit:]]",
        "{1,2}",
        "{2}",
        "[a-c]",
        "\\.",
    ),
]
_SUBJECTS = [
    "",
    "a",
    "b",
    "ab",
    "aAb",
    "1a",
    "é",
    "a é b",
    "foo bar",
    "^a$",
    "a\nb",
    "[x]",
    "{1}",
    "AB",
    "Ãb",
    "a-b",
    "\\",
]


@settings(SHARED, max_examples=150)
@given(tokens=st.lists(st.sampled_from(_TOKENS), min_size=1, max_size=6), fold=st.booleans())
async def test_a_regular_expression_finds_the_same(dsn: str, tokens: list[str], fold: bool) -> None:
    """Whatever is put together; what is malformed for one is so for the other."""
    pattern = "".join(tokens)
    spec = table(columns={"id": "int4", "s": "text"}, primary_key="id", rows=_numbered(_SUBJECTS))
    wanted = {"s": {"imatch" if fold else "match": pattern}}
    async with AsyncExitStack() as stack:
        memory, server, name = await pair(stack, dsn, spec)
        found = await outcome(memory, name, wanted)
        if found != REFUSED:
            assert (pattern, found) == (pattern, await outcome(server, name, wanted))


def _numbered(texts: list[str]) -> list[dict[str, Any]]:
    return [{"id": number, "s": text} for number, text in enumerate(texts)]


async def test_letters_have_the_same_cases(dsn: str) -> None:
    """Every character on which lower and upper case could differ, looked for without regard to case."""
    from pgmcp.adapters.memory.filters.casing import lower, variants

    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT chr(i) AS char, lower(chr(i)) AS low, upper(chr(i)) AS up FROM generate_series(1, 131071) AS i "
            "WHERE i NOT BETWEEN 55296 AND 57343"
        )
    finally:
        await connection.close()
    assert [row["char"] for row in rows if lower(row["char"]) != row["low"]] == []
    assert [row["char"] for row in rows if set(variants(row["char"])) != {row["char"], row["low"], row["up"]}] == []
