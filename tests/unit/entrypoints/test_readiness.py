"""Readiness: the code of what stands between a caller and an answer, asked for at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from pgmcp.adapters.clock import FixedClock
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import Code, DatabaseError, codes
from pgmcp.domain.health import ServerFacts
from pgmcp.domain.policy.surroundings import PolicySurroundings
from pgmcp.entrypoints.bootstrap import build_memory
from pgmcp.entrypoints.configuration import load
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.entrypoints.readiness import Readiness
from tests.unit.house import NOON, House


class Examined:
    """A database that answers, or fails."""

    def __init__(self, code: Code | None = None) -> None:
        self.asked = 0
        self.code = code

    async def facts(self, call: CallContext) -> ServerFacts:
        """Fail where it shall."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.code is not None:
            raise DatabaseError(self.code, "no")
        return await House().memory.examiner.facts(call)

    async def reach_writing(self, call: CallContext) -> None:
        """Fail where it shall."""
        await self.facts(call)

    async def protected(self, facts: ServerFacts, call: CallContext) -> ServerFacts:
        """No more than is known."""
        return facts

    async def surroundings(self, roles: Collection[str], call: CallContext) -> PolicySurroundings | None:
        """There are none."""
        return None


@pytest.mark.parametrize(
    "code",
    [
        codes.CONNECTION_FAILED,
        codes.BREAKER_OPEN,
        codes.POOL_EXHAUSTED,
        codes.CALL_TIMEOUT,
        codes.AUTHENTICATION_FAILED,
    ],
    ids=lambda code: code.name,
)
async def test_what_stands_in_the_way(code: Code) -> None:
    """Whatever a call would fail with, readiness names; once it has passed there is nothing to name."""
    clock, examined = FixedClock(NOON), Examined(code)
    readiness = Readiness([examined.facts], clock)
    assert await readiness.error() == code.name
    examined.code = None
    clock.advance(1.5)
    assert await readiness.error() is None


async def test_each_server_has_to_answer() -> None:
    """Where reads have a server of their own, the one that is written counts as much."""
    clock, reads, writes = FixedClock(NOON), Examined(), Examined(codes.CONNECTION_FAILED)
    readiness = Readiness([reads.facts, writes.reach_writing], clock)
    assert await readiness.error() == "connection_failed"
    writes.code = None
    clock.advance(1.5)
    assert await readiness.error() is None
    reads.code = codes.BREAKER_OPEN
    clock.advance(1.5)
    assert await readiness.error() == "breaker_open"


async def test_many_who_ask_are_one_question() -> None:
    """However many ask within a second: an orchestrator's probes are no load of their own."""
    clock, examined = FixedClock(NOON), Examined()
    readiness = Readiness([examined.facts], clock)
    assert set(await asyncio.gather(*(readiness.error() for _ in range(50)))) == {None}
    assert examined.asked == 1
    clock.advance(1.5)
    await readiness.error()
    assert examined.asked == 2


async def test_a_server_that_stops_is_not_ready() -> None:
    """From the moment on that it takes nothing new, while what runs has its grace."""
    database = build_memory({}, {}, load({}, {}))
    assert await database.readiness.error() is None
    await MCPRouter(database).stopping()
    assert await database.readiness.error() == "shutting_down"
    await database.aclose()
