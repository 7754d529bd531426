"""What a CALL may have left that failed or was stopped: a procedure may commit what it has done so far.

The procedures of its name are looked at before it runs first and after it failed: where none of them can commit, and
they are the same ones, nothing is left.
"""

from __future__ import annotations

import asyncio

from attrs import evolve

from pgmcp.adapters.postgres.runner import Runner
from pgmcp.adapters.postgres.surrounding import stands_alone
from pgmcp.adapters.postgres.texts import sql
from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError, codes
from pgmcp.domain.policy.views import EVERYTHING_SEEN
from pgmcp.domain.sql.analysis import Analysis
from pgmcp.domain.stopping import cancelled, outcome_told
from pgmcp.ports.clock import Clock
from pgmcp.ports.driver import Need, Statement
from pgmcp.ports.transactions import Outcome

# How long the catalogue may take when the call's own time is up, in seconds.
_PATIENCE_S = 5.0
# Whoever fails like that has not begun.
_NOT_BEGUN = frozenset({codes.CONNECTION_FAILED, codes.POOL_EXHAUSTED, codes.BREAKER_OPEN, codes.SHUTTING_DOWN})


class Procedures:
    """Tells what is left of calls of procedures.

    Args:
        runner: Asks the catalogue.
        clock: Of the calls' deadlines.
    """

    def __init__(self, runner: Runner, clock: Clock) -> None:
        self._runner = runner
        self._clock = clock

    async def mark(self, analysis: Analysis, call: CallContext) -> str | None:
        """A mark of what a statement calls, as it is now; None where it is no CALL, or may commit a part of its work.

        Raises:
            PgmcpError: The catalogue could not be asked.
        """
        if analysis.command != "CallStmt" or not analysis.functions:
            return None
        # Where it will run: another server may not know yet of what has changed.
        asking = evolve(call, statement_timeout_ms=None, view=EVERYTHING_SEEN)
        statement = Statement(sql("procedures"), (sorted(analysis.functions),))
        rows = await self._runner.run(statement, asking, need=Need.WRITE, kind="catalogue")
        return rows.rows[0][0]

    async def settle(self, error: PgmcpError, analysis: Analysis, mark: str | None, call: CallContext) -> None:
        """Say of a CALL by itself that failed what became of it, where a part of it may be there.

        Args:
            error: What it failed with; gets the outcome.
            analysis: The statement.
            mark: Its mark from before.
            call: Whose it was.
        """
        if not _may_be_partial(error, analysis, call) or error.code in _NOT_BEGUN:
            return
        if mark is None or mark != await self._mark_now(analysis, call):
            error.with_details(outcome=Outcome.UNKNOWN)

    def given_up(self, error: asyncio.CancelledError, analysis: Analysis, call: CallContext) -> PgmcpError | None:
        """What to say behind a cancellation: of a CALL nobody waits to hear what is left."""
        return cancelled(Outcome.UNKNOWN) if _may_be_partial(error, analysis, call) else None

    async def _mark_now(self, analysis: Analysis, call: CallContext) -> str | None:
        deadline = max(call.deadline, self._clock.monotonic()) + _PATIENCE_S
        try:
            return await self.mark(analysis, evolve(call, deadline=deadline))
        except PgmcpError:
            return None


def _may_be_partial(error: BaseException, analysis: Analysis, call: CallContext) -> bool:
    """Whether the outcome that an error tells of is that of the last part alone."""
    return analysis.command == "CallStmt" and outcome_told(error) is Outcome.ROLLED_BACK and stands_alone(call)
