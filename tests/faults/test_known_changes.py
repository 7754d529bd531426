"""Changes in a held transaction that go by the short way, as their statement is known: nothing of them is otherwise."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import pgmcp
from pgmcp.entrypoints.api.transaction import ClientTransaction
from tests.fixtures.killing import killer
from tests.fixtures.postgres import MakeDatabase

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, name text UNIQUE, n int CHECK (n < 100));
INSERT INTO item SELECT i, 'n' || i, i FROM generate_series(1, 9) AS i;
"""
Change = pgmcp.UpdateRequest | pgmcp.DeleteRequest


def change(id_: Any, **data: Any) -> pgmcp.UpdateRequest:
    """An update of one row, or of as many as the filter finds."""
    return pgmcp.UpdateRequest(table="item", filters={"id": id_}, data=data)


CHANGES: list[Any] = [
    pytest.param(change(1, n=7), id="one row"),
    pytest.param(change(99, n=7), id="none"),
    pytest.param(change(1, name=None), id="to NULL"),
    pytest.param(change(1, name="n2"), id="a name that is taken"),
    pytest.param(change(1, n=100), id="a check that fails"),
    pytest.param(change(1, n=2**31), id="a number that doesn't fit"),
    pytest.param(
        pgmcp.UpdateRequest(table="item", filters={"id": {"gt": 1}}, data={"n": 1}, max_rows=3), id="too many rows"
    ),
    pytest.param(pgmcp.DeleteRequest(table="item", filters={"id": 1}), id="a removal"),
    pytest.param(pgmcp.DeleteRequest(table="item", filters={"id": {"gt": 1}}, max_rows=3), id="too many to remove"),
]


async def mark(tx: ClientTransaction) -> None:
    """Make a place to come back to."""
    await tx.call(pgmcp.CreateSavepointRequest(transaction_id=tx.id, name="s"))


async def back(tx: ClientTransaction) -> None:
    """Undo what was done since."""
    await tx.call(pgmcp.RollbackTransactionRequest(transaction_id=tx.id, savepoint="s"))


async def said(tx: ClientTransaction, request: Change) -> object:
    """What is answered; an error as a caller over MCP has it."""
    try:
        return (await tx.call(request)).count
    except pgmcp.PgmcpError as error:
        return error.code.name, error.message, error.hint, error.path, error.details


@pytest.mark.parametrize("request_", CHANGES)
async def test_a_known_change_is_answered_as_an_unknown_one(
    make_database: MakeDatabase, driver: str, request_: Change
) -> None:
    """The first is written, the next ones are known."""
    async with pgmcp.connect(await make_database(SCHEMA), driver=driver, access="write") as db:
        async with db.transaction() as tx:
            answers = []
            for _ in range(3):
                await mark(tx)
                answers.append(await said(tx, request_))
                await back(tx)
        assert answers == [answers[0]] * 3


@pytest.mark.parametrize("how", ["deadline", "cancelled"])
async def test_a_known_change_that_is_stopped_leaves_the_way_back(
    make_database: MakeDatabase, driver: str, how: str
) -> None:
    """Its transaction takes nothing more until it is rolled back to where it was good, and goes on from there."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, killer(dsn) as holder:
        async with (
            pgmcp.connect(
                dsn,
                driver=driver,
                access="write",
                lock_timeout_ms=60_000,
                call_timeout_s=5 if how == "deadline" else 60,
            ) as db,
            db.transaction() as tx,
        ):
            await tx.call(change(2, n=1))
            await mark(tx)
            await holder.ask("BEGIN")
            await holder.ask("UPDATE item SET n = 0 WHERE id = 1")
            task = asyncio.ensure_future(tx.call(change(1, n=5)))
            await watch.until(
                "SELECT count(*) > 0 FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if how == "cancelled":
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                with pytest.raises(pgmcp.DatabaseError) as stopped:
                    await task
                assert stopped.value.code.name == "call_timeout"
            await holder.ask("ROLLBACK")
            with pytest.raises(pgmcp.TransactionError) as failed:
                await tx.call(change(1, n=5))
            assert failed.value.code.name == "transaction_failed"
            await back(tx)
            assert (await tx.call(change(1, n=6))).count == 1
        assert await watch.ask("SELECT n FROM item WHERE id = 1") == 6


async def test_known_changes_of_one_transaction_wait_for_each_other(make_database: MakeDatabase, driver: str) -> None:
    """Whoever comes while another one runs has its turn after it."""
    async with pgmcp.connect(await make_database(SCHEMA), driver=driver, access="write") as db:
        async with db.transaction() as tx:
            await tx.call(change(1, n=1))
            answers = await asyncio.gather(*(tx.call(change(id_, n=3)) for id_ in range(1, 10)))
        assert [answer.count for answer in answers] == [1] * 9


async def test_a_known_change_whose_connection_is_gone(make_database: MakeDatabase, driver: str) -> None:
    """Says so, and the transaction has ended with it."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, access="write") as db:

        async def changed() -> None:
            async with db.transaction() as tx:
                await tx.call(change(1, n=7))
                await watch.ask(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND state = 'idle in transaction'"
                )
                await tx.call(change(1, n=8))

        with pytest.raises(pgmcp.PgmcpError) as lost:
            await changed()
        assert lost.value.code.name in {"connection_lost", "transaction_ended"}
        assert await watch.ask("SELECT n FROM item WHERE id = 1") == 1
