"""`pgmcp serve`: the MCP server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import ValidationError, codes
from pgmcp.domain.plans import Effect
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.bootstrap.guard import has_parser
from pgmcp.entrypoints.bootstrap.observing import log_observer
from pgmcp.entrypoints.cli.failures import say, say_embedded, say_no_parser, say_pooler
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.router import MCPRouter
from pgmcp.handlers.base import Group, in_groups
from pgmcp.services.security import SecurityService

if TYPE_CHECKING:
    import socket

    from pgmcp.entrypoints.workers import Worker


def serve(settings: Settings) -> int:
    """Serve until the client leaves or a signal comes.

    Raises:
        ValidationError: `setting_invalid`: several processes can't serve what the settings ask for.
    """
    if settings.workers > 1:
        return _serve_by_many(settings)
    database = _announced(settings)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve_http(database, say_where) if settings.transport == "http" else _serve_stdio(database))
    return 0


def _serve_by_many(settings: Settings) -> int:
    _check_shareable(settings)
    from pgmcp.entrypoints.mcp.http import open_listener, url_of
    from pgmcp.entrypoints.mcp.tls import tls_of
    from pgmcp.entrypoints.workers import Workers

    listener = open_listener(settings)
    say_where(url_of(listener, tls=tls_of(settings) is not None))
    return Workers(settings.workers, partial(_serve_as_one, settings, listener), say).run()


def _serve_as_one(settings: Settings, listener: socket.socket, worker: Worker) -> int:
    database = _announced(settings) if worker.is_first else build(settings, observer=log_observer(settings))

    async def work() -> None:
        loop = asyncio.get_running_loop()

        def orphaned() -> None:
            loop.remove_reader(worker.lifeline)
            signal.raise_signal(signal.SIGTERM)

        loop.add_reader(worker.lifeline, orphaned)
        await _serve_http(database, lambda _: None, listener)

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(work())
    return 0


def _check_shareable(settings: Settings) -> None:
    """See that several processes can serve what the settings ask for: what lives in one is not there for the others.

    Raises:
        ValidationError: `setting_invalid`.
    """
    transactions = in_groups(Group.TRANSACTIONS, settings.tools)
    if settings.transport != "http":
        raise _one_process("stdio has one client", "Use --transport http.")
    if settings.driver == "memory":
        raise _one_process("each would have a memory database of its own", "Use one worker.")
    if transactions and SecurityService(settings.access, settings.policy).serves(Effect.UPDATE, Group.TRANSACTIONS):
        raise _one_process(
            "a transaction that a caller holds lives in the process that began it",
            "Leave the group transactions out: --tools schema,data,query.",
        )


def _one_process(why: str, hint: str) -> ValidationError:
    return ValidationError(codes.SETTING_INVALID, f"several workers can't serve this: {why}", hint=hint, path="workers")


def say_where(url: str) -> None:
    """Tell where clients find the server."""
    say(f"listening on {url}")


def _announced(settings: Settings) -> Database:
    """The database, about which the person at the terminal is told what is out of the ordinary."""
    database = build(settings, observer=log_observer(settings))
    if database.embedded:
        say_embedded()
    if settings.pooler == "transaction":
        say_pooler()
    if not has_parser():
        say_no_parser(settings)
    return database


async def _serve_http(
    database: Database, listening: Callable[[str], None], listener: socket.socket | None = None
) -> None:
    from pgmcp.entrypoints.mcp.http import serve_http
    from pgmcp.entrypoints.monitoring import guarded_pages, open_pages

    settings = database.settings
    try:
        await serve_http(
            MCPRouter(database),
            _limits(settings),
            settings,
            listening=listening,
            listener=listener,
            open_pages=open_pages(database),
            guarded_pages=guarded_pages(database),
        )
    finally:
        await database.aclose()


async def _serve_stdio(database: Database) -> None:
    from pgmcp.entrypoints.mcp.stdio import serve_stdio

    settings = database.settings
    try:
        await serve_stdio(MCPRouter(database), _limits(settings), principal=Principal(settings.principal))
    finally:
        await database.aclose()


def _limits(settings: Settings) -> ServeLimits:
    return ServeLimits(
        max_request_bytes=settings.max_request_bytes,
        shutdown_grace_s=settings.shutdown_grace_s,
        settle_s=settings.settle_s,
        http_connections=settings.http_connections,
        http_wait_s=settings.http_wait_s,
        http_sessions=settings.http_sessions,
        http_session_idle_s=settings.http_session_idle_s,
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop's where the extra `http` brought it."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
