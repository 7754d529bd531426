"""What is noted of one call on its way, for its events and its records in the audit."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from pgmcp.domain.audit_record import AuditRecord, audit_record
from pgmcp.domain.auditing import DONE, End, Touched, digest_of
from pgmcp.domain.calls import CallId, LeaseId
from pgmcp.domain.plans import Effect, Plan
from pgmcp.domain.samples import Place
from pgmcp.domain.tracking import Tracker, said
from pgmcp.ports.clock import Clock

# Stations that a call passes one behind the other in one function, so that their times need no function around each.
PLAN, AUTHORISE, EXECUTE = (Place("station", name) for name in ("plan", "authorise", "execute"))


class Watch:
    """Takes notes of one call, and the times of its parts; implements `Tracker` and `Recordable`.

    Args:
        clock: Its scale.
        call: The call's id.
        principal: Who calls.
        session: What the call came in by.
        tool: The tool's name; None for a name that no tool has.
        effect: What the tool does, by its declaration.
        timed: Whether the call was drawn to be timed.

    Attributes:
        now: The clock's own scale.
        note: Takes a part that is no station.
        noted: Those that it took, in the order of their ends; None where the call is not timed.
        stations: The stations that the call came to; None as for `noted`.
        started: When the call began, on it.
        relation: The relation that the call's plan is about; None where it is about none, or has no plan yet.
        plan: What the call comes to; None before that is known.
        reached: What the plan reaches, where that was found out already.
        transaction: The transaction that it runs in, as the audit names it.
        intended: Whether its intent is on record.
        at, seconds, rows, end: What its record says of how far it has come, as `AuditRecord` has it.
    """

    __slots__ = (
        "at",
        "call",
        "effect",
        "end",
        "intended",
        "note",
        "noted",
        "now",
        "plan",
        "principal",
        "reached",
        "relation",
        "rows",
        "seconds",
        "session",
        "started",
        "stations",
        "tool",
        "transaction",
    )

    def __init__(
        self,
        clock: Clock,
        call: CallId,
        principal: str,
        session: str | None,
        tool: str | None,
        effect: Effect | None,
        *,
        timed: bool,
    ) -> None:
        self.now = now = clock.monotonic
        self.started = now()
        self.call = call
        self.principal = principal
        self.session = session
        self.tool = tool
        self.effect = effect
        self.relation: str | None = None
        self.plan: Plan | None = None
        self.reached: Touched | None = None
        self.transaction: LeaseId | None = None
        self.intended = False
        self.at = self.seconds = 0.0
        self.rows = 0
        self.end: End = DONE
        self.stations: list[Any] | None = None
        self.noted: list[Any] | None = None
        if timed:
            self.stations = []
            self.noted = []
            self.note = self.noted.extend

    def enter(self, station: Place | None) -> None:
        """The call comes to a station, and has left the one before; with None it is at none."""
        stations = self.stations
        if stations is not None:
            now = self.now  # what is looked up and called in one step is looked for in the class first
            stations += (station, now())

    def leave(self, error: BaseException | None = None) -> None:
        """The call leaves the station that it is at, if at any, with what it ends with there."""
        stations = self.stations
        if not stations or stations[-2] is None:
            return
        if error is not None:
            stations[-2] = evolve(stations[-2], error=said(error))
        self.enter(None)

    def record(self) -> AuditRecord:
        """The audit's record of what is noted so far."""
        transaction = self.transaction
        return audit_record(
            (
                self.at,
                self.call,
                self.principal,
                self.session,
                self.tool,
                self.effect,
                self.plan if self.reached is None else self.reached,
                None if transaction is None else digest_of(transaction),
                self.seconds,
                self.rows,
                self.end,
            )
        )

    @property
    def tracker(self) -> Tracker | None:
        """Itself, where the call is timed."""
        return None if self.noted is None else self
