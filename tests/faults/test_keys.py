"""Writes with a key whose connection breaks: done once, and answered, whatever is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import pgmcp
from tests.fixtures.answers import outcome_of
from tests.fixtures.disturbing import COMMIT, RECEIPT, DisturbingProxy, Intervention, Moment, disturbing_proxy
from tests.fixtures.killing import Killer, killer
from tests.fixtures.postgres import MakeDatabase

# The first row named `late` takes so many seconds when its transaction commits, so that something can happen during
# COMMIT; a rollback doesn't take the number back, so the next one takes none.
SCHEMA = """
CREATE TABLE item (tag text NOT NULL);
CREATE SEQUENCE turn;
CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(CASE nextval('turn') WHEN 1 THEN {} ELSE 0 END); RETURN NEW; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.tag = 'late') EXECUTE FUNCTION take_time();
"""
PLAIN = SCHEMA.format(0)
SLOW = SCHEMA.format(25)
LATE = pgmcp.CreateRequest(table="item", data={"tag": "late"}, returning=True, idempotency_key="one")
# The same as a transaction of several statements.
LATE_BATCH = pgmcp.CreateBatchRequest(table="item", records=[{"tag": "late"}], returning=True, idempotency_key="one")
WAYS = pytest.mark.parametrize(
    "late, last",
    [pytest.param(LATE, RECEIPT, id="one statement"), pytest.param(LATE_BATCH, COMMIT, id="a transaction")],
)


@asynccontextmanager
async def surroundings(dsn: str, driver: str, **settings: Any) -> AsyncIterator[tuple[DisturbingProxy, Killer, Any]]:
    """A line that can be broken, a killer, and a client whose place for receipts is there."""
    said = {"access": "write", "breaker_failures": 1_000_000} | settings
    async with (
        killer(dsn) as watch,
        disturbing_proxy(dsn) as proxy,
        pgmcp.connect(proxy.dsn, driver=driver, **said) as db,
    ):
        await db.call(pgmcp.CreateRequest(table="item", data={"tag": "warm"}, idempotency_key="warm"))
        yield proxy, watch, db


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(
    "step", [b"BEGIN", b"INTO pgmcp.receipts", b"late", COMMIT], ids=["begin", "key", "write", "commit"]
)
async def test_a_backend_that_is_killed(make_database: MakeDatabase, driver: str, step: bytes, moment: Moment) -> None:
    """The caller hears nothing of it: its write is there once."""
    slow = moment is Moment.DURING and step == COMMIT
    async with surroundings(await make_database(SLOW if slow else PLAIN), driver) as (proxy, watch, db):
        proxy.intervention = Intervention(sent=step, moment=moment, act=watch.kill_sleeping if slow else watch.kill)
        await settled(proxy, watch, db, LATE_BATCH)


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_backend_that_is_killed_at_the_one_statement(
    make_database: MakeDatabase, driver: str, moment: Moment
) -> None:
    """As above, where the write keeps its receipt itself: killed as it arrives, while it commits, once it has."""
    slow = moment is Moment.DURING
    async with surroundings(await make_database(SLOW if slow else PLAIN), driver) as (proxy, watch, db):
        act = watch.kill_sleeping if slow else watch.kill
        proxy.intervention = Intervention(sent=RECEIPT, moment=moment, act=act)
        await settled(proxy, watch, db, LATE)


async def settled(proxy: DisturbingProxy, watch: Killer, db: Any, late: pgmcp.RequestBase[Any]) -> None:
    """The write is answered, and there once, however often it is asked for."""
    answer = await db.call(late)
    assert answer.rows == [{"tag": "late"}]
    assert proxy.intervened
    assert await watch.ask("SELECT count(*) FROM item WHERE tag = 'late'") == 1
    assert await db.call(late) == answer


@WAYS
async def test_an_outcome_that_can_not_be_asked_for_is_settled_by_the_key(
    make_database: MakeDatabase, driver: str, late: pgmcp.RequestBase[Any], last: bytes
) -> None:
    """The server is away for longer than it is asked what became of the write; then the write itself is asked again."""
    many = {"settle_s": 0.05, "retry_attempts": 100}
    async with surroundings(await make_database(PLAIN), driver, **many) as (proxy, watch, db):
        asked: list[asyncio.Task[None]] = []

        async def come_back() -> None:
            await asyncio.sleep(0.3)
            proxy.closed = False

        async def go_away() -> None:
            proxy.closed = True
            proxy.cut()
            asked.append(asyncio.create_task(come_back()))

        proxy.intervention = Intervention(sent=last, moment=Moment.UNANSWERED, act=go_away)
        assert (await db.call(late)).rows == [{"tag": "late"}]
        assert await watch.ask("SELECT count(*) FROM item WHERE tag = 'late'") == 1
        await asyncio.gather(*asked)


@WAYS
async def test_as_long_as_it_is_not_settled_it_is_unknown(
    make_database: MakeDatabase, driver: str, late: pgmcp.RequestBase[Any], last: bytes
) -> None:
    """Attempts that could not so much as begin say nothing of the first one; the same key has its answer later."""
    few = {"settle_s": 0.05, "retry_attempts": 3}
    async with surroundings(await make_database(PLAIN), driver, **few) as (proxy, watch, db):

        async def go_away() -> None:
            proxy.closed = True
            proxy.cut()

        proxy.intervention = Intervention(sent=last, moment=Moment.UNANSWERED, act=go_away)
        assert await outcome_of(db.call(late)) == "unknown"
        proxy.closed = False
        assert (await db.call(late)).rows == [{"tag": "late"}]
        assert await watch.ask("SELECT count(*) FROM item WHERE tag = 'late'") == 1


async def test_with_a_key_of_its_own_every_write_is_settled(make_database: MakeDatabase, driver: str) -> None:
    """What is unknown of a single write without one; see test_kills."""
    settings = {"receipt_every_write": True}
    async with surroundings(await make_database(PLAIN), driver, **settings) as (proxy, watch, db):
        for number, moment in enumerate((Moment.BEFORE, Moment.UNANSWERED, Moment.AFTER)):
            proxy.intervention = Intervention(sent=RECEIPT, moment=moment, act=watch.kill)
            request = pgmcp.CreateRequest(table="item", data={"tag": f"plain {number}"})
            assert await outcome_of(db.call(request)) == "committed"
        assert await watch.ask("SELECT array_agg(tag ORDER BY tag) FROM item WHERE tag LIKE 'plain%'") == [
            "plain 0",
            "plain 1",
            "plain 2",
        ]
