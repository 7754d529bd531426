"""Blocks in a transaction, from Python, over each adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import pgmcp
from tests.fixtures.databases import fresh_database
from tests.fixtures.declared import sql_of
from tests.fixtures.drivers import CLIENTS
from tests.fixtures.postgres import TestServer
from tests.fixtures.trade import TRADE

READ = pgmcp.ReadRequest(table="vouchers", columns=["code"])


@pytest.fixture(params=["memory", *CLIENTS])
async def db(request: pytest.FixtureRequest) -> AsyncIterator[pgmcp.Client]:
    """The small trade, called through each adapter."""
    if request.param == "memory":
        async with pgmcp.memory(tables=TRADE) as opened:
            yield opened
        return
    async with (
        fresh_database(request.getfixturevalue("postgres"), sql_of(TRADE)) as dsn,
        pgmcp.connect(dsn, driver=request.param) as opened,
    ):
        yield opened


def voucher(code: str) -> pgmcp.CreateRequest:
    """A request that adds one."""
    return pgmcp.CreateRequest(table="vouchers", data={"code": code})


def codes(answer: pgmcp.DataResponse) -> list[str]:
    """The vouchers of an answer."""
    return [row["code"] for row in answer.rows]


async def test_a_block_commits(db: pgmcp.Client) -> None:
    """At its end; what it does is its own until then."""
    async with db.transaction(isolation="serializable") as tx:
        await tx.call(voucher("B2"))
        assert (codes(await tx.call(READ)), codes(await db.call(READ))) == (["A1", "B2"], ["A1"])
        await tx.call(pgmcp.ListTablesRequest())
        state = await tx.call(pgmcp.GetTransactionRequest(transaction_id=tx.id))
        assert (state.isolation_level, state.statements) == ("serializable", 2)
    assert codes(await db.call(READ)) == ["A1", "B2"]


async def test_a_block_that_raises_rolls_back(db: pgmcp.Client) -> None:
    """With its own error."""
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 -- the block is what is tried
        async with db.transaction() as tx:
            await tx.call(voucher("B2"))
            raise ZeroDivisionError
    assert codes(await db.call(READ)) == ["A1"]


async def test_a_part_is_undone_by_itself(db: pgmcp.Client) -> None:
    """Its error goes on, the transaction too; parts in parts."""
    async with db.transaction() as tx:
        async with tx.savepoint():
            await tx.call(voucher("B2"))
            with pytest.raises(pgmcp.DatabaseError):  # noqa: PT012 -- as above
                async with tx.savepoint("inner"):
                    await tx.call(voucher("C3"))
                    await tx.call(voucher("A1"))
        await tx.call(voucher("D4"))
    assert codes(await db.call(READ)) == ["A1", "B2", "D4"]


async def test_a_failure_that_is_swallowed_fails_the_commit(db: pgmcp.Client) -> None:
    """Nothing is kept, and the block's end says so."""
    with pytest.raises(pgmcp.TransactionError) as failed:  # noqa: PT012 -- as above
        async with db.transaction() as tx:
            await tx.call(voucher("B2"))
            with pytest.raises(pgmcp.DatabaseError):
                await tx.call(voucher("A1"))
    assert (failed.value.code.name, failed.value.sqlstate, failed.value.details["outcome"]) == (
        "transaction_ended",
        "23505",
        "rolled_back",
    )
    assert codes(await db.call(READ)) == ["A1"]


async def test_without_an_event_loop(postgres: TestServer) -> None:
    """The same blocks."""
    async with fresh_database(postgres, sql_of(TRADE)) as dsn:
        with pgmcp.connect_sync(dsn) as db:
            with db.transaction(isolation="repeatable read", idle_timeout_s=5) as tx:
                tx.call(voucher("B2"))
                with pytest.raises(pgmcp.DatabaseError), tx.savepoint() as name:  # noqa: PT012 -- as above
                    assert name == "savepoint 1"
                    tx.call(voucher("A1"))
                assert codes(tx.call(READ)) == ["A1", "B2"]
                assert len(tx.id) == 32
            with pytest.raises(ZeroDivisionError), db.transaction() as tx:  # noqa: PT012 -- the block is what is tried
                tx.call(voucher("C3"))
                raise ZeroDivisionError
            assert codes(db.call(READ)) == ["A1", "B2"]
