"""Transactions whose connection is gone while nobody uses them: their handles say so, and they are in nobody's way."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from attrs import define, field

import pgmcp
from pgmcp.domain.events import Event, LeaseEnded
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.handlers.dispatch import Caller
from tests.fixtures.disturbing import disturbing_proxy
from tests.fixtures.killing import killer
from tests.fixtures.postgres import MakeDatabase

ITEMS = "CREATE TABLE item (id int PRIMARY KEY)"
BEGIN = pgmcp.BeginTransactionRequest()
_LONG_S = 20.0


async def begun(db: pgmcp.Client) -> str:
    """A transaction that has written something."""
    handle = (await db.call(BEGIN)).transaction_id
    await db.call(pgmcp.CreateRequest(table="item", data={"id": 1}, transaction_id=handle))
    return handle


async def look(db: pgmcp.Client, handle: str) -> tuple[str, str | None, str | None]:
    """What is said of a transaction, without using it."""
    found = await db.call(pgmcp.GetTransactionRequest(transaction_id=handle))
    return str(found.state), found.outcome, found.reason


async def until_ended(db: pgmcp.Client, handle: str) -> tuple[str, str | None, str | None]:
    """What is said once the line's end has come here, which nothing tells.

    Before that the server is asked what the transaction holds, maybe on another line that has been cut as well.
    """
    async with asyncio.timeout(_LONG_S):
        while True:
            with suppress(pgmcp.DatabaseError):
                if (found := await look(db, handle))[0] == "ended":
                    return found


LOST = ("ended", "rolled_back", "connection_lost")


async def test_its_handle_says_so_before_anybody_uses_it(make_database: MakeDatabase, driver: str) -> None:
    """What it wrote is gone, and so is its connection's place in the pool."""
    dsn = await make_database(ITEMS)
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, access="write", pool_max=2) as db:
        handle = await begun(db)
        assert (await look(db, handle))[0] == "idle"
        await watch.kill()
        assert await until_ended(db, handle) == LOST
        with pytest.raises(pgmcp.TransactionError) as ended:
            await db.call(pgmcp.CommitTransactionRequest(transaction_id=handle))
        assert ended.value.details == {"outcome": "rolled_back", "reason": "connection_lost"}
        assert await watch.count("item") == 0
        # As many can be open at once as ever.
        first = await begun(db)
        await db.call(pgmcp.CommitTransactionRequest(transaction_id=first))
        assert await watch.count("item") == 1


async def test_it_says_so_while_the_server_is_away(make_database: MakeDatabase, driver: str) -> None:
    """Nobody has to be asked for that, so nothing fails."""
    dsn = await make_database(ITEMS)
    async with (
        disturbing_proxy(dsn) as proxy,
        pgmcp.connect(proxy.dsn, driver=driver, access="write", breaker_failures=1_000_000) as db,
    ):
        handle = await begun(db)
        proxy.closed = True
        proxy.cut()
        async with asyncio.timeout(_LONG_S):
            while True:
                try:
                    found = await look(db, handle)
                except pgmcp.DatabaseError:
                    continue  # its line's end has not come here yet, so the server was asked what it holds
                break
        assert found == LOST


async def test_another_one_can_begin_in_its_place(make_database: MakeDatabase, driver: str) -> None:
    """At the limit, without anybody having looked at the one that is gone."""
    dsn = await make_database(ITEMS)
    only: dict[str, Any] = {"access": "write", "leases_per_principal": 1}
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, **only) as db:
        handle = await begun(db)
        with pytest.raises(pgmcp.TransactionError, match="As many transactions"):
            await db.call(BEGIN)
        await watch.kill()
        async with asyncio.timeout(_LONG_S):
            while True:
                try:
                    following = await begun(db)
                except pgmcp.TransactionError:
                    continue  # its line's end has not come here yet
                break
        assert await look(db, handle) == LOST
        assert (await look(db, following))[0] == "idle"


@define
class Ends:
    """An observer that waits for a transaction's end."""

    heard: list[LeaseEnded] = field(factory=list)
    there: asyncio.Event = field(factory=asyncio.Event)

    def observe(self, event: Event) -> None:
        """Keep the end."""
        if isinstance(event, LeaseEnded):
            self.heard.append(event)
            self.there.set()


async def test_it_ends_though_nobody_asks(make_database: MakeDatabase, driver: str) -> None:
    """Soon, so that figures and places are right."""
    dsn = await make_database(ITEMS)
    ends = Ends()
    settings = Settings(dsn=Secret(dsn), driver=driver, access=Access.WRITE, lease_idle_s=1000, lease_total_s=2000)
    database = build(settings, observer=ends)
    try:
        async with killer(dsn) as watch:
            await database.call("begin_transaction", BEGIN, Caller())
            await watch.kill()
            async with asyncio.timeout(_LONG_S):
                await ends.there.wait()
    finally:
        await database.aclose()
    assert [(end.outcome, end.reason) for end in ends.heard] == [LOST[1:]]


async def test_one_in_use_is_left_to_its_user(make_database: MakeDatabase, driver: str) -> None:
    """Looking at it while a statement runs takes nothing from that, and its user hears how it ended."""
    dsn = await make_database(ITEMS)
    async with killer(dsn) as watch, pgmcp.connect(dsn, driver=driver, access="write") as db:
        handle = await begun(db)
        sleep = pgmcp.ExecuteQueryRequest(query="SELECT pg_sleep(60)", transaction_id=handle)
        task = asyncio.create_task(db.call(sleep))
        await watch.until_sleeping()
        assert (await look(db, handle))[0] == "active"
        await watch.kill()
        with pytest.raises(pgmcp.TransactionError) as ended:
            await task
        assert ended.value.details == {"outcome": "rolled_back", "reason": "connection_lost"}
        assert await look(db, handle) == LOST
