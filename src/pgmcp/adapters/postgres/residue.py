"""Which of a caller's statements may leave something on the session: a setting, a lock, a temporary table."""

from __future__ import annotations

import json

from attrs import frozen

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


@frozen
class _Written:
    """The functions that are written in the database.

    Args:
        names: Their names.
        reached: Whether a query may call one that it doesn't name.
    """

    names: frozenset[str]
    reached: bool


class Residue:
    """Judges statements by the code that is written in the database: what a caller may name itself leaves nothing.

    Args:
        runner: Reads what functions the database has.
        clock: Tells when that is too old.
        ttl_s: Seconds that it is kept.
    """

    def __init__(self, *, runner: Runner, clock: Clock, ttl_s: float = 30) -> None:
        self._runner = runner
        self._kept: Kept[None, _Written] = Kept(clock, most=1, ttl_s=ttl_s)

    async def of(self, analysis: Analysis, call: CallContext, within: Transaction | None = None) -> bool:
        """Whether the statement may leave something.

        What can't be wrapped may (CALL, DDL); a read that calls such a function by its name, or any read where one is
        behind a view, a policy, an operator, a cast or a domain; and a write wherever there is any such function, as a
        trigger or a default may call it.
        """
        if analysis.kind is StatementKind.UTILITY:
            return analysis.command not in _HARMLESS
        written = self._kept.get(None)
        if written is None:
            era = self._kept.era
            rows = await self._runner.run(
                Statement(sql("functions")), call, need=Need.READ, kind="catalogue", within=within
            )
            found = json.loads(rows.rows[0][0] or "{}")
            written = self._kept.put(None, _Written(frozenset(found["names"] or ()), found["reached"]), era)
        if analysis.writes:
            return bool(written.names)
        return written.reached or not written.names.isdisjoint(analysis.functions)

    def forget(self) -> None:
        """Drop what is kept."""
        self._kept.clear()
