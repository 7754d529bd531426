"""The guard over a second database: a trade with views over views, partitions, children, and much that runs code.

Its statements are an analyst's, an administrator's and a web developer's, and attacks by each family that guard.md and
PostgreSQL's documentation suggest; what differs from `test_guard.py` is who thought of them, and the shape of the data.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from attrs import frozen

from pgmcp.domain.errors import InternalError, PgmcpError
from pgmcp.domain.policy.parsing import parse_policy
from pgmcp.domain.responses import DataResponse
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.database import Database
from pgmcp.handlers.dispatch import Caller
from tests.fixtures.guard.listed import listed
from tests.fixtures.guard.plain import plain_answer
from tests.fixtures.guard.trapped import MARKER
from tests.fixtures.postgres import TestServer
from tests.integration.test_guard import answer, differences, shown

SCHEMA = (Path(__file__).parents[1] / "fixtures" / "guard" / "trade" / "schema.sql").read_text(encoding="utf-8")
_PERSON = {
    "match": "shop.person",
    "allow": ["read", "create", "update", "delete"],
    "hide": ["pin"],
    "mask": {"email": "email"},
}
STRICT: Mapping[str, Any] = {
    "default": "deny",
    "tables": [
        _PERSON,
        {"match": "shop.tenant", "allow": ["read", "update"], "rows": {"tenant": {"eq": 1}}},
        {"match": "shop.log", "allow": ["read"], "hide": ["pin"]},
        {"match": "shop.base", "allow": ["read"]},
        *({"match": f"shop.{name}", "allow": []} for name in ("kid", "secret", "trace")),
        {"match": "shop.*", "allow": ["read", "create", "update", "delete"]},
    ],
}
MILD: Mapping[str, Any] = {"default": "allow", "tables": [_PERSON, {"match": "shop.secret", "allow": []}]}
_STATE = """
SELECT concat_ws(' ', (SELECT count(*) FROM shop.trace), (SELECT last_value FROM shop.seq),
    (SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM shop.person AS t),
    (SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM shop.tenant AS t),
    (SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM shop.secret AS t),
    (SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM shop.orders AS t),
    (SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM shop.log AS t), (SELECT count(*) FROM shop.scratch),
    (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_largeobject_metadata),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'))
"""
_PATH = "shop,public"
_TOLD = ("EXPLAIN", "SHOW")

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


@frozen
class Trade:
    """The database under several policies, and a look behind."""

    strict: Database
    mild: Database
    open: Database
    behind: asyncpg.Connection
    dsn: str

    @property
    def version(self) -> int:
        """The server's major version."""
        found: int = self.behind.get_server_version().major
        return found

    async def state(self) -> str:
        """What an attack would have changed."""
        found: str = await self.behind.fetchval(_STATE)
        return found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def trade(postgres: TestServer, driver: str) -> AsyncIterator[Trade]:
    """A database of a trade, for callers who may write."""
    dsn = await postgres.new_database(SCHEMA)
    async with AsyncExitStack() as ending:
        ending.push_async_callback(postgres.drop_database, dsn)

        def made(policy: Mapping[str, Any] | None) -> Database:
            rules = {} if policy is None else {"policy": parse_policy(policy)}
            common: dict[str, Any] = {"dsn": Secret(dsn), "driver": driver, "search_path": _PATH} | rules
            database = build(Settings(access=Access.WRITE, statement_timeout_ms=3000, **common))
            ending.push_async_callback(database.aclose)
            return database

        behind = await asyncpg.connect(dsn)
        ending.push_async_callback(behind.close)
        yield Trade(made(STRICT), made(MILD), made(None), behind, dsn)


async def test_nothing_is_read_past_a_policy(trade: Trade) -> None:
    """Each attack is refused, run or explained; nothing has changed, and no answer or error holds what is hidden."""
    through = []
    before = await trade.state()
    for text in listed("trade_policy"):
        tools = ["execute_query"] if text.startswith("EXPLAIN") else ["execute_query", "explain_query"]
        for tool in tools:
            try:
                through.append((text, shown(await answer(trade.strict, text, tool))[:80]))
            except PgmcpError as error:
                told = json.dumps(error.document(), default=str)
                if MARKER in told or isinstance(error, InternalError):
                    through.append((text, told))
    assert through == []
    assert await trade.state() == before


async def test_nothing_is_written_past_a_policy(trade: Trade) -> None:
    """Nor told of by a write; and where a statement is to read only, none of it is done without a policy either."""
    through = []
    before = await trade.state()
    for text in listed("trade_changes"):
        for database, read_only in ((trade.strict, False), (trade.open, True)):
            try:
                through.append((text, read_only, shown(await answer(database, text, read_only=read_only))[:80]))
            except PgmcpError as error:
                told = json.dumps(error.document(), default=str).replace(text, "")
                if MARKER in told.replace("MARKED1@x.org", "") or isinstance(error, InternalError):
                    through.append((text, read_only, told))
    assert through == []
    assert await trade.state() == before


async def test_honest_queries_are_answered_as_by_postgresql(trade: Trade) -> None:
    """Under a mild policy and without one: none is refused, and each has the bare statement's columns and rows."""
    wrong: list[object] = []
    queries = list(listed("trade_queries", trade.version))
    for database, texts in (
        (trade.mild, queries),
        (trade.open, [*queries, *listed("trade_catalogue", trade.version)]),
    ):
        for text in texts:
            try:
                response = await answer(database, text)
            except PgmcpError as error:
                wrong.append((text, error.message))
                continue
            if not text.startswith(_TOLD):
                wrong += differences(text, response, await plain_answer(trade.dsn, text, _PATH))
    assert wrong == []


async def test_honest_writes_are_done(trade: Trade) -> None:
    """Under a mild policy and without one, none is refused."""
    refused = []
    for database in (trade.mild, trade.open):
        for text in listed("trade_writes", trade.version):
            try:
                await answer(database, text, read_only=False)
            except PgmcpError as error:
                refused.append((text, error.message))
    assert refused == []


@pytest.mark.parametrize("table", ["log_24", "log_rest"])
async def test_a_partition_is_seen_under_its_parents_rule_too(trade: Trade, table: str) -> None:
    """Whatever wider rule lets it be read: its rows are the parent's, and so is what is hidden of them."""
    read = await trade.strict.dispatcher.dispatch(trade.strict.tool("read_table"), {"table": table}, Caller())
    assert isinstance(read, DataResponse)
    assert (read.columns, MARKER in shown(read)) == (("id", "who", "day"), False)
    described = await trade.strict.dispatcher.dispatch(trade.strict.tool("describe_table"), {"table": table}, Caller())
    assert "pin" not in repr(described)
    change = {"table": table, "filters": {"id": 1}, "data": {"who": "x"}}
    with pytest.raises(PgmcpError, match="may not update"):
        await trade.strict.dispatcher.dispatch(trade.strict.tool("update_records"), change, Caller())
