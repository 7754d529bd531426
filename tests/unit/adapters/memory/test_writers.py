"""One writer at a time: who waits, for how long, and what a snapshot finds out."""

from __future__ import annotations

import asyncio

import pytest

from pgmcp.adapters.memory import MemoryDatabase
from pgmcp.adapters.memory.declare import table
from pgmcp.adapters.memory.transactions import MemoryTransaction
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.plans import Batch, Bounds, Insert
from pgmcp.ports.transactions import Isolation, TransactionOptions
from tests.fixtures.pool import a_call

TABLES = {name: table(columns={"id": "int4"}, primary_key="id") for name in ("a", "b")}


async def add(database: MemoryDatabase, name: str, key: int, within: MemoryTransaction | None = None) -> None:
    """Add a row."""
    relation = await database.catalogue.find(name, None, a_call())
    assert relation is not None
    batch = Batch(columns=("id",), rows=((str(key),),))
    await database.tables.insert(Insert(relation=relation, bounds=Bounds()), batch, a_call(), within)


async def begin(database: MemoryDatabase, isolation: Isolation = Isolation.READ_COMMITTED) -> MemoryTransaction:
    """Open a transaction."""
    return await database.work.begin(TransactionOptions(isolation=isolation), a_call())


async def test_writers_take_turns_in_the_order_they_came() -> None:
    """Each goes on when the one before has ended; one that was cancelled is passed over."""
    database = MemoryDatabase(TABLES)
    holder = await begin(database)
    await add(database, "a", 1, holder)
    done: list[int] = []

    async def write(key: int) -> None:
        await add(database, "b", key)
        done.append(key)

    tasks = [asyncio.create_task(write(key)) for key in (1, 2, 3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.sleep(0)
    assert done == []
    await holder.commit(a_call())
    await asyncio.gather(*tasks, return_exceptions=True)
    assert done == [2, 3]


async def test_a_writer_waits_no_longer_than_the_lock_timeout() -> None:
    """Then it may try again later."""
    database = MemoryDatabase(TABLES, lock_timeout_s=0.01)
    holder = await begin(database)
    await add(database, "a", 1, holder)
    with pytest.raises(PgmcpError) as caught:
        await add(database, "b", 1)
    assert (caught.value.code.name, caught.value.retry) == ("lock_timeout", "later")
    await holder.rollback()
    await add(database, "b", 1)


@pytest.mark.parametrize(
    "isolation, changed, fails",
    [
        pytest.param(Isolation.READ_COMMITTED, "a", False, id="read committed"),
        pytest.param(Isolation.REPEATABLE_READ, "a", True, id="repeatable read, same table"),
        pytest.param(Isolation.REPEATABLE_READ, "b", False, id="repeatable read, another table"),
        pytest.param(Isolation.SERIALIZABLE, "b", True, id="serializable, another table"),
    ],
)
async def test_a_write_on_an_old_snapshot_fails(isolation: Isolation, changed: str, fails: bool) -> None:
    """The first to commit wins."""
    database = MemoryDatabase(TABLES)
    transaction = await begin(database, isolation)
    transaction.reading()
    await add(database, changed, 1)
    if not fails:
        await add(database, "a", 2, transaction)
        return
    with pytest.raises(PgmcpError) as caught:
        await add(database, "a", 2, transaction)
    assert (caught.value.code.name, caught.value.sqlstate) == ("serialization_failure", "40001")


async def test_a_snapshot_is_not_disturbed_by_later_writes() -> None:
    """Nor does it disturb them."""
    database = MemoryDatabase(TABLES)
    transaction = await begin(database, Isolation.REPEATABLE_READ)
    before = transaction.reading().state("a")
    await add(database, "a", 1)
    assert len(before.rows) == 0
    assert len((await begin(database)).reading().state("a").rows) == 1


async def test_another_adapters_transaction_is_no_transaction() -> None:
    """A mistake of the program, not of a caller."""
    with pytest.raises(TypeError, match="another adapter"):
        MemoryTransaction.of(object())  # type: ignore[arg-type]  # on purpose
