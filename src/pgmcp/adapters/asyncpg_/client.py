"""PostgreSQLClient: the driver port over asyncpg, and no more than that."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import asyncpg

from pgmcp.adapters.asyncpg_.bound import BoundConnection
from pgmcp.adapters.asyncpg_.ear import Ear
from pgmcp.adapters.asyncpg_.faults import of_connecting, of_running
from pgmcp.adapters.asyncpg_.foreign import fetch_as_text
from pgmcp.adapters.asyncpg_.kept import KeptStatements, affected
from pgmcp.adapters.asyncpg_.meter import Meter
from pgmcp.adapters.asyncpg_.stopping import NOTHING, Stopping
from pgmcp.adapters.postgres.address import Address
from pgmcp.adapters.postgres.errors import TOO_MUCH
from pgmcp.adapters.postgres.keepalive import KeepAlive
from pgmcp.adapters.postgres.libpq import filled
from pgmcp.adapters.postgres.passwords import PasswordCommand
from pgmcp.adapters.postgres.reported import Reported
from pgmcp.adapters.postgres.session_settings import SessionSettings
from pgmcp.adapters.undisturbed import undisturbed
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.ports.driver import MOST_BYTES, STOP_S, Description, DriverError, Fate, Fault, Need, Notice, Rows, Statement

T = TypeVar("T")

# Options of libpq that asyncpg would send to the server as settings of that name, which then refuses the session. None
# of them weakens a connection by being left out; `channel_binding=require` would, see `_without_libpq_only`.
_LIBPQ_ONLY = frozenset(
    "channel_binding connect_timeout fallback_application_name gssdelegation gssencmode keepalives keepalives_count "
    "keepalives_idle keepalives_interval load_balance_hosts sslcompression sslsni tcp_user_timeout".split()
)

_CLOSE_S = 2.0


class PostgreSQLClient:
    """Opens sessions with asyncpg; implements `Driver`.

    Args:
        address: Where the server is; what it leaves out asyncpg takes from `PG*`, the service file and `~/.pgpass`.
        settings: What each session starts with.
        connect_timeout_s: For the whole of connecting, TLS and password included.
        statements_kept: Prepared statements that each session keeps, the least used going first. 0 keeps none and names
            none, which a transaction pooler between us and the server asks for.
        most_bytes: What the server may say in answer to one statement; where it says more the session is ended.
        stop_s: How long a cancelled statement may take to stop before its session is ended instead.
        password: Gives the password of each new session; None for the address's own.
    """

    def __init__(
        self,
        *,
        address: Address,
        settings: SessionSettings,
        connect_timeout_s: float = 10.0,
        statements_kept: int = 250,
        most_bytes: int = MOST_BYTES,
        stop_s: float = STOP_S,
        password: PasswordCommand | None = None,
    ) -> None:
        self._password = password
        self._address = _without_libpq_only(filled(address, os.environ))
        self._keepalive = KeepAlive.of(address.options())
        self._settings = settings
        self._connect_timeout_s = connect_timeout_s
        self._statements_kept = statements_kept
        self._most_bytes = most_bytes
        self._stop_s = stop_s

    async def connect(self, need: Need) -> AsyncpgConnection:
        if self._password is None:
            return await self._open(need, None)
        return await self._password.opened(lambda password: self._open(need, password))

    async def _open(self, need: Need, password: str | None) -> AsyncpgConnection:
        url = self._address.url
        try:
            connection = await asyncpg.connect(
                url.reveal() if url else None,
                password=password,
                server_settings=self._settings.start_up(need),
                target_session_attrs=self._address.target_for(need, os.environ),  # type: ignore[arg-type] # it takes libpq's words, whatever its stubs say
                timeout=self._connect_timeout_s,
                # asyncpg's own cache serves its look-ups of types alone; it sends client_encoding=UTF8 by itself.
                statement_cache_size=20 if self._statements_kept else 0,
                max_cached_statement_lifetime=0,
                connection_class=BoundConnection,
            )
            connection.keep_alive(self._keepalive)
            connection.know_any_array()
            meter = connection.metered(self._most_bytes)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise DriverError(of_connecting(error)) from None
        # A pooler tells no process id of the server's, so there is nobody to be cancelled by it.
        stopping = Stopping(self._cancel if self._statements_kept else _cancel_nobody, self._stop_s)
        return AsyncpgConnection(connection, self._statements_kept, stopping, meter, need)

    async def _cancel(self, pid: int) -> None:
        """Stop what another session of ours runs, through one that is opened for it: asyncpg has no public way."""
        helper = await self.connect(Need.READ)
        try:
            await helper.run(Statement("SELECT pg_catalog.pg_cancel_backend($1::text::int4)::text", (str(pid),)))
        finally:
            await helper.close()


class AsyncpgConnection:
    """One session of asyncpg's; implements `Connection`.

    Args:
        connection: The session.
        statements_kept: How many prepared statements it keeps.
        stopping: Brings it to rest where a statement was cancelled.
        meter: Counts what the server says.
        need: What it is for; how a statement ended is heard where it may have changed something.
    """

    def __init__(
        self,
        connection: BoundConnection,
        statements_kept: int,
        stopping: Stopping,
        meter: Meter,
        need: Need,
    ) -> None:
        self._meter = meter
        self._follow: Callable[[], None] = meter.follow if need is Need.WRITE else meter.begin
        self._connection = connection
        self._stopping = stopping
        self._statements = KeptStatements(connection, statements_kept)
        self._reported = Reported(lambda name: getattr(connection.get_settings(), name, None))
        self._ear: Ear | None = None
        self.silent = False

    @property
    def usable(self) -> bool:
        return not self._connection.is_closed() and not self._connection.is_in_transaction()

    @property
    def lost(self) -> bool:
        closed: bool = self._connection.is_closed()
        return closed

    @property
    def fate(self) -> Fate:
        return self._meter.fate

    @property
    def process(self) -> int | None:
        pid: int = self._connection.get_server_pid()
        return pid

    @property
    def parameters(self) -> Mapping[str, str]:
        return self._reported

    async def run(self, statement: Statement) -> Rows:
        try:
            prepared = self._statements.get(statement.text)
            if prepared is None:
                self._meter.begin()
                prepared = await self._statements.prepare(statement.text)
            self._follow()
            records, tag, _ = await self._connection.bind(prepared, statement.parameters)
        except asyncpg.InvalidCachedStatementError as error:
            self._statements.forget(statement.text)
            if self._connection.is_in_transaction():
                raise DriverError(of_running(error, closed=False)) from None
            # PostgreSQL refused before it ran anything: the table has changed since the statement was prepared.
            return await self.run(statement)
        except BaseException as error:  # noqa: BLE001 -- looked at and raised again, a cancellation as well
            raise await self._failed(error) from None
        # Where rows came the tag counts those, and reading it takes longer than a short row.
        return Rows(records, len(records) or affected(tag.decode() if tag else None))

    async def run_foreign(self, statement: Statement) -> tuple[Description, Rows]:
        return await self._guarded(lambda: fetch_as_text(self._connection, statement, self._follow))

    async def control(self, text: str) -> str:
        return await self._guarded(lambda: self._execute(text))

    async def listen(self, channel: str) -> None:
        ear = self._ear = Ear()
        self._connection.add_termination_listener(ear.end)
        await self._guarded(lambda: self._connection.add_listener(channel, ear.hear))

    async def announced(self, wait_s: float) -> Sequence[str]:
        self._meter.begin()
        return [] if self._ear is None else await self._ear.announced(wait_s)

    async def describe(self, text: str) -> Description:
        return await self._guarded(lambda: self._describe(text))

    async def listen_to(self, text: str) -> Sequence[Notice]:
        said: list[Notice] = []

        def hear(_: object, message: asyncpg.PostgresLogMessage) -> None:
            # What asyncpg asks of the catalogue on its own is not the caller's.
            if getattr(message, "query", text) == text:
                said.append(Notice(message.message or "", message.detail or ""))

        self._connection.add_log_listener(hear)
        try:
            await self._guarded(lambda: self._describe(text))
        finally:
            self._connection.remove_log_listener(hear)
        return said

    async def close(self) -> None:
        try:
            await self._connection.close(timeout=_CLOSE_S)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._connection.terminate()

    def _execute(self, text: str) -> Awaitable[str]:
        self._follow()
        return self._connection.execute(text)

    async def _describe(self, text: str) -> Description:
        # An empty name: the server drops the statement by itself when the next unnamed one comes.
        prepared = await self._connection.prepare(text, name="")
        description = Description(
            parameters=tuple(parameter.oid for parameter in prepared.get_parameters()),
            columns=tuple((column.name, column.type.oid) for column in prepared.get_attributes()),
        )
        # asyncpg ends a preparation with Flush, not Sync, so its locks stay until the next statement: end it here.
        if not self._connection.is_in_transaction():
            await self._connection.execute(NOTHING)
        return description

    async def _guarded(self, work: Callable[[], Awaitable[T]]) -> T:
        self._meter.begin()
        try:
            return await work()
        except BaseException as error:  # noqa: BLE001 -- as in `run`
            raise await self._failed(error) from None

    async def _failed(self, error: BaseException) -> BaseException:
        """What to raise for an error; when the task was cancelled, only once the session is idle again or closed."""
        known = asyncpg.PostgresError | asyncpg.InterfaceError | asyncpg.InternalClientError | OSError | UnicodeError
        if self._meter.exceeded and isinstance(error, Exception):
            return DriverError(Fault(sqlstate=TOO_MUCH, message="the server says more than is taken"))
        if isinstance(error, known):
            return DriverError(of_running(error, closed=self._connection.is_closed()))
        if isinstance(error, Exception):
            return error
        await undisturbed(self._settle())
        return error

    async def _settle(self) -> None:
        try:
            await self._stopping.until_idle(self._connection)
        except asyncpg.PostgresError:
            # The server answers: in a failed transaction, or to a cancel request that came late. That is idle enough.
            return
        except BaseException as other:  # noqa: BLE001 -- whatever it was, nobody may have this session again
            self.silent = isinstance(other, TimeoutError)
            self._connection.terminate()


async def _cancel_nobody(pid: int) -> None:
    """In place of a second cancel request."""


def _without_libpq_only(address: Address) -> Address:
    if address.options().get("channel_binding") == "require":
        raise ValidationError(
            codes.SETTING_INVALID,
            "The address asks for channel_binding=require, which the driver asyncpg can't do.",
            hint="Use the driver psycopg, or take the option out and rely on sslmode=verify-full.",
            path="dsn",
        )
    return address.without_options(_LIBPQ_ONLY)
