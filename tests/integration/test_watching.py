"""Each end of a connection finds out that the other one is gone."""

from __future__ import annotations

import socket

import psycopg
import pytest

from pgmcp.adapters.asyncpg_.client import AsyncpgConnection
from pgmcp.adapters.postgres.keepalive import KeepAlive
from pgmcp.adapters.postgres.plain import FallbackDriver
from pgmcp.adapters.postgres.session_settings import SessionSettings
from pgmcp.adapters.psycopg_.client import PsycopgConnection
from pgmcp.ports.driver import Connection, DriverError, Fault, Need, Statement
from tests.fixtures.drivers import client_to
from tests.fixtures.driving import session
from tests.fixtures.postgres import MakeDatabase
from tests.fixtures.proxy import counting_proxy
from tests.unit.adapters.test_sessions import FakeConnection, FakeDriver

SHOWN = Statement("""
    SELECT current_setting('client_connection_check_interval'), current_setting('statement_timeout')
""")


@pytest.mark.parametrize(
    "settings, shown",
    [
        pytest.param(SessionSettings(), ["1s", "30s"], id="watched"),
        pytest.param(SessionSettings(watched=False), ["0", "30s"], id="plain"),
    ],
)
async def test_the_server_watches_its_client(
    make_database: MakeDatabase, settings: SessionSettings, shown: list[str]
) -> None:
    """It looks while a statement runs, so that none goes on for a process that is gone."""
    async with session(await make_database(), settings=settings) as connection:
        assert list((await connection.run(SHOWN)).rows[0]) == shown


def _socket_of(connection: Connection) -> socket.socket:
    """The socket below a driver's connection."""
    if isinstance(connection, AsyncpgConnection):
        line = connection._connection._transport.get_extra_info("socket")  # type: ignore[attr-defined] # noqa: SLF001 -- there is no other way
        return socket.socket(fileno=line.fileno())
    assert isinstance(connection, PsycopgConnection)
    raw: psycopg.AsyncConnection[object] = connection._line._session  # noqa: SLF001 -- as above
    return socket.socket(fileno=raw.fileno())


@pytest.mark.parametrize(
    "options, expected",
    [
        pytest.param("", (1, 60, 10, 3, 30_000), id="of ours"),
        pytest.param("&keepalives_idle=7&tcp_user_timeout=9000", (1, 7, 10, 3, 9000), id="of the address"),
    ],
)
async def test_we_watch_the_server(
    make_database: MakeDatabase, options: str, expected: tuple[int, int, int, int, int]
) -> None:
    """By TCP's own probes, on every line that is TCP."""
    async with counting_proxy(await make_database()) as proxy, session(proxy.dsn + options) as connection:
        line = _socket_of(connection)
        try:
            alive = line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
            assert (alive, *(line.getsockopt(socket.IPPROTO_TCP, name) for name in names)) == expected
        finally:
            line.detach()


async def test_a_unix_socket_does_without() -> None:
    """There is nothing to probe, and no option to set."""
    one, other = socket.socketpair()
    with one, other:
        KeepAlive().apply(one)


class Refusing:
    """A server whose system can't watch its client."""

    def __init__(self, sqlstate: str) -> None:
        self.asked = 0
        self._sqlstate = sqlstate

    async def connect(self, need: Need) -> Connection:
        """Refuse."""
        self.asked += 1
        raise DriverError(Fault(sqlstate=self._sqlstate, message=""))


async def test_a_server_that_can_not_watch_gets_plain_sessions() -> None:
    """It is asked once and not again."""
    refusing, plain = Refusing("22023"), FakeDriver()
    plain.gate.set()
    driver = FallbackDriver(refusing, plain)
    for _ in range(2):
        assert isinstance(await driver.connect(Need.READ), FakeConnection)
    assert refusing.asked == 1


async def test_every_other_refusal_stands() -> None:
    """A wrong password is not asked for twice."""
    refusing = Refusing("28P01")
    with pytest.raises(DriverError):
        await FallbackDriver(refusing, FakeDriver()).connect(Need.READ)
    assert refusing.asked == 1


async def test_a_bad_parameter_of_the_servers_is_told_by_its_code(make_database: MakeDatabase) -> None:
    """The code that makes the driver fall back is the one that PostgreSQL gives."""
    with pytest.raises(DriverError) as refused:
        await client_to(await make_database(), settings=SessionSettings(time_zone="No/Where")).connect(Need.READ)
    assert refused.value.fault.sqlstate == "22023"
