"""Several servers in one address, and one of its own for reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from attrs import frozen

import pgmcp
from pgmcp.adapters.postgres.address import Address
from pgmcp.domain.settings import Access, Secret, Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.database import Database
from pgmcp.ports.driver import Need
from tests.fixtures.disturbing import DisturbingProxy, disturbing_proxy
from tests.fixtures.postgres import private_server
from tests.fixtures.servers import standby_of

WHERE = "SELECT pg_is_in_recovery() AS standby"


@frozen
class Pair:
    """A primary and its standby, each behind a proxy of its own."""

    primary: DisturbingProxy
    standby: DisturbingProxy
    name: str

    def dsn(self, options: str = "", *, first: str = "standby") -> str:
        """The address of both; a standby first, as whoever looks for the primary may not be lucky."""
        servers = (self.standby, self.primary) if first == "standby" else (self.primary, self.standby)
        hosts = ",".join(f"127.0.0.1:{_port(server)}" for server in servers)
        return f"postgresql://postgres@{hosts}/{self.name}?sslmode=disable{options}"


def _port(proxy: DisturbingProxy) -> str:
    return proxy.dsn.partition("127.0.0.1:")[2].partition("/")[0]


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[Database]:
    """A database of these settings."""
    database = build(settings)
    try:
        yield database
    finally:
        await database.aclose()


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[Pair, str]]:
    """The pair, and the standby's own address."""
    async with private_server() as server:
        dsn = await server.new_database("CREATE TABLE item (id int PRIMARY KEY)")
        name = dsn.partition("@/")[2].partition("?")[0]
        async with (
            standby_of(server) as standby,
            disturbing_proxy(dsn) as primary_proxy,
            disturbing_proxy(standby.dsn_of(name)) as standby_proxy,
        ):
            yield Pair(primary_proxy, standby_proxy, name), standby.dsn_of(name)


async def is_standby(db: pgmcp.Client, *, read_only: bool = True, within: str | None = None) -> bool:
    """Whether a raw statement runs on a standby."""
    request = pgmcp.ExecuteQueryRequest(query=WHERE, read_only=read_only, transaction_id=within)
    answer = await db.call(request)
    assert isinstance(answer, pgmcp.DataResponse)
    found: bool = answer.rows[0]["standby"]
    return found


def connected(dsn: str, driver: str, **settings: Any) -> pgmcp.Client:
    """A client that may write."""
    return pgmcp.connect(dsn, driver=driver, access="write", **settings)


@pytest.mark.slow
async def test_several_servers(driver: str) -> None:
    """The one that is wanted is found among them, for reading and for writing; later it may be another one."""
    async with pair() as (servers, standby):
        for options, first, expected in (
            ("", "standby", True),
            ("", "primary", False),
            ("&target_session_attrs=read-write", "standby", False),
            ("&target_session_attrs=primary", "standby", False),
            ("&target_session_attrs=standby", "primary", True),
            ("&target_session_attrs=prefer-standby", "primary", True),
        ):
            async with connected(servers.dsn(options, first=first), driver) as db:
                found = [await is_standby(db, read_only=read_only) for read_only in (True, False)]
                assert (options, first, found) == (options, first, [expected, expected])

        for access, code in ((Access.WRITE, "connection_failed"), (Access.READ, None)):
            lost = Settings(
                dsn=Secret("postgresql://postgres@127.0.0.1:1/nowhere?sslmode=disable"),
                read_dsn=Secret(servers.standby.dsn),
                driver=driver,
                access=access,
            )
            async with database_of(lost) as database:
                # Nobody who may only read needs the server that is written.
                assert await database.readiness.error() == code

        dsn = servers.dsn("&target_session_attrs=read-write")
        async with (
            connected(servers.dsn(), driver, read_dsn=servers.dsn("&target_session_attrs=standby")) as lagging,
            connected(servers.dsn("&target_session_attrs=primary"), driver, read_dsn=servers.standby.dsn) as split,
            connected(dsn, driver, retry_attempts=5, breaker_failures=1000) as db,
        ):
            assert await is_standby(lagging)
            # Reads outside transactions are on the replica; writes, and whatever belongs to a transaction, are not.
            assert await is_standby(split)
            assert not await is_standby(split, read_only=False)
            for read_only in (True, False):
                lease = await split.call(pgmcp.BeginTransactionRequest(read_only=read_only))
                assert not await is_standby(split, within=lease.transaction_id)
                await split.call(pgmcp.RollbackTransactionRequest(transaction_id=lease.transaction_id))

            # The primary goes and the standby takes its place: nobody has to be told.
            await db.call(pgmcp.CreateRequest(table="item", data={"id": 1}))
            admin = await asyncpg.connect(standby)
            while not await admin.fetchval("SELECT count(*) FROM item"):
                pass
            servers.primary.closed = True
            servers.primary.cut()
            assert await admin.fetchval("SELECT pg_promote()")
            await admin.close()
            await db.call(pgmcp.CreateRequest(table="item", data={"id": 2}))
            answer = await db.call(pgmcp.ReadRequest(table="item"))
            assert isinstance(answer, pgmcp.DataResponse)
            assert answer.count == 2


@pytest.mark.parametrize(
    "options, environ, need, target",
    [
        pytest.param("", {}, Need.READ, None, id="nothing said"),
        pytest.param("?target_session_attrs=read-write", {}, Need.WRITE, "read-write", id="writing"),
        pytest.param("?target_session_attrs=read-write", {}, Need.READ, "primary", id="reading"),
        pytest.param("?target_session_attrs=standby", {}, Need.READ, "standby", id="a standby"),
        pytest.param("", {"PGTARGETSESSIONATTRS": "read-write"}, Need.READ, "primary", id="by the environment"),
        pytest.param(
            "?target_session_attrs=any", {"PGTARGETSESSIONATTRS": "standby"}, Need.READ, "any", id="the address wins"
        ),
    ],
)
def test_what_is_asked_of_several_servers(options: str, environ: dict[str, str], need: Need, target: str) -> None:
    """Sessions for reading are read-only by default on every server, so `read-write` would find none for them."""
    assert Address.read(f"postgresql://a,b/db{options}").target_for(need, environ) == target
