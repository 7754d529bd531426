"""Backends that are ended before, during and after each step of a write, and in the middle of a read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import pgmcp
from tests.fixtures.answers import outcome_of, rows_after
from tests.fixtures.disturbing import COMMIT, DisturbingProxy, Intervention, Moment, disturbing_proxy
from tests.fixtures.killing import Killer, killer
from tests.fixtures.postgres import MakeDatabase

# The first row named `slow` takes its time when it is written, one named `late` when its transaction commits, so that
# something can happen meanwhile; a rollback doesn't take the number back, so the next one takes none.
SCHEMA = """
CREATE TABLE item (tag text NOT NULL);
CREATE SEQUENCE turn;
CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(CASE nextval('turn') WHEN 1 THEN 25 ELSE 0 END); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON item FOR EACH ROW WHEN (NEW.tag = 'slow') EXECUTE FUNCTION take_time();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.tag = 'late') EXECUTE FUNCTION take_time();
"""
STEPS = ("BEGIN", "INSERT", "COMMIT")
# How each ends. BEGIN is over before anything can happen during it. After COMMIT is the trap: the session is dead when
# it is given back, and that is nothing that the caller need know. Where an answer to COMMIT is lost, it is asked for.
ENDS = {
    ("BEGIN", Moment.BEFORE): "rolled_back",
    ("BEGIN", Moment.UNANSWERED): "rolled_back",
    ("BEGIN", Moment.AFTER): "rolled_back",
    ("INSERT", Moment.BEFORE): "rolled_back",
    ("INSERT", Moment.DURING): "rolled_back",
    ("INSERT", Moment.UNANSWERED): "rolled_back",
    ("INSERT", Moment.AFTER): "rolled_back",
    ("COMMIT", Moment.BEFORE): "rolled_back",
    ("COMMIT", Moment.DURING): "rolled_back",
    ("COMMIT", Moment.UNANSWERED): "committed",
    ("COMMIT", Moment.AFTER): "committed",
}


# When COMMIT may have been sent by then: BEGIN is over before anything can happen during it, and whoever has heard the
# answer to INSERT goes on.
UNCERTAIN = {("BEGIN", Moment.DURING), ("INSERT", Moment.AFTER)}


def connected(proxy: DisturbingProxy, driver: str, **settings: Any) -> pgmcp.Client:
    """A client through the proxy that hears of what went wrong, unless it is told to try again."""
    said = {"access": "write", "retry_attempts": 1, "breaker_failures": 1_000_000} | settings
    return pgmcp.connect(proxy.dsn, driver=driver, **said)


def batch(tag: str) -> pgmcp.CreateBatchRequest:
    """A transaction of two statements, which writes two rows."""
    records = [{"tag": "first"}, {"tag": tag}]
    return pgmcp.CreateBatchRequest(table="item", records=records, batch_size=1)


def intervene(
    proxy: DisturbingProxy, watch: Killer, step: str, moment: Moment, act: Callable[[], Awaitable[None]] | None = None
) -> str:
    """End every backend, or do something else, at a moment of a step of `batch`; the tag that the batch is to have."""
    during = moment is Moment.DURING
    tag = {"INSERT": "slow", "COMMIT": "late"}.get(step, "plain") if during else "plain"
    act = act or (watch.kill_sleeping if during and tag != "plain" else watch.kill)
    sent = {"BEGIN": b"BEGIN", "INSERT": tag.encode(), "COMMIT": COMMIT}[step]
    proxy.intervention = Intervention(sent=sent, moment=moment, act=act)
    return tag


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("step", STEPS)
async def test_a_transaction_says_how_it_ended(
    make_database: MakeDatabase, driver: str, step: str, moment: Moment
) -> None:
    """Whatever is killed when: the rows are there if the answer says so, and no call after it suffers."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, disturbing_proxy(dsn) as proxy, connected(proxy, driver) as db:
        tag = intervene(proxy, watch, step, moment)
        said = await outcome_of(db.call(batch(tag)))
        there = await watch.count("item")
        assert proxy.intervention is None
        assert there in {"committed": (2,), "rolled_back": (0,), "unknown": (0, 2)}[said]
        assert said == ENDS.get((step, moment), said)
        assert await outcome_of(db.call(batch("next"))) == "committed"
        await watch.until_quiet()


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("step", STEPS)
async def test_a_transaction_that_was_rolled_back_is_done_again(
    make_database: MakeDatabase, driver: str, step: str, moment: Moment
) -> None:
    """Nothing has happened then, so the caller never hears of it; nothing is there twice."""
    dsn = await make_database(SCHEMA)
    async with (
        killer(dsn) as watch,
        disturbing_proxy(dsn) as proxy,
        connected(proxy, driver, retry_attempts=3) as db,
    ):
        tag = intervene(proxy, watch, step, moment)
        assert await outcome_of(db.call(batch(tag))) == "committed"
        assert await watch.count("item") == 2


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_single_write_says_how_it_ended(make_database: MakeDatabase, driver: str, moment: Moment) -> None:
    """It is its own transaction: nobody knows of one whose answer is lost, but never is a wrong thing said."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, disturbing_proxy(dsn) as proxy, connected(proxy, driver) as db:
        tag = intervene(proxy, watch, "INSERT", moment)
        said = await outcome_of(db.call(pgmcp.CreateRequest(table="item", data={"tag": tag})))
        there = await watch.count("item")
        assert said == ("committed" if moment is Moment.AFTER else "unknown")
        assert there == (1 if moment in {Moment.AFTER, Moment.UNANSWERED} else 0)
        assert await outcome_of(db.call(batch("next"))) == "committed"


@pytest.mark.parametrize("how", ["killed", "cut"])
@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("step", STEPS)
async def test_a_single_write_with_a_limit_is_known_until_its_commit(
    make_database: MakeDatabase, driver: str, step: str, moment: Moment, how: str
) -> None:
    """Its limit stands in a transaction around it: nothing of it stays as long as COMMIT has not been sent."""
    dsn = await make_database(SCHEMA)
    async with killer(dsn) as watch, disturbing_proxy(dsn) as proxy, connected(proxy, driver) as db:

        async def cut() -> None:
            if moment is Moment.DURING and tag != "plain":
                await watch.until_sleeping()
            proxy.cut()

        # What is known of the table is asked for before, in transactions of its own.
        await db.call(pgmcp.ReadRequest(table="item"))
        tag = intervene(proxy, watch, step, moment, act=cut if how == "cut" else None)
        said = await outcome_of(db.call(pgmcp.CreateRequest(table="item", data={"tag": tag}, timeout_ms=60_000)))
        if how == "cut":
            # Whoever is still at it for a line that is gone.
            await watch.kill()
        there = await watch.count("item")
        assert proxy.intervention is None
        assert there in rows_after(said, 1)
        assert step == "COMMIT" or (step, moment) in UNCERTAIN or said != "unknown"
        assert await outcome_of(db.call(batch("next"))) == "committed"


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_read_is_done_again(make_database: MakeDatabase, driver: str, moment: Moment) -> None:
    """Whole: no row is missing and none is there twice, though the first ones had come already."""
    # Where it is to be met in the middle, it is no faster than that takes.
    pace = 0.02 if moment is Moment.DURING else 0.0002
    dsn = await make_database(f"""
        CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item SELECT generate_series(1, 900);
        CREATE TABLE pace AS SELECT {pace}::float8 AS seconds
    """)
    query = "SELECT id, pg_sleep(seconds)::text AS s, $1::text AS tag FROM item, pace ORDER BY id"
    request = pgmcp.ExecuteQueryRequest(query=query, params=["once"])
    async with (
        killer(dsn) as watch,
        disturbing_proxy(dsn) as proxy,
        connected(proxy, driver, retry_attempts=3) as db,
    ):

        async def kill_in_the_middle() -> None:
            await watch.until_sleeping()
            await watch.ask("UPDATE pace SET seconds = 0 RETURNING seconds")
            await watch.kill()

        act = kill_in_the_middle if moment is Moment.DURING else watch.kill
        proxy.intervention = Intervention(sent=b"once", moment=moment, act=act)
        answer = await db.call(request)
        assert isinstance(answer, pgmcp.DataResponse)
        assert [row["id"] for row in answer.rows] == list(range(1, 901))
        assert proxy.intervention is None
