"""AuditService: makes the audit's records of each call, and lets no write run that must be on record and isn't."""

from __future__ import annotations

from attrs import evolve

from pgmcp.domain.auditing import DONE, INTENDED, End, Ending, Verdict
from pgmcp.domain.errors import PgmcpError, SecurityError, codes
from pgmcp.domain.guard.verdicts import Verdict as Judged
from pgmcp.domain.plans import Effect, Plan, Select
from pgmcp.domain.settings import Settings
from pgmcp.domain.stopping import outcome_told
from pgmcp.domain.touching import touched
from pgmcp.ports.auditing import AuditError, AuditLog
from pgmcp.ports.clock import Clock
from pgmcp.services.security import effect_of
from pgmcp.services.watching import Watch

# An enum's member takes longer to be found than all else that a read has to do here.
_READ = Effect.READ


class AuditService:
    """Tells the audit of calls; knows nothing of files."""

    def __init__(self, log: AuditLog, clock: Clock, settings: Settings) -> None:
        """Keep records in `log`, where the settings name one."""
        self._log = log
        self._timestamp = clock.timestamp
        self._on = settings.audit_file is not None
        self._required = settings.audit_required

    def planned(self, watch: Watch, plan: Plan) -> None:
        """Find out what a call comes to, before it runs and is gone, whether or not it will be let through.

        What a read of rows reaches is found out when its line is made: it needs not be told of here.
        """
        if not self._on:
            return
        watch.reached = touched(plan)
        effect = effect_of(plan)
        # A tool without a plan of rows, such as one that ends a transaction, does what it declares.
        if effect is not _READ or watch.effect is Effect.RUN:
            watch.effect = effect

    def judged(self, watch: Watch, verdict: Judged | None) -> None:
        """Take note of what a statement of the caller's own really reaches, which only its verdict tells."""
        if verdict is not None and watch.reached is not None:
            watch.reached = evolve(watch.reached, tables=verdict.tables, rules=verdict.rules)

    def wants_intent(self, watch: Watch) -> bool:
        """Whether a call is to be put on record before it runs: a write, of which that was not done before."""
        return self._on and watch.effect is not _READ and not watch.intended

    async def intend(self, watch: Watch) -> None:
        """Put a write that was let through on record before it runs; to be asked for where `wants_intent` says so.

        Raises:
            SecurityError: `audit_failed`, where the setting `audit_required` asks for a record and there can't be one.
        """
        try:
            watch.at, watch.end = self._timestamp(), INTENDED
            await self._log.intend(watch.record())
        except AuditError as error:
            if self._required:
                raise SecurityError(
                    codes.AUDIT_FAILED,
                    "nothing was changed, because the audit can't take a record of it",
                    hint="Whoever runs the server sees why in its log.",
                    details={"retry_after_ms": 1000},
                ) from error
        watch.intended = True

    def conclude(self, watch: Watch, seconds: float, rows: int = 0, error: BaseException | None = None) -> bool:
        """Put a call's end on record.

        Args:
            watch: What is known of the call.
            seconds: From its arrival.
            rows: Rows given or changed.
            error: What it ended with; anything but the domain's errors and a cancellation is a defect.

        Returns:
            Whether the call may be answered; where not, too many records wait, and `room` is to be waited for first.
        """
        if not self._on:
            return True
        plan = watch.plan
        # As nearly all calls are: nothing is made that the line doesn't need, and only the plan outlives its call.
        if error is None and type(plan) is Select and watch.transaction is None and watch.effect is _READ:
            return self._log.conclude(
                (self._timestamp(), watch.call, watch.principal, watch.session, watch.tool, plan, seconds, rows)
            )
        watch.at = self._timestamp()
        watch.seconds = seconds
        watch.rows = rows
        watch.end = DONE if error is None else _end(error, planned=watch.plan is not None)
        return self._log.conclude(watch)

    async def room(self) -> None:
        """Wait until there is room for more records. Never raises but when the task is cancelled."""
        await self._log.room()


def _end(error: BaseException, *, planned: bool) -> End:
    code = _code(error)
    # Before there is a plan nothing was let through; behind it only security says no, or a rule that hides.
    by_rule = isinstance(error, PgmcpError) and bool(error.rule)
    refused = isinstance(error, SecurityError) or by_rule or (not planned and isinstance(error, PgmcpError))
    return End(
        verdict=Verdict.REFUSED if refused else Verdict.ALLOWED,
        rule=(error.rule or code) if refused and isinstance(error, PgmcpError) else None,
        ending=Ending.FAILED if isinstance(error, Exception) else Ending.CANCELLED,
        error=code,
        outcome=outcome_told(error),
    )


def _code(error: BaseException) -> str:
    if isinstance(error, PgmcpError):
        return error.code.name
    return codes.INTERNAL.name if isinstance(error, Exception) else codes.CANCELLED.name
