"""One search path for all sessions: learned from the first, given to the others."""

from __future__ import annotations

import asyncio

import pytest
from attrs import define, field

from pgmcp.adapters.postgres.search_paths import OnePathDriver, SearchPath
from pgmcp.ports.driver import DriverError, Fault, Need, Rows, Statement
from tests.unit.adapters.test_sessions import FakeConnection


@define(eq=False)
class Session(FakeConnection):
    """A session that tells its search path when it is asked, or not."""

    tells: str | None = None

    async def run(self, statement: Statement) -> Rows:
        if self.tells is None:
            raise DriverError(Fault(sqlstate="57P01", message="gone"))
        return Rows(rows=((self.tells,),))


@define
class Server:
    """Opens sessions with the role's own path, unless they have one; notes which path each was made with."""

    own: str = "a"
    reports: bool = True
    answers: bool = True
    made: list[tuple[str | None, Session]] = field(factory=list)
    gates: list[asyncio.Event] = field(factory=list)

    def driver(self, path: str | None) -> _Driver:
        return _Driver(self, path)

    @property
    def paths(self) -> list[str | None]:
        return [path for path, _ in self.made]


@define
class _Driver:
    server: Server
    path: str | None

    async def connect(self, need: Need) -> Session:
        server = self.server
        has = server.own if self.path is None else self.path
        session = Session(f"{need}", tells=has if server.answers else None)
        if server.reports:
            session.parameters["search_path"] = has
        server.made.append((self.path, session))
        if server.gates:
            await server.gates.pop(0).wait()
        return session


@pytest.mark.parametrize("reports", [pytest.param(True, id="reported"), pytest.param(False, id="asked-for")])
async def test_the_others_have_the_first_ones_path(*, reports: bool) -> None:
    """Whatever the role's own has become; drivers that share a path too."""
    server, path = Server(reports=reports), SearchPath()
    one, other = OnePathDriver(server.driver, path), OnePathDriver(server.driver, path)
    await one.connect(Need.READ)
    server.own = "b"
    await one.connect(Need.WRITE)
    await other.connect(Need.READ)
    assert (server.paths, path) == ([None, "a", "a"], SearchPath("a"))
    assert [session.closed for _, session in server.made] == [False] * 3


async def test_a_path_that_is_set_is_theirs_from_the_first_on() -> None:
    """Nothing is learned."""
    server = Server()
    driver = OnePathDriver(server.driver, SearchPath("c"))
    await driver.connect(Need.READ)
    assert server.paths == ["c"]


async def test_of_two_that_open_at_once_the_slower_one_gives_way() -> None:
    """The role's path was altered between them, so the slower one is opened anew."""
    gates = [asyncio.Event(), asyncio.Event()]
    server = Server(gates=[*gates])
    driver = OnePathDriver(server.driver, SearchPath())
    slower = asyncio.create_task(driver.connect(Need.READ))
    await asyncio.sleep(0)
    server.own = "b"
    quicker = asyncio.create_task(driver.connect(Need.READ))
    await asyncio.sleep(0)
    gates[1].set()
    assert (await quicker).parameters == {"search_path": "b"}
    gates[0].set()
    assert (await slower).parameters == {"search_path": "b"}
    assert [(path, session.closed) for path, session in server.made] == [(None, True), (None, False), ("b", False)]


async def test_a_session_that_does_not_tell_is_closed() -> None:
    """And the next one is the first."""
    server = Server(reports=False, answers=False)
    driver = OnePathDriver(server.driver, SearchPath())
    with pytest.raises(DriverError):
        await driver.connect(Need.READ)
    assert [session.closed for _, session in server.made] == [True]
    server.answers = True
    await driver.connect(Need.READ)
    assert server.paths == [None, None]
