"""PostgreSQLClient: the driver port over psycopg, and no more than that."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from functools import partial

import psycopg
from attrs import asdict
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg.pq.abc import PGconn

from pgmcp.adapters.postgres.address import TARGET, Address
from pgmcp.adapters.postgres.errors import NOT_CONNECTED
from pgmcp.adapters.postgres.keepalive import KeepAlive
from pgmcp.adapters.postgres.naming import quote
from pgmcp.adapters.postgres.passwords import PasswordCommand
from pgmcp.adapters.postgres.reported import Reported
from pgmcp.adapters.postgres.session_settings import SessionSettings
from pgmcp.adapters.psycopg_.faults import is_outdated, of_connecting
from pgmcp.adapters.psycopg_.kept import UNNAMED, KeptStatements
from pgmcp.adapters.psycopg_.line import Line, Send, succeeded
from pgmcp.adapters.psycopg_.opening import Session
from pgmcp.adapters.psycopg_.texts import description_of, encoded, encoded_parameters, rows_of
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.ports.driver import MOST_BYTES, STOP_S, Description, DriverError, Fate, Fault, Need, Notice, Rows, Statement

# The first libpq that closes prepared statements and sends cancel requests without blocking.
_OLDEST_LIBPQ = 170000


class PostgreSQLClient:
    """Opens sessions with psycopg; implements `Driver`.

    Args:
        address: Where the server is; what it leaves out libpq fills in by its own rules.
        settings: What each session starts with.
        connect_timeout_s: For the whole of connecting, TLS and password included.
        statements_kept: Prepared statements that each session keeps, the least used going first. 0 keeps none and names
            none, which a transaction pooler between us and the server asks for.
        most_bytes: What the server may say in answer to one statement; where it says more the session is ended.
        stop_s: How long a cancelled statement may take to stop before its session is ended instead.
        password: Gives the password of each new session; None for the address's own.

    Raises:
        ValidationError: `setting_invalid`: psycopg was found, on a libpq that is too old.
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
        if pq.version() < _OLDEST_LIBPQ:
            raise ValidationError(
                codes.SETTING_INVALID,
                "The driver psycopg needs libpq 17 or later, and an older one is installed.",
                hint="pip install 'pgmcp[psycopg]' brings a psycopg that has its own.",
                path="driver",
            )
        self._address = address
        self._settings = settings
        self._connect_timeout_s = connect_timeout_s
        self._statements_kept = statements_kept
        self._most_bytes = most_bytes
        self._stop_s = stop_s
        self._password = password

    async def connect(self, need: Need) -> PsycopgConnection:
        if self._password is None:
            return await self._open(need, {})
        return await self._password.opened(lambda password: self._open(need, {"password": password}))

    async def _open(self, need: Need, more: Mapping[str, str]) -> PsycopgConnection:
        try:
            target = self._address.target_for(need, os.environ)
            known = _conninfo(self._address, self._settings.start_up(need), target)
            conninfo = make_conninfo(known, **more) if more else known
            async with asyncio.timeout(self._connect_timeout_s):
                session = await Session.connect(conninfo, autocommit=True, prepare_threshold=None)
        except (psycopg.Error, OSError, ValueError) as error:
            raise DriverError(of_connecting(error)) from None
        return PsycopgConnection(session, self._statements_kept, Line(session, self._most_bytes, self._stop_s))


