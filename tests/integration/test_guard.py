"""The guard in all its layers, on each driver and server: nothing gets past it, and honest statements are answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from attrs import frozen

from pgmcp.domain.errors import InternalError, PgmcpError
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.responses import DataResponse, ResponseBase
from pgmcp.domain.results import WireRows
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.dispatch import Caller
from tests.fixtures.guard.attacks import against_policy, against_reading
from tests.fixtures.guard.honest import UNDER_POLICY, WITHOUT_POLICY
from tests.fixtures.guard.trapped import MARKER, POLICY, SCHEMA
from tests.fixtures.postgres import TestServer

_STATE = """
SELECT concat_ws(' ', (SELECT count(*) FROM trace), (SELECT count(*) FROM sale), (SELECT sum(sum) FROM sale),
    (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT last_value FROM counter),
    (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'))
"""


@frozen
class Guarded:
    """The same database with a policy and without one, and a look behind."""

    ruled: Database
    open: Database
    behind: asyncpg.Connection

    async def state(self) -> str:
        """What an attack would have changed."""
        found: str = await self.behind.fetchval(_STATE)
        return found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def guarded(postgres: TestServer, driver: str) -> AsyncIterator[Guarded]:
    """A database full of traps."""
    dsn = await postgres.new_database(SCHEMA)
    async with AsyncExitStack() as ending:
        ending.push_async_callback(postgres.drop_database, dsn)
        common: dict[str, Any] = {"dsn": Secret(dsn), "driver": driver, "statement_timeout_ms": 3000}
        ruled = build(Settings(policy=parse_policy(POLICY), access=Access.WRITE, **common))
        unruled = build(Settings(**common))
        behind = await asyncpg.connect(dsn)
        ending.push_async_callback(behind.close)
        ending.push_async_callback(ruled.aclose)
        ending.push_async_callback(unruled.aclose)
        yield Guarded(ruled, unruled, behind)


async def answer(database: Database, text: str, tool: str = "execute_query", **arguments: Any) -> ResponseBase:
    """What the tool answers."""
    given: Mapping[str, Any] = {"query": text, **arguments}
    return await database.dispatcher.dispatch(database.tool(tool), given, Caller())


def shown(response: ResponseBase) -> str:
    """Everything that a caller sees of an answer."""
    if isinstance(response, DataResponse) and isinstance(response.data, WireRows):
        return " ".join(str(row) for row in response.data.rows)
    return repr(response)


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_gets_past_a_policy(guarded: Guarded) -> None:
    """Each attack is refused, changes nothing, and no byte of its answer holds what is hidden."""
    through = []
    before = await guarded.state()
    for name, text in against_policy():
        try:
            through.append((name, shown(await answer(guarded.ruled, text))[:80]))
        except PgmcpError as error:
            told = json.dumps(error.document(), default=str)
            if MARKER in told or isinstance(error, InternalError):
                through.append((name, told))
    assert through == []
    assert await guarded.state() == before


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_is_done_by_what_only_reads(guarded: Guarded) -> None:
    """With a policy and without one: what would change, lock, listen, reach files or other sessions is refused."""
    through: list[object] = []
    before = await guarded.state()
    for database in (guarded.open, guarded.ruled):
        for name, text in against_reading():
            try:
                await answer(database, text)
                if text != "SELECT":
                    through.append(name)
            except InternalError as error:
                through.append((name, str(error)))
            except PgmcpError:
                pass
    assert through == []
    assert await guarded.state() == before


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("tool", ["execute_query", "explain_query"])
async def test_honest_statements_are_answered(guarded: Guarded, tool: str) -> None:
    """None is refused, under a policy or without one."""
    refused = []
    for database, texts in ((guarded.ruled, UNDER_POLICY), (guarded.open, (*UNDER_POLICY, *WITHOUT_POLICY))):
        for text in texts:
            if tool == "explain_query" and text.startswith(("EXPLAIN", "SHOW")):
                continue
            try:
                await answer(database, text, tool)
            except PgmcpError as error:
                refused.append((text, error.message))
    assert refused == []


@pytest.mark.asyncio(loop_scope="module")
async def test_answers_are_postgresqls_own(guarded: Guarded) -> None:
    """As many rows as the server gives to the bare statement, with the same columns."""
    for text in UNDER_POLICY:
        if "random" in text or text.startswith("EXPLAIN"):
            continue
        response = await answer(guarded.ruled, text)
        assert isinstance(response, DataResponse)
        rows = await guarded.behind.fetch(text)
        assert (text, response.count) == (text, len(rows))


@pytest.mark.asyncio(loop_scope="module")
async def test_an_explain_is_judged_too(guarded: Guarded) -> None:
    """Its plan shows conditions and what constant calls give, so it shows no more than the statement could."""
    through = []
    for name, text in against_policy():
        if text.startswith("EXPLAIN"):
            continue
        for analyze in (False, True):
            try:
                await answer(guarded.ruled, text, "explain_query", analyze=analyze)
                through.append(name)
            except PgmcpError as error:
                if MARKER in json.dumps(error.document(), default=str):
                    through.append(name)
    assert through == []


@pytest.mark.asyncio(loop_scope="module")
async def test_names_that_are_hidden_and_names_that_are_not_there_look_alike(guarded: Guarded) -> None:
    """Asking for a hidden table, column or type tells as much as asking for none."""
    told = []
    for hidden, missing in (
        ("SELECT * FROM vault", "SELECT * FROM vaulu"),
        ("SELECT * FROM public.vault", "SELECT * FROM public.vaulu"),
        ("SELECT pin FROM client", "SELECT pim FROM client"),
        ("SELECT c.pin FROM client c", "SELECT c.pim FROM client c"),
        ("SELECT NULL::vault", "SELECT NULL::vaulu"),
    ):
        found = []
        for text in (hidden, missing):
            with pytest.raises(PgmcpError) as refused:
                await answer(guarded.ruled, text)
            found.append(json.dumps(refused.value.document()).replace("vaulu", "vault").replace("pim", "pin"))
        told.append(found[0] == found[1] or found)
    assert told == [True] * 5


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "text, allowed",
    [
        pytest.param("UPDATE sale SET sum = 0", False, id="a table that may be read only"),
        pytest.param("INSERT INTO trace (what) VALUES ('x')", False, id="a table that is not there"),
        pytest.param("DELETE FROM tenant_row", False, id="a part of a table"),
        pytest.param("INSERT INTO defaulted (v) VALUES (1)", False, id="a default that calls"),
        pytest.param("WITH d AS (DELETE FROM sale RETURNING id) SELECT * FROM d", False, id="a CTE"),
        pytest.param("CREATE VIEW v AS SELECT * FROM vault", False, id="a definition"),
        pytest.param("SELECT set_config('role', 'postgres', false)", False, id="the session"),
        pytest.param("SELECT name FROM client LIMIT 1", True, id="a read"),
    ],
)
async def test_statements_that_may_write_are_judged_alike(guarded: Guarded, text: str, allowed: bool) -> None:
    """By what the policy lets the caller write."""
    before = await guarded.state()
    try:
        await answer(guarded.ruled, text, read_only=False)
        done = True
    except PgmcpError:
        done = False
    assert (done, await guarded.state()) == (allowed, before)
