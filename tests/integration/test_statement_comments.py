"""What the server is shown of who runs a statement."""

from __future__ import annotations

import pytest
from attrs import evolve

from pgmcp.adapters.clock import SystemClock
from pgmcp.adapters.postgres.commenting import Commenter
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import QueryError
from pgmcp.ports.driver import Need, Statement
from tests.fixtures.pool import a_call, way_to
from tests.fixtures.postgres import MakeDatabase

_SEEN = "SELECT query FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()"


@pytest.mark.parametrize("name", ["ana", "'; DROP TABLE t; --", "*/ SELECT 1/0 /*", "\\ $$ é \n"])
async def test_the_server_sees_who_it_is(make_database: MakeDatabase, name: str) -> None:
    """Whatever the name is, the statement is what it was."""
    async with way_to(await make_database()) as way:
        runner = Runner(sessions=way.sessions, clock=SystemClock(), observer=way.heard, comment=Commenter())
        call = evolve(a_call(), principal=Principal(name))
        for _ in range(2):
            rows = (await runner.run(Statement(_SEEN), call, need=Need.READ, kind="query")).rows
            assert [row[0] for row in rows] == [Commenter()(Statement(_SEEN), call).text]
        with pytest.raises(QueryError) as caught:
            await runner.run(Statement("SELECT nothing_there"), call, need=Need.READ, kind="query")
    assert caught.value.position == 8
