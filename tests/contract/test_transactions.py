"""Units of work: what others see and when, savepoints, failures, ends."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.plans import Batch, Bounds, Insert
from pgmcp.ports.transactions import Isolation, Outcome, Transaction, TransactionOptions
from tests.fixtures.adapters import Database, MakeAdapter
from tests.fixtures.pool import a_call
from tests.fixtures.trade import TRADE

WRITE = TransactionOptions()


@pytest.fixture
async def trade(make_adapter: MakeAdapter) -> AsyncIterator[Database]:
    """The small trade behind one adapter."""
    async with make_adapter(TRADE) as database:
        yield database


async def add(trade: Database, code: str, within: Transaction | None = None) -> None:
    """Add a voucher."""
    plan = Insert(relation=await trade.relation("vouchers"), bounds=Bounds())
    await trade.tables.insert(plan, Batch(columns=("code",), rows=((code,),)), a_call(), within)


async def codes(trade: Database, within: Transaction | None = None) -> list[str]:
    """The vouchers' codes as a transaction sees them, or others."""
    return await trade.rows("vouchers", columns=["code"], order="code", within=within)


async def refusal(trade: Database, within: Transaction) -> tuple[str, str, str | None]:
    """Type, code and SQLSTATE of the error that another write gives."""
    with pytest.raises(PgmcpError) as caught:
        await add(trade, "Z9", within)
    return caught.value.type, caught.value.code.name, caught.value.sqlstate


async def test_work_is_its_own_until_it_is_committed(trade: Database) -> None:
    """The transaction sees its work, others don't."""
    transaction = await trade.work.begin(WRITE, a_call())
    await add(trade, "B2", transaction)
    assert (await codes(trade, transaction), await codes(trade)) == (['["A1"]', '["B2"]'], ['["A1"]'])
    assert await transaction.commit(a_call()) is Outcome.COMMITTED
    assert await codes(trade) == ['["A1"]', '["B2"]']


@pytest.mark.parametrize("ending", ["commit", "rollback"])
async def test_one_that_is_there_is_not_lost(trade: Database, ending: str) -> None:
    """Nor one that has ended: whose connection that was is nobody's question any more."""
    transaction = await trade.work.begin(WRITE, a_call())
    assert not transaction.lost
    await add(trade, "B2", transaction)
    assert not transaction.lost
    await (transaction.commit(a_call()) if ending == "commit" else transaction.rollback())
    assert not transaction.lost


async def test_a_rollback_undoes_all(trade: Database) -> None:
    """It may be asked for twice."""
    transaction = await trade.work.begin(WRITE, a_call())
    await add(trade, "B2", transaction)
    assert (await transaction.rollback(), await transaction.rollback()) == (Outcome.ROLLED_BACK, Outcome.ROLLED_BACK)
    assert await codes(trade) == ['["A1"]']


async def test_savepoints(trade: Database) -> None:
    """What came after one is undone, the savepoint stays; a released one is gone."""
    transaction = await trade.work.begin(WRITE, a_call())
    await add(trade, "B2", transaction)
    await transaction.savepoint("here", a_call())
    await add(trade, "C3", transaction)
    await transaction.rollback_to("here", a_call())
    assert await codes(trade, transaction) == ['["A1"]', '["B2"]']
    await add(trade, "D4", transaction)
    await transaction.rollback_to("here", a_call())
    await transaction.release("here", a_call())
    with pytest.raises(PgmcpError) as caught:
        await transaction.rollback_to("here", a_call())
    assert (caught.value.type, caught.value.code.name) == ("transaction_error", "savepoint_unknown")
    assert await transaction.commit(a_call()) is Outcome.ROLLED_BACK
    assert await codes(trade) == ['["A1"]']


async def test_savepoints_of_one_name_hide_each_other(trade: Database) -> None:
    """The latest counts until it is released."""
    transaction = await trade.work.begin(WRITE, a_call())
    await transaction.savepoint("s", a_call())
    await add(trade, "B2", transaction)
    await transaction.savepoint("s", a_call())
    await add(trade, "C3", transaction)
    await transaction.rollback_to("s", a_call())
    await transaction.release("s", a_call())
    assert await codes(trade, transaction) == ['["A1"]', '["B2"]']
    await transaction.rollback_to("s", a_call())
    assert await codes(trade, transaction) == ['["A1"]']
    await transaction.rollback()


