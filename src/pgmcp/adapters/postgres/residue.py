"""Which of a caller's statements may leave something on the session: a setting, a lock, a temporary table."""

from __future__ import annotations

import json

from pgmcp.adapters.postgres.kept import Kept
from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.calls import CallContext
from pgmcp.domain.plans import StatementKind
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import Transaction

# What can't be wrapped and leaves nothing all the same.
_HARMLESS = frozenset({"VariableShowStmt"})


class Residue:
    """Judges statements by the code that is written in the database: what a caller may name itself leaves nothing.

    Args:
        runner: Reads the names of the database's functions.
        clock: Tells when they are too old.
        ttl_s: Seconds that they are kept.
    """

    def __init__(self, *, runner: Runner, clock: Clock, ttl_s: float = 30) -> None:
        self._runner = runner
        self._kept: Kept[None, frozenset[str]] = Kept(clock, most=1, ttl_s=ttl_s)

    async def of(self, analysis: Analysis, call: CallContext, within: Transaction | None = None) -> bool:
        """Whether the statement may leave something.

        What can't be wrapped may (CALL, DDL), a read that calls a function of that name, and a write wherever there is
        any such function, which a trigger, a default or a policy may call.
        """
        if analysis.kind is StatementKind.UTILITY:
            return analysis.command not in _HARMLESS
        if not analysis.writes and not analysis.functions:
            return False
        names = self._kept.get(None)
        if names is None:
            rows = await self._runner.run(
                Statement(sql("functions")), call, need=Need.READ, kind="catalogue", within=within
            )
            names = self._kept.put(None, frozenset(json.loads(rows.rows[0][0] or "[]")))
        return bool(names) if analysis.writes else not names.isdisjoint(analysis.functions)

    def forget(self) -> None:
        """Drop what is kept."""
        self._kept.clear()
