"""The embedded server as the rest of pgmcp sees it: an address to connect to, and a share to give back."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self
from urllib.parse import quote

from attrs import define, field, frozen

from pgmcp.adapters.embedded import lifeline
from pgmcp.adapters.embedded.binaries import find_binaries, readable_copy
from pgmcp.adapters.embedded.cluster import ensure_cluster, failure
from pgmcp.adapters.embedded.places import Account, Home, account, binaries_cache, default_home, make_home
from pgmcp.domain.errors import DatabaseError, codes

Prepare = Callable[[str], Awaitable[None]]


@define(kw_only=True)
class EmbeddedServer:
    """This process's share in a running PostgreSQL; an async context manager that closes it.

    Args:
        data_dir: Where the server keeps its things.
        sockets: The folder of its socket, the only way in.
        database: The database that `dsn` names.
    """

    data_dir: Path
    sockets: Path
    database: str
    _writer: int | None = field(repr=False)

    @property
    def dsn(self) -> str:
        """The address, for asyncpg and psycopg alike."""
        return self.dsn_of(self.database)

    def dsn_of(self, database: str) -> str:
        """The address of another database of the same server.

        >>> EmbeddedServer(data_dir=Path("/d"), sockets=Path("/d/run"), database="shop", writer=None).dsn_of("a b")
        'postgresql://postgres@/a%20b?host=/d/run&port=5432'
        """
        return f"postgresql://postgres@/{quote(database, safe='')}?host={quote(str(self.sockets))}&port=5432"

    async def close(self) -> None:
        """Give the share back, without waiting; the last one to do so stops the server. A second time does nothing."""
        writer, self._writer = self._writer, None
        if writer is not None:
            os.close(writer)

    async def stopped(self, timeout_s: float = 30.0) -> bool:
        """Wait until the server is gone, which it will be only when every share has been given back.

        Returns:
            Whether it is gone.
        """
        return await asyncio.to_thread(lifeline.wait_until_gone, Home(self.data_dir), timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


@frozen(kw_only=True)
class _Taken:
    """A share, and the home's lock as long as the cluster has to be filled."""

    home: Home
    hold: lifeline.Hold
    lock: int | None

    def let_go(self) -> None:
        os.close(self.hold.writer)
        if self.lock is not None:
            os.close(self.lock)


async def attach(
    data_dir: Path | None = None,
    *,
    database: str = "postgres",
    prepare: Prepare | None = None,
    settings: Mapping[str, str] | None = None,
    binaries: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> EmbeddedServer:
    """Join the server of a data directory, starting it, and making its cluster, where need be.

    Args:
        data_dir: Its folder; by default the user's own (`PGMCP_DATA_DIR`, else the platform's custom).
        database: The database that the address names; `prepare` may make it.
        prepare: Fills a new cluster: called with the address of the database `postgres`, while every other process
            waits. It is called again by the next one to attach if it did not come to its end, so it begins by removing
            what is left of itself.
        settings: Server settings (`{"fsync": "off"}`), for the process that starts the server; others find it as it is.
        binaries: A folder with `postgres` and `initdb`, instead of the search for one.
        environ: The environment that the search and the default folder look at.

    Raises:
        DatabaseError: `embedded_missing`, when there are no programs to run; `embedded_failed`, when they don't.
    """
    if sys.platform == "win32":
        message = "The embedded PostgreSQL needs named pipes and Unix sockets, which Windows lacks."
        hint = "Give the address of a running server with `--dsn postgresql://…`."
        raise DatabaseError(codes.EMBEDDED_MISSING, message, hint=hint)
    owner = account()
    folder = default_home(environ, is_root=owner is not None) if data_dir is None else data_dir

    def take() -> _Taken:
        return _take(folder, owner, settings or {}, binaries, environ, keep_lock=prepare is not None)

    taken = await _in_thread(take)
    hold = taken.hold
    server = EmbeddedServer(data_dir=taken.home.path, sockets=hold.sockets, database=database, writer=hold.writer)
    if prepare is not None and taken.lock is not None:
        try:
            await prepare(server.dsn_of("postgres"))
            await asyncio.to_thread(_mark_prepared, taken.home, owner)
        except BaseException:
            await server.close()
            raise
        finally:
            os.close(taken.lock)
    return server


def _take(
    folder: Path,
    owner: Account | None,
    settings: Mapping[str, str],
    binaries: Path | None,
    environ: Mapping[str, str],
    *,
    keep_lock: bool,
) -> _Taken:
    home = make_home(folder.absolute(), owner)
    lock: int | None = None
    try:
        lock = lifeline.lock(home)
        hold = lifeline.join(home)
        if hold is None:
            programs = find_binaries(environ) if binaries is None else binaries
            if owner is not None:
                programs = readable_copy(programs, binaries_cache())
            ensure_cluster(programs, home, owner)
            hold = lifeline.start(programs, home, owner, settings)
    except BaseException as error:
        if lock is not None:
            os.close(lock)
        if isinstance(error, OSError):
            raise failure(f"{error.strerror} at {home.path}", "") from error
        raise
    if keep_lock and not home.prepared.exists():
        return _Taken(home=home, hold=hold, lock=lock)
    os.close(lock)
    return _Taken(home=home, hold=hold, lock=None)


class _Handover:
    """What a thread took for a caller who may be gone by then; one of the two lets it go.

    It is settled here and not on the event loop, which may be closed before the thread is done.
    """

    def __init__(self, take: Callable[[], _Taken]) -> None:
        self._take = take
        self._lock = Lock()
        self._taken: _Taken | None = None
        self._unwanted = False

    def run(self) -> _Taken:
        """Take it, in the thread."""
        taken = self._take()
        with self._lock:
            self._taken = taken
            if self._unwanted:
                taken.let_go()
        return taken

    def give_up(self) -> None:
        """Nobody waits for it any more."""
        with self._lock:
            self._unwanted = True
            if self._taken is not None:
                self._taken.let_go()


async def _in_thread(take: Callable[[], _Taken]) -> _Taken:
    """Run it in a thread; what it took when its caller has long been cancelled is let go, or the server never stops."""
    handover = _Handover(take)
    try:
        return await asyncio.to_thread(handover.run)
    except asyncio.CancelledError:
        handover.give_up()
        raise


def _mark_prepared(home: Home, owner: Account | None) -> None:
    fresh = home.prepared.with_suffix(".new")
    fresh.touch()
    if owner is not None:
        os.chown(fresh, owner.uid, owner.gid)
    fresh.rename(home.prepared)