async def test_a_failure_leaves_only_the_way_back(trade: Database) -> None:
    """Reads, writes and savepoints are refused; a rollback to a savepoint heals it."""
    transaction = await trade.work.begin(WRITE, a_call())
    await transaction.savepoint("before", a_call())
    await add(trade, "B2", transaction)
    with pytest.raises(PgmcpError) as caught:
        await add(trade, "A1", transaction)
    assert (caught.value.code.name, "outcome" in caught.value.details) == ("unique_violation", False)
    failed = ("transaction_error", "transaction_failed", "25P02")
    assert await refusal(trade, transaction) == failed
    for attempt in (
        transaction.savepoint("x", a_call()),
        transaction.release("before", a_call()),
        codes(trade, transaction),
    ):
        with pytest.raises(PgmcpError) as caught:
            await attempt
        assert caught.value.code.name == "transaction_failed"
    await transaction.rollback_to("before", a_call())
    await add(trade, "C3", transaction)
    assert await transaction.commit(a_call()) is Outcome.COMMITTED
    assert await codes(trade) == ['["A1"]', '["C3"]']


async def test_the_commit_of_a_failure_is_a_rollback(trade: Database) -> None:
    """As PostgreSQL makes it one."""
    transaction = await trade.work.begin(WRITE, a_call())
    await add(trade, "B2", transaction)
    with pytest.raises(PgmcpError):
        await add(trade, "B2", transaction)
    assert await transaction.commit(a_call()) is Outcome.ROLLED_BACK
    assert await codes(trade) == ['["A1"]']


@pytest.mark.parametrize("ending", ["commit", "rollback"])
async def test_an_end_is_the_end(trade: Database, ending: str) -> None:
    """The error says how it ended."""
    transaction = await trade.work.begin(WRITE, a_call())
    outcome = await transaction.commit(a_call()) if ending == "commit" else await transaction.rollback()
    assert (await refusal(trade, transaction))[:2] == ("transaction_error", "transaction_ended")
    with pytest.raises(PgmcpError) as caught:
        await transaction.commit(a_call())
    assert (caught.value.code.name, caught.value.details["outcome"]) == ("transaction_ended", outcome)


async def test_a_transaction_for_reading_takes_no_write(trade: Database) -> None:
    """And has failed after one."""
    transaction = await trade.work.begin(TransactionOptions(read_only=True), a_call())
    assert await codes(trade, transaction) == ['["A1"]']
    assert await refusal(trade, transaction) == ("database_error", "read_only_server", "25006")
    assert await refusal(trade, transaction) == ("transaction_error", "transaction_failed", "25P02")
    await transaction.rollback()


@pytest.mark.parametrize(
    "isolation, sees",
    [
        pytest.param(Isolation.READ_COMMITTED, True, id="read committed"),
        pytest.param(Isolation.READ_UNCOMMITTED, True, id="read uncommitted"),
        pytest.param(Isolation.REPEATABLE_READ, False, id="repeatable read"),
        pytest.param(Isolation.SERIALIZABLE, False, id="serializable"),
    ],
)
async def test_what_others_commit_meanwhile(trade: Database, isolation: Isolation, sees: bool) -> None:
    """A snapshot is taken by the first statement and kept."""
    transaction = await trade.work.begin(TransactionOptions(isolation=isolation), a_call())
    assert await codes(trade, transaction) == ['["A1"]']
    await add(trade, "B2")
    assert (await codes(trade, transaction) == ['["A1"]', '["B2"]']) is sees
    assert await codes(trade) == ['["A1"]', '["B2"]']
    await transaction.rollback()


async def test_a_write_waits_for_another_no_longer_than_its_call_has_time(trade: Database) -> None:
    """Both want the same key; the second goes on as soon as the first has ended."""
    first = await trade.work.begin(WRITE, a_call())
    await add(trade, "B2", first)
    second = await trade.work.begin(WRITE, a_call())
    plan = Insert(relation=await trade.relation("vouchers"), bounds=Bounds())
    batch = Batch(columns=("code",), rows=(("B2",),))
    with pytest.raises(PgmcpError) as caught:
        await trade.tables.insert(plan, batch, a_call(seconds=0.2), second)
    assert caught.value.code.name == "call_timeout"
    await second.rollback()
    await first.rollback()
    await add(trade, "B2")
    assert await codes(trade) == ['["A1"]', '["B2"]']
