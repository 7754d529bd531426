"""The driver: bytes to and from PostgreSQL. Text goes in, text comes out; what it means is known elsewhere.

Every parameter of a statement is text (or an array of text) and every column that a statement of ours gives is text, so
no driver needs a codec, and all drivers give the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from attrs import define, field, frozen

MOST_BYTES = 16 * 2**20
"""What a server may say in answer to one statement, as long as nothing else is set: no honest answer comes near it."""

STOP_S = 2.0
"""How long a cancelled statement may take to stop, as long as nothing else is set, in seconds."""

Parameter = str | None | Sequence[str | None]
Row = Sequence[str | None]


# One is made for each statement that is sent, and a frozen one takes twice as long to make.
@define
class Statement:
    """A statement with `$1`, `$2`… and what to bind to them; `text[]` parameters are sequences.

    `dirties` says that it may run code which leaves something on the session that the next caller must not find;
    `relation` names the one relation that it is about, None where it is not one alone, or one of our own catalogue's;
    `fingerprint` is the same for statements that differ in values only, where whoever made it knows it.
    """

    text: str
    parameters: tuple[Parameter, ...] = field(default=(), repr=False)
    dirties: bool = False
    relation: str | None = None
    fingerprint: str | None = field(default=None, eq=False)  # the text says it already


# As for a statement.
@define
class Rows:
    """What came back: rows of text, and how many, or the rows that were changed as the command tag counts them."""

    rows: Sequence[Row] = field(repr=False)
    affected: int = 0


@frozen(kw_only=True)
class Description:
    """What PostgreSQL says of a prepared statement.

    Args:
        parameters: The type's oid of each parameter.
        columns: Name and type's oid of each result column; empty when it gives no rows.
    """

    parameters: tuple[int, ...]
    columns: tuple[tuple[str, int], ...]


@frozen
class Notice:
    """What PostgreSQL says beside an answer, at any level down to the one that the session asks for.

    Args:
        message: The primary message; not translated where it is written for the server's log.
        detail: What stands behind it.
    """

    message: str
    detail: str = field(default="", repr=False)


class Need(StrEnum):
    """What a connection is wanted for: sessions for reading are read-only by default."""

    READ = "read"
    WRITE = "write"


class Fate(StrEnum):
    """What became of a statement whose caller was cancelled, by the server's own word; unheard where it gave none."""

    DONE = "done"
    UNDONE = "undone"
    UNHEARD = "unheard"


class Connection(Protocol):
    """One session, in one caller's hands until it is given back."""

    @property
    def usable(self) -> bool:
        """Whether the session can go on: it is open and nothing is running or left open on it."""
        ...

    @property
    def lost(self) -> bool:
        """Whether the session is known to be gone; no server is asked, and whoever runs something finds out alone."""
        ...

    @property
    def silent(self) -> bool:
        """Whether it was ended because the server said nothing any more, not even to a cancel request."""
        ...

    @property
    def fate(self) -> Fate:
        """What became of the statement during which the caller was cancelled last, on a session for writing.

        Outside a transaction one that is done is committed, and of one that is undone nothing stays. It holds until
        something else is run.
        """
        ...

    @property
    def process(self) -> int | None:
        """The number of the server's process that serves the session; None where a pooler changes it, or it is gone."""
        ...

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the server reports of itself: `server_version`, `TimeZone`, `search_path` where it does."""
        ...

    async def run(self, statement: Statement) -> Rows:
        """Run one statement through the extended protocol; one round trip once the statement is known.

        Cancelling the task cancels the statement on the server; `fate` says what became of it.

        Raises:
            DriverError: What PostgreSQL or the network said.
        """
        ...

    async def run_foreign(self, statement: Statement) -> tuple[Description, Rows]:
        """Run a statement that can't be wrapped (SHOW, CALL…): its columns of any type, as text."""
        ...

    async def control(self, text: str) -> str:
        """Run control statements of our own (BEGIN, SET LOCAL, COMMIT, SAVEPOINT…), several at once if need be.

        Returns:
            The command tag of the last: a COMMIT of a failed transaction says `ROLLBACK`.
        """
        ...

    async def listen(self, channel: str) -> None:
        """Hear from now on what is announced on a channel (LISTEN), on a session that does nothing else."""
        ...

    async def announced(self, wait_s: float) -> Sequence[str]:
        """What has been announced since the last time; empty when nothing comes within `wait_s`.

        Raises:
            DriverError: The session was lost, or more came than is kept.
        """
        ...

    async def describe(self, text: str) -> Description:
        """Prepare a statement and say what it takes and gives, without running it."""
        ...

    async def listen_to(self, text: str) -> Sequence[Notice]:
        """Prepare a statement under no name, without running it, and give what the server said meanwhile, in order.

        Raises:
            DriverError: What the server said of the text.
        """
        ...

    async def close(self) -> None:
        """End the session, at once if it doesn't end by itself."""
        ...


class Driver(Protocol):
    """Opens sessions."""

    async def connect(self, need: Need) -> Connection:
        """Open a session with everything set as it shall be for the need.

        Raises:
            DriverError: The server is not there, or refuses.
        """
        ...


@frozen(kw_only=True)
class Fault:
    """What a driver knows of an error.

    Args:
        sqlstate: PostgreSQL's code; None when the connection, not the server, failed.
        message: The server's primary message, which may hold values: never for a caller as it is.
        position: Character of the statement, from 1.
    """

    sqlstate: str | None
    message: str
    detail: str | None = None
    hint: str | None = None
    position: int | None = None
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    constraint: str | None = None
    datatype: str | None = None


class DriverError(Exception):
    """An error as the driver heard it; `adapters/postgres` alone turns it into one of the domain's."""

    def __init__(self, fault: Fault) -> None:
        """Keep the facts; the text of the exception says nothing of values."""
        super().__init__(fault.sqlstate or "connection")
        self.fault = fault
