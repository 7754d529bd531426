"""`pgmcp serve`: the MCP server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pgmcp.domain.calls import Principal
from pgmcp.domain.settings import Settings
from pgmcp.entrypoints.bootstrap import build
from pgmcp.entrypoints.bootstrap.guard import has_parser
from pgmcp.entrypoints.bootstrap.observing import log_observer
from pgmcp.entrypoints.cli.failures import say, say_embedded, say_no_parser, say_pooler
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.mcp.limits import ServeLimits
from pgmcp.entrypoints.mcp.router import MCPRouter


def serve(settings: Settings) -> int:
    """Serve until the client leaves or a signal comes."""
    database = build(settings, observer=log_observer(settings))
    if database.embedded:
        say_embedded()
    if settings.pooler == "transaction":
        say_pooler()
    if not has_parser():
        say_no_parser(settings)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_served(database))
    return 0


async def _served(database: Database) -> None:
    settings = database.settings
    router = MCPRouter(database)
    limits = ServeLimits(max_request_bytes=settings.max_request_bytes, shutdown_grace_s=settings.shutdown_grace_s)
    try:
        if settings.transport == "http":
            from pgmcp.entrypoints.mcp.http import serve_http
            from pgmcp.entrypoints.monitoring import guarded_pages, open_pages

            await serve_http(
                router,
                limits,
                settings,
                listening=lambda url: say(f"listening on {url}"),
                open_pages=open_pages(database),
                guarded_pages=guarded_pages(database),
            )
        else:
            from pgmcp.entrypoints.mcp.stdio import serve_stdio

            await serve_stdio(router, limits, principal=Principal(settings.principal))
    finally:
        await database.aclose()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop's where the extra `http` brought it."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
