"""Reads that are kept, and what ends them, through the pipeline on the memory database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

import pgmcp
from pgmcp.domain.calls import Principal
from pgmcp.domain.results import Form
from pgmcp.handlers.dispatch import Caller

MAKERS = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
PARTS = [{"id": 1, "maker": 1, "price": Decimal("1.50")}, {"id": 2, "maker": 2, "price": Decimal(2)}]


@pytest.fixture
async def db() -> AsyncIterator[pgmcp.Client]:
    """A client whose reads are kept."""
    tables = {
        "makers": pgmcp.table(
            columns={"id": "int4", "name": "text"},
            primary_key=["id"],
            rows=[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        ),
        "parts": pgmcp.table(
            columns={"id": "int4", "maker": "int4", "price": "numeric"},
            primary_key=["id"],
            foreign_keys=[pgmcp.foreign_key("maker", "makers", on_delete="cascade")],
            rows=PARTS,
        ),
        "others": pgmcp.table(columns={"id": "int4"}, primary_key=["id"], rows=[{"id": 1}]),
    }
    async with pgmcp.memory(tables=tables, cache="memory", access="admin") as client:
        yield client


async def read(db: pgmcp.Client, table: str, **arguments: Any) -> tuple[list[dict[str, Any]], bool]:
    """Rows, and whether they came from the cache."""
    answer = await db.call(pgmcp.ReadRequest(table=table, **arguments))
    assert (answer.cached is None) == (answer.as_of is None)
    return answer.rows, bool(answer.cached)


async def test_the_same_read_again_is_kept(db: pgmcp.Client) -> None:
    """Once from the database, then from the cache, in the same Python values."""
    first = await read(db, "parts")
    assert first == (
        [{"id": 1, "maker": 1, "price": Decimal("1.50")}, {"id": 2, "maker": 2, "price": Decimal(2)}],
        False,
    )
    assert await read(db, "parts") == (first[0], True)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"columns": ["id"]}, id="columns"),
        pytest.param({"filters": {"id": 1}}, id="filter"),
        pytest.param({"order_by": "-id"}, id="order"),
        pytest.param({"limit": 1}, id="limit"),
        pytest.param({"offset": 1}, id="offset"),
    ],
)
async def test_another_read_is_another(db: pgmcp.Client, other: dict[str, Any]) -> None:
    """Whatever a plan says is part of its key."""
    await read(db, "parts")
    _, cached = await read(db, "parts", **other)
    assert not cached


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(pgmcp.CreateRequest(table="parts", data={"id": 3, "maker": 1, "price": 1}), id="create"),
        pytest.param(pgmcp.CreateBatchRequest(table="parts", records=[{"id": 3}, {"id": 4}]), id="create-many"),
        pytest.param(
            pgmcp.CreateBatchRequest(table="parts", records=[{"id": 3}, {"id": 4}], batch_size=1), id="create-batches"
        ),
        pytest.param(pgmcp.UpdateRequest(table="parts", filters={"id": 1}, data={"price": 9}), id="update"),
        pytest.param(pgmcp.DeleteRequest(table="parts", filters={"id": 1}), id="delete"),
        pytest.param(pgmcp.DeleteRequest(table="makers", filters={"id": 1}), id="cascade"),
    ],
)
async def test_a_write_ends_what_it_touches(db: pgmcp.Client, write: Any) -> None:
    """The next read shows it; another table's results stay."""
    await read(db, "parts")
    await read(db, "others")
    await db.call(write)
    rows, cached = await read(db, "parts")
    assert not cached
    assert rows != PARTS
    assert (await read(db, "others"))[1]


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(pgmcp.CreateRequest(table="parts", data={"id": 1}), id="duplicate"),
        pytest.param(pgmcp.DeleteRequest(table="parts", filters={"id": 1}, dry_run=True), id="dry-run"),
        pytest.param(pgmcp.UpdateRequest(table="parts", filters={"id": 1}, data={"nme": 9}), id="mistake"),
    ],
)
async def test_what_changes_nothing_ends_nothing(db: pgmcp.Client, write: Any) -> None:
    """A refused write, a trial, and a write that no foreign key carries on."""
    await read(db, "parts")
    with suppress(pgmcp.ValidationError, pgmcp.DatabaseError):
        await db.call(write)
    assert (await read(db, "parts"))[1]


async def test_a_statement_that_may_write_ends_everything(db: pgmcp.Client) -> None:
    """Nobody knows what it left."""
    await read(db, "parts")
    with pytest.raises(pgmcp.PgmcpError):
        await db.call(pgmcp.ExecuteQueryRequest(query="vacuum parts", read_only=False))
    assert not (await read(db, "parts"))[1]


async def test_nothing_crosses_principals() -> None:
    """What one principal read is not another's."""
    async with pgmcp.memory(
        tables={"t": pgmcp.table(columns={"id": "int4"}, primary_key=["id"], rows=[{"id": 1}])}, cache="memory"
    ) as client:
        database = client._database  # noqa: SLF001 -- the pipeline itself, with callers of the test's own
        seen = []
        for name in ("ann", "bob", "ann"):
            caller = Caller(principal=Principal(name), form=Form.NATIVE)
            answer = await database.dispatcher.dispatch(database.handlers["read_table"], {"table": "t"}, caller)
            assert isinstance(answer, pgmcp.DataResponse)
            seen.append(bool(answer.cached))
    assert seen == [False, False, True]


async def test_nobody_is_told_of_tables_that_are_not_there_for_them() -> None:
    """The statistics by table are of those that whoever asks may know; the sums are of all."""
    columns: dict[str, Any] = {"columns": {"id": "int4"}, "primary_key": ["id"], "rows": [{"id": 1}]}
    rules = [
        {"match": "public.open", "allow": ["read"]},
        {"match": "public.*", "for": ["ann"], "allow": ["read"]},
    ]
    async with pgmcp.memory(
        tables={"open": pgmcp.table(**columns), "shut": pgmcp.table(**columns)},
        cache="memory",
        tools=["core", "cache"],
        policy={"default": "deny", "tables": rules},
    ) as client:
        database = client._database  # noqa: SLF001 -- the pipeline itself, with callers of the test's own
        told = {}
        for name in ("ann", "bob"):
            caller = Caller(principal=Principal(name), form=Form.NATIVE)
            for table in ("open", "shut") if name == "ann" else ("open",):
                await database.dispatcher.dispatch(database.handlers["read_table"], {"table": table}, caller)
            answer = await database.dispatcher.dispatch(database.handlers["get_cache_stats"], {}, caller)
            assert isinstance(answer, pgmcp.DescriptionResponse)
            told[name] = (sorted(answer.document["by_table"]), answer.document["misses"])
    assert told == {"ann": (["public.open", "public.shut"], 2), "bob": (["public.open"], 3)}


async def test_its_figures_are_a_gauge(db: pgmcp.Client) -> None:
    """Without a word to anyone: what was hit, what is held, what it may hold."""
    await read(db, "parts")
    await read(db, "parts")
    found = db._database.gauges.read()["cache"]  # noqa: SLF001 -- what a scrape of the server reads
    assert (found["hits_total"], found["misses_total"], found["stores_total"], found["entries"]) == (1, 1, 1, 1)
    assert 0 < float(found["bytes"]) < float(found["capacity_bytes"]) == 67_108_864
    assert (found["evictions_total"], found["listening"], found["failures_total"]) == (0, 1, 0)
