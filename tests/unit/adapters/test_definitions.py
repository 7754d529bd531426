"""How often the catalogue is looked at for changed definitions."""

from __future__ import annotations

import pytest
from attrs import define

from pgmcp.adapters.clock import FixedClock
from pgmcp.adapters.postgres.definitions import Definitions
from pgmcp.adapters.postgres.pool import PoolLimits
from pgmcp.adapters.postgres.sessions import ConnectionManager
from pgmcp.ports.driver import DriverError, Fault, Need, Rows, Statement
from tests.unit.adapters.test_sessions import FakeConnection
from tests.unit.house import NOON


@define(eq=False, kw_only=True)
class Catalogue(FakeConnection):
    """A session whose one answer takes its time."""

    clock: FixedClock
    seconds: float
    states: list[str]

    async def run(self, statement: Statement) -> Rows:
        """Tell the next state."""
        self.clock.advance(self.seconds)
        if not self.states:
            raise DriverError(Fault(sqlstate="42501", message=""))
        return Rows(rows=((self.states.pop(0),),))


@define
class Opens:
    """Opens that one session."""

    session: Catalogue

    async def connect(self, need: Need) -> Catalogue:
        """Give it."""
        return self.session


@pytest.mark.parametrize(
    "seconds, states, waits",
    [
        pytest.param(0.0005, ["1", "1"], [1.0, 1.0], id="small"),
        pytest.param(0.05, ["1", "2"], [5.0, 5.0], id="large: one part in a hundred of the time"),
        pytest.param(4.0, ["1", "2"], [30.0, 30.0], id="held up, and not left alone for minutes"),
        pytest.param(0.0, ["told", "told"], [30.0, 30.0], id="told of by a trigger"),
        pytest.param(0.0, [], [30.0, 30.0], id="not allowed"),
    ],
)
async def test_how_soon_it_looks_again(seconds: float, states: list[str], waits: list[float]) -> None:
    """By what a look costs; only another state is a change."""
    clock = FixedClock(NOON)
    changed = len(set(states)) > 1
    session = Catalogue(name="read0", clock=clock, seconds=seconds, states=list(states))
    sessions = ConnectionManager(Opens(session), PoolLimits(pool_max=1), clock)
    looks = Definitions(sessions=sessions, clock=clock)
    assert [round(await looks.look(), 6) for _ in range(2)] == waits
    assert (looks.taken(), looks.taken()) == (changed, False)
    await sessions.close()