class PsycopgConnection:
    """One session of psycopg's; implements `Connection`.

    Args:
        session: The session.
        statements_kept: How many prepared statements it keeps.
        line: Its line.
    """

    def __init__(self, session: Session, statements_kept: int, line: Line) -> None:
        self._session = session
        self._line = line
        self._statements = KeptStatements(statements_kept)
        self._reported = Reported(self._line.reported)

    @property
    def usable(self) -> bool:
        return self._line.idle

    @property
    def lost(self) -> bool:
        return self._line.lost

    @property
    def silent(self) -> bool:
        return self._line.silent

    @property
    def fate(self) -> Fate:
        return self._line.fate

    @property
    def process(self) -> int | None:
        return self._line.process

    @property
    def parameters(self) -> Mapping[str, str]:
        return self._reported

    async def run(self, statement: Statement) -> Rows:
        values = encoded_parameters(statement.parameters)
        name = self._statements.get(statement.text)
        if name is None:
            return await self._run_new(statement.text, values)
        results = await self._line.ask(lambda libpq: libpq.send_query_prepared(name, values))
        if is_outdated(results[0]):
            self._statements.forget(statement.text)
            if not self._line.in_transaction:
                # PostgreSQL refused before it ran anything: the table has changed since the statement was prepared.
                return await self._run_new(statement.text, values)
        # There is a second one where it ran and could not be committed, as by a deferred constraint.
        return self._taken(rows_of(succeeded(results)[0]))

    async def run_foreign(self, statement: Statement) -> tuple[Description, Rows]:
        values = encoded_parameters(statement.parameters)
        _, described, result = succeeded(
            await self._line.ask_all([*_described(statement.text), _executed(UNNAMED, values)])
        )
        return description_of(described), self._taken(rows_of(result))

    async def control(self, text: str) -> str:
        sent = encoded(text)
        results = succeeded(await self._line.ask(lambda libpq: libpq.send_query(sent)))
        return (results[-1].command_status or b"").decode()

    async def listen(self, channel: str) -> None:
        await self.control(f"LISTEN {quote(channel)}")

    async def announced(self, wait_s: float) -> Sequence[str]:
        try:
            # What comes while a statement runs psycopg keeps for this.
            return [each.payload async for each in self._session.notifies(timeout=wait_s, stop_after=1)]
        except psycopg.Error:
            self._line.end()
            raise DriverError(Fault(sqlstate=NOT_CONNECTED, message="lost")) from None

    async def describe(self, text: str) -> Description:
        _, described = succeeded(await self._line.ask_all(_described(text)))
        return description_of(described)

    async def listen_to(self, text: str) -> Sequence[Notice]:
        with self._line.heard() as said:
            await self.describe(text)
        return said

    async def close(self) -> None:
        self._line.end()

    def _taken(self, rows: Rows) -> Rows:
        """Rows, if they are no more than is taken; each has some columns of text."""
        self._line.check(sum(len(value) for row in rows.rows for value in row if value is not None))
        return rows

    async def _run_new(self, text: str, values: list[bytes | None]) -> Rows:
        """Prepare a statement and run it, in one round trip, closing what is no longer kept on the way."""
        name = self._statements.name(text)
        closing: list[Send] = [partial(_close, name=each) for each in self._statements.take_unwanted()]
        try:
            results = await self._line.ask_all([*closing, _prepared(name, text), _executed(name, values)])
        except BaseException:
            self._statements.discard(name)
            raise
        if all(result.status == pq.ExecStatus.COMMAND_OK for result in results[: len(closing) + 1]):
            # Whether its run succeeds or not: the server has it.
            self._statements.keep(text, name)
        return self._taken(rows_of(succeeded(results)[-1]))


def _conninfo(address: Address, start_up: dict[str, str], target: str | None) -> str:
    """The address with what each session starts with, as libpq takes it.

    Settings of the server travel as `-c name=value` in `options`, ours after the address's own: the last one holds.
    What libpq doesn't know in an address is a setting of the server, as it is to asyncpg.
    """
    defaults = {option.keyword.decode(): option.val for option in pq.Conninfo.get_defaults()}
    said = address.options()
    settings = {name: value for name, value in said.items() if name not in defaults and name != "dbname"}
    theirs = said.get("options") or (defaults["options"] or b"").decode()
    known = address.without_options(frozenset(settings))
    ours = dict(start_up)
    name = ours.pop("application_name")
    pairs = [f"-c {name}={_escaped(value)}" for name, value in (settings | ours).items()]
    options = " ".join([theirs, *pairs] if theirs else pairs)
    url = known.url.reveal() if known.url else ""
    kept = {key: value for key, value in asdict(KeepAlive()).items() if key not in said}
    if target is not None:
        kept[TARGET] = target
    return make_conninfo(url, application_name=name, client_encoding="UTF8", options=options, **kept)


def _escaped(value: str) -> str:
    """A value in `options`, where white space separates and a backslash escapes."""
    return re.sub(r"([\\\s])", r"\\\1", value)


def _prepared(name: bytes, text: str) -> Send:
    sent = encoded(text)
    return lambda libpq: libpq.send_prepare(name, sent)


def _executed(name: bytes, values: list[bytes | None]) -> Send:
    return lambda libpq: libpq.send_query_prepared(name, values)


def _described(text: str) -> list[Send]:
    # An empty name: the server drops the statement by itself when the next unnamed one comes.
    return [_prepared(UNNAMED, text), lambda libpq: libpq.send_describe_prepared(UNNAMED)]


def _close(libpq: PGconn, *, name: bytes) -> None:
    libpq.send_close_prepared(name)
