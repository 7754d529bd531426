"""What a server over HTTP shows of itself: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pgmcp import __version__
from pgmcp.entrypoints.database import Database
from pgmcp.entrypoints.mcp.pages import Page, Show

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
    try:
        from pgmcp.adapters.metrics.prometheus import MetricsExposition
    except ImportError:

        async def missing(_: str) -> Page:
            return Page(body=MISSING, media_type="text/plain", status=501)

        return {"/metrics": missing}
    labels = {"version": __version__, "driver": database.settings.driver}
    exposition = MetricsExposition(database.history, database.gauges, labels)

    async def metrics(accept: str) -> Page:
        body, media_type = exposition.render(accept)
        return Page(body=body, media_type=media_type)

    return {"/metrics": metrics}


def _told(http_status: int, **document: str) -> Page:
    return Page(body=json.dumps(document).encode(), status=http_status)
