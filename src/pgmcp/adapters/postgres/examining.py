"""Asks a PostgreSQL about itself."""

from __future__ import annotations

import json

from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.calls import CallContext
from pgmcp.domain.health import ServerFacts
from pgmcp.ports.driver import Need, Statement


class PostgresExaminer:
    """Implements `Examiner`."""

    def __init__(self, runner: Runner, verified: str | None = None) -> None:
        """Ask through `runner`; `verified` is how its connections check who the server is, by libpq's word."""
        self._runner = runner
        self._verified = verified

    async def facts(self, call: CallContext) -> ServerFacts:
        found = await self._runner.run(Statement(sql("facts")), call, need=Need.READ, kind="facts")
        document = json.loads(found.rows[0][0] or "{}")
        return ServerFacts(**document | {"extensions": tuple(document["extensions"]), "verified": self._verified})
