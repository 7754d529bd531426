"""What a server over HTTP shows of itself: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pgmcp import __version__
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.mcp.pages import Page, Show

ONE_OF_MANY = b"Each worker counts for itself: use --opentelemetry true, which tells them apart.\n"
MISSING = b"Install pgmcp[prometheus] to serve metrics here.\n"


def open_pages(database: Database) -> Mapping[str, Show]:
    """What anybody may ask, as it says nothing but yes or no."""

    async def healthz(_: str) -> Page:
        return _told(200, status="ok")

    async def readyz(_: str) -> Page:
        error = await database.readiness.error()
        return _told(200, status="ready") if error is None else _told(503, status="unready", code=error)

    return {"/healthz": healthz, "/readyz": readyz}


def guarded_pages(database: Database) -> Mapping[str, Show]:
    """What is for operators: it names tools and relations."""
    if database.settings.workers > 1:
        return {"/metrics": _nothing(ONE_OF_MANY)}
    try:
        from pgmcp.adapters.metrics.prometheus import MetricsExposition
    except ImportError:
        return {"/metrics": _nothing(MISSING)}
    labels = {"version": __version__, "driver": database.settings.driver}
    exposition = MetricsExposition(database.history, database.gauges, labels)

    async def metrics(accept: str) -> Page:
        body, media_type = exposition.render(accept)
        return Page(body=body, media_type=media_type)

    return {"/metrics": metrics}


def _nothing(why: bytes) -> Show:
    async def nothing(_: str) -> Page:
        return Page(body=why, media_type="text/plain", status=501)

    return nothing


def _told(http_status: int, **document: str) -> Page:
    return Page(body=json.dumps(document).encode(), status=http_status)
