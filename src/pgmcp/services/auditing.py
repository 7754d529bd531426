"""AuditService: makes the audit's records of each call, and lets no write run that must be on record and isn't."""

from __future__ import annotations

from attrs import define, field

from pgmcp.domain.auditing import AuditRecord, Ending, Phase, Touched, Verdict, digest_of
from pgmcp.domain.calls import CallId, LeaseId
from pgmcp.domain.errors import PgmcpError, SecurityError, codes
from pgmcp.domain.plans import Effect, Plan
from pgmcp.domain.settings import Settings
from pgmcp.domain.touching import touched
from pgmcp.ports.auditing import AuditError, AuditLog
from pgmcp.ports.clock import Clock
from pgmcp.services.security import effect_of


@define(kw_only=True, eq=False)
class Trail:
    """What is known of one call so far.

    Args:
        tool: The tool's name; None for a name that no tool has.
        effect: What the tool does, by its declaration.
    """

    call: CallId
    principal: str
    session: str | None
    tool: str | None
    effect: Effect | None
    plan: Plan | None = None
    transaction: LeaseId | None = None
    intended: bool = False
    _touched: Touched | None = field(default=None, init=False)

    def touched(self) -> Touched:
        """What its plan reaches, found out once."""
        if self._touched is None:
            self._touched = touched(self.plan) if self.plan is not None else Touched()
        return self._touched


class AuditService:
    """Tells the audit of calls; knows nothing of files."""

    def __init__(self, log: AuditLog, clock: Clock, settings: Settings) -> None:
        """Keep records in `log`, where the settings name one."""
        self._log = log
        self._clock = clock
        self._on = settings.audit_file is not None
        self._required = settings.audit_required

    def planned(self, trail: Trail, plan: Plan, transaction: LeaseId | None) -> None:
        """Take note of what a call comes to, whether or not it will be let through."""
        trail.plan = plan
        trail.transaction = transaction
        effect = effect_of(plan)
        # A tool without a plan of rows, such as one that ends a transaction, does what it declares.
        if effect is not Effect.READ or trail.effect is Effect.RUN:
            trail.effect = effect

    async def intend(self, trail: Trail) -> None:
        """Put a write that was let through on record before it runs.

        Raises:
            SecurityError: `audit_failed`, where the setting `audit_required` asks for a record and there can't be one.
        """
        if not self._on or trail.effect is Effect.READ or trail.intended:
            return
        try:
            await self._log.intend(self._record(trail, Phase.INTENT))
        except AuditError as error:
            if self._required:
                raise SecurityError(
                    codes.AUDIT_FAILED,
                    "nothing was changed, because the audit can't take a record of it",
                    hint="Whoever runs the server sees why in its log.",
                    details={"retry_after_ms": 1000},
                ) from error
        trail.intended = True

    async def conclude(
        self, trail: Trail, *, seconds: float, rows: int = 0, error: BaseException | None = None
    ) -> None:
        """Put a call's end on record.

        Args:
            trail: What is known of the call.
            seconds: From its arrival.
            rows: Rows given or changed.
            error: What it ended with; anything but the domain's errors and a cancellation is a defect.
        """
        if not self._on:
            return
        await self._log.conclude(self._record(trail, Phase.CALL, seconds=seconds, rows=rows, error=error))

    def _record(
        self,
        trail: Trail,
        phase: Phase,
        *,
        seconds: float = 0.0,
        rows: int = 0,
        error: BaseException | None = None,
    ) -> AuditRecord:
        code = _code(error)
        # Before there is a plan nothing was let through; behind it only security says no.
        refused = isinstance(error, SecurityError) or (trail.plan is None and isinstance(error, PgmcpError))
        transaction = trail.transaction
        return AuditRecord(
            phase=phase,
            at=self._clock.now(),
            call=trail.call,
            principal=trail.principal,
            session=trail.session,
            tool=trail.tool,
            effect=trail.effect,
            touched=trail.touched(),
            verdict=Verdict.REFUSED if refused else Verdict.ALLOWED,
            rule=code if refused else None,
            seconds=seconds,
            rows=rows,
            ending=None if phase is Phase.INTENT else _ending(error),
            error=None if refused else code,
            outcome=_outcome(error),
            transaction=digest_of(transaction) if transaction is not None else None,
        )


def _code(error: BaseException | None) -> str | None:
    if error is None:
        return None
    if isinstance(error, PgmcpError):
        return error.code.name
    return codes.INTERNAL.name if isinstance(error, Exception) else codes.CANCELLED.name


def _ending(error: BaseException | None) -> Ending:
    if error is None:
        return Ending.DONE
    return Ending.FAILED if isinstance(error, Exception) else Ending.CANCELLED


def _outcome(error: BaseException | None) -> str | None:
    found = error.details.get("outcome") if isinstance(error, PgmcpError) else None
    return None if found is None else str(found)
