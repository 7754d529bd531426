from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.postgres.exchange import Exchange
from pgmcp.domain.calls import CallContext, CallId
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.results import Result
from pgmcp.ports.driver import DriverError, Fault, Rows, Statement
from tests.unit.house import NOON, Recorder

UPDATE = Statement("UPDATE t SET a = 1")
TOLD = "23505"


class Open:
    """A transaction whose statement fails once the call's time is up."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self.over_with: list[BaseException | None] = []

    def start(self, statement: Statement) -> Awaitable[Rows] | None:
        """Nobody is there."""
        return self.run(statement)

    def over(self, error: BaseException | None) -> None:
        """Whoever has been there is gone."""
        self.over_with.append(error)

    async def run(self, statement: Statement) -> Rows:
        """Fail."""
        self._clock.advance(1)
        raise DriverError(Fault(sqlstate=TOLD, message="no"))


async def carried_out(exchange: Exchange, open_: Open, call: CallContext, explain: Callable[..., Any]) -> None:
    """By the way of all."""
    await exchange.carry_out(lambda: open_.run(UPDATE), call, "update", lambda _: 0, UPDATE, explain)


async def changed(exchange: Exchange, open_: Open, call: CallContext, explain: Callable[..., Any]) -> None:
    """By the way of a known change."""

    async def explained(told: PgmcpError) -> PgmcpError:
        await explain(told, call)
        return told

    await exchange.change(open_, UPDATE, UPDATE.text, call, "update", lambda _: Result(), explained)


@pytest.mark.parametrize("way", [carried_out, changed])
async def test_an_error_that_is_being_explained_when_time_is_up(way: Callable[..., Awaitable[None]]) -> None:
    """Is what its caller hears: nobody has cancelled it."""
    clock, heard = FixedClock(NOON), Recorder()
    exchange, open_ = Exchange(clock=clock, observer=heard), Open(clock)
    # The timer rings 10 ms from now; by the clock the time is up once the statement has failed.
    call = CallContext(id=CallId("c"), tool="update_records", deadline=clock.monotonic() + 0.01)

    async def explain(_: PgmcpError, __: CallContext) -> None:
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, over.set)
        await over.wait()

    with pytest.raises(PgmcpError) as told:
        await way(exchange, open_, call, explain)
    assert told.value.sqlstate == TOLD
    assert [each is told.value.__cause__ for each in open_.over_with] == ([True] if way is changed else [])
