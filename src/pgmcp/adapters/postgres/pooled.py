"""Behind a pooler that hands out the server for one transaction at a time, such as PgBouncer in its `transaction` mode.

What a session is given when it starts does not last there: the next transaction may run on another server process, and
PgBouncer refuses most start-up parameters. So every statement gets a transaction of its own, which begins with all that
a session would have started with. For a read that is above all READ ONLY.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from attrs import frozen

from pgmcp.adapters.postgres.naming import constant
from pgmcp.adapters.postgres.session_settings import LIMIT_TO_DEFAULT, SessionSettings
from pgmcp.domain.errors import SecurityError, codes
from pgmcp.ports.driver import Connection, Description, Driver, DriverError, Fate, Fault, Need, Notice, Rows, Statement

T = TypeVar("T")

# Feature not supported. https://www.postgresql.org/docs/18/errcodes-appendix.html
_NOT_SUPPORTED = "0A000"
_PROOF = Statement("SELECT pg_catalog.current_setting('transaction_read_only')")
# What poolers keep for each client, by its name in the start-up message.
_KEPT_BY_POOLERS = "application_name"


@frozen(kw_only=True)
class PooledSettings(SessionSettings):
    """The server's settings for our transactions: of a session's start only its name is left.

    The server watches the pooler then, and that is the pooler's business.
    """

    watched: bool = False

    def start_up(self, need: Need) -> dict[str, str]:
        return {_KEPT_BY_POOLERS: self.application_name}

    def opening(self, need: Need) -> str:
        """A statement that gives a transaction what a session of that need would have started with.

        It is a query, so the transaction has a snapshot afterwards, and PostgreSQL refuses to make it writable.
        https://www.postgresql.org/docs/18/sql-set-transaction.html
        """
        kept = {_KEPT_BY_POOLERS, "default_transaction_read_only"}
        wanted = {name: value for name, value in super().start_up(need).items() if name not in kept}
        calls = (f"pg_catalog.set_config({constant(name)}, {constant(value)}, true)" for name, value in wanted.items())
        return f"SELECT {', '.join(calls)}"


class PooledDriver:
    """Opens sessions through a transaction pooler; implements `Driver`.

    Args:
        driver: Opens them, with the same settings and without keeping prepared statements.
        settings: What each transaction begins with.
    """

    def __init__(self, driver: Driver, settings: PooledSettings) -> None:
        self._driver = driver
        self._settings = settings
        self._proven = False

    async def connect(self, need: Need) -> PooledConnection:
        """Open a session; the first one for reading has to prove that it can't write.

        Raises:
            SecurityError: `write_refused`: the pooler lets a transaction that shall be read-only be another.
            DriverError: As the driver's own.
        """
        begin = "BEGIN READ ONLY" if need is Need.READ else "BEGIN"
        connection = PooledConnection(await self._driver.connect(need), begin, self._settings.opening(need))
        if need is Need.READ and not self._proven:
            try:
                await _prove(connection)
            except BaseException:
                await connection.close()
                raise
            self._proven = True
        return connection


class PooledConnection:
    """One session through a transaction pooler; implements `Connection`.

    Args:
        connection: The driver's session.
        begin: What begins a transaction for a single statement.
        opening: What every transaction runs first, in the round trip of its beginning.
    """

    def __init__(self, connection: Connection, begin: str, opening: str) -> None:
        self._connection = connection
        self._begin = begin
        self._opening = opening
        # Where it was for us to end the transaction.
        self._fate: Fate | None = None

    @property
    def usable(self) -> bool:
        return self._connection.usable

    @property
    def lost(self) -> bool:
        return self._connection.lost

    @property
    def silent(self) -> bool:
        return self._connection.silent

    @property
    def fate(self) -> Fate:
        return self._connection.fate if self._fate is None else self._fate

    @property
    def process(self) -> int | None:
        return None

    @property
    def parameters(self) -> Mapping[str, str]:
        return self._connection.parameters

    async def run(self, statement: Statement) -> Rows:
        return await self._alone(lambda: self._connection.run(statement))

    async def run_foreign(self, statement: Statement) -> tuple[Description, Rows]:
        return await self._alone(lambda: self._connection.run_foreign(statement))

    async def listen(self, channel: str) -> None:
        """Refuse: what listens behind a pooler is whatever session comes next.

        Raises:
            DriverError: Always.
        """
        raise DriverError(Fault(sqlstate=_NOT_SUPPORTED, message="no LISTEN behind a transaction pooler"))

    async def announced(self, wait_s: float) -> Sequence[str]:
        return ()

    async def describe(self, text: str) -> Description:
        return await self._alone(lambda: self._connection.describe(text))

    async def listen_to(self, text: str) -> Sequence[Notice]:
        return await self._alone(lambda: self._connection.listen_to(text))

    async def control(self, text: str) -> str:
        self._fate = None
        begin, _, rest = text.partition(";")
        if begin.startswith("BEGIN"):
            return await self._connection.control(f"{begin}; {self._opening};{rest}")
        if text.startswith(LIMIT_TO_DEFAULT):
            # The default is the pooler's session's, not ours.
            return await self._connection.control(self._opening)
        return await self._connection.control(text)

    async def close(self) -> None:
        await self._connection.close()

    async def _alone(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work in a transaction of its own, unless one is open: two round trips more."""
        if not self.usable:
            # A transaction is open, or the session is gone: then the driver says so.
            self._fate = None
            return await work()
        at_its_end = False
        try:
            await self.control(self._begin)
            result = await work()
            at_its_end = True
            await self._connection.control("COMMIT")
        except BaseException:
            self._fate = self._connection.fate if at_its_end else Fate.UNDONE
            if not self._connection.usable:
                # If even this fails the session is not usable, and the pool closes it.
                with suppress(DriverError):
                    await self._connection.control("ROLLBACK")
            raise
        return result


async def _prove(connection: PooledConnection) -> None:
    found = await connection.run(_PROOF)
    if list(found.rows[0]) != ["on"]:
        raise SecurityError(
            codes.WRITE_REFUSED,
            "Reads can't be kept read-only through this pooler, so nothing is read.",
            hint="Let pooler=transaction meet PgBouncer's pool_mode transaction or session, or connect directly.",
            path="pooler",
        )
