"""The stations before a call is carried out: decode, admit, plan, authorise. A call that comes again passes them once.

What a call comes to follows from its arguments, its caller's view, the relation or the verdict, and settings, which
never change. So it is kept with what it was made of, and holds for as long as those are the same objects: whatever
drops a relation or a verdict (its time, a definition, a word of the server's) ends with it what was prepared on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from attrs import evolve

from pgmcp.domain.calls import CallContext, Principal
from pgmcp.domain.plans import Effect, Explain, Plan, RawQuery, Select
from pgmcp.domain.policy.views import View
from pgmcp.domain.relations import Relation
from pgmcp.domain.requests import RequestBase
from pgmcp.domain.settings import Settings
from pgmcp.domain.transacting import Transacting
from pgmcp.handlers.base import AnyHandler
from pgmcp.handlers.decoding import decode, given
from pgmcp.services.auditing import AuditService
from pgmcp.services.guarding import Guard
from pgmcp.services.prepared_calls import Place, PreparedCall, PreparedCalls, arguments_at
from pgmcp.services.security import SecurityService, effect_of
from pgmcp.services.watching import AUTHORISE, PLAN, Watch

# As a tuple: a union would be made anew for each call.
_LEAVING_NOTHING = (Explain, Transacting)

Arguments = RequestBase[Any] | Mapping[str, Any] | bytes


class Asked(NamedTuple):
    """What a caller asks for.

    Args:
        request: The arguments, decoded.
        view: The database as the caller may know it.
        place: Where such a call is kept; None where it isn't.
        known: What it came to before.
    """

    request: RequestBase[Any]
    view: View
    place: Place | None
    known: PreparedCall | None


class Preparing:
    """Takes calls as far as their execution."""

    def __init__(self, security: SecurityService, guard: Guard, audit: AuditService, settings: Settings) -> None:
        """Ask whoever may refuse, and keep as many calls as the setting `prepared_calls` says."""
        self._security = security
        self._guard = guard
        self._audit = audit
        self._calls = PreparedCalls(most=settings.prepared_calls)

    def ask(self, handler: AnyHandler, arguments: Arguments, principal: Principal) -> Asked:
        """What is asked for, if it is a request at all and its caller may ask.

        Raises:
            ValidationError: As `decode`.
            SecurityError: As `SecurityService.admit`.
        """
        said = given(arguments) if isinstance(arguments, RequestBase) else arguments
        if not handler.recurrent:
            return self._asked(handler, said, principal, None)
        view = self._security.view(principal)
        place = self._calls.place(handler.name, said, view)
        if place is None:
            return self._asked(handler, said, principal, None)
        known = self._calls.get(place)
        if known is None:
            return self._asked(handler, arguments_at(place), principal, place)
        # It was admitted before: that hangs on the tool and the view alone.
        return Asked(known.request, view, place, known)

    async def prepare(self, handler: AnyHandler, asked: Asked, call: CallContext, watch: Watch) -> PreparedCall:
        """What a call comes to, as its caller may have it carried out.

        Raises:
            PgmcpError: What planning or authorising refuses.
        """
        request, _, place, known = asked
        if known is not None and self._holds(handler, known, call):
            self._planned(watch, known.plan, call)
            self._audit.judged(watch, known.verdict)
            return known
        watch.enter(PLAN)
        plan: Plan = await handler.plan(request, call)
        watch.enter(AUTHORISE)
        self._planned(watch, plan, call)
        prepared = await self._authorise(request, plan, call, watch)
        if place is not None and _may_recur(handler, prepared, call):
            self._calls.put(place, prepared)
        return prepared

    def _asked(
        self, handler: AnyHandler, said: Mapping[str, Any] | bytes, principal: Principal, place: Place | None
    ) -> Asked:
        request: RequestBase[Any] = decode(handler.request, said)
        return Asked(request, self._security.admit(handler.name, handler.effect, principal), place, None)

    def _holds(self, handler: AnyHandler, known: PreparedCall, call: CallContext) -> bool:
        """Whether everything that a call was prepared on is still the same."""
        if known.verdict is not None and self._guard.recalled(known.authorised, call) is not known.verdict:
            return False
        return handler.holds(known.plan, known.request, call)

    def _planned(self, watch: Watch, plan: Plan, call: CallContext) -> None:
        relation: Relation | None = getattr(plan, "relation", None)
        watch.relation = None if relation is None else relation.display
        watch.plan = plan
        watch.transaction = call.transaction
        if type(plan) is not Select:
            self._audit.planned(watch, plan)

    async def _authorise(self, request: RequestBase[Any], plan: Plan, call: CallContext, watch: Watch) -> PreparedCall:
        authorised = self._security.authorise(plan, call)
        verdict = await self._guard.judge(authorised, call)
        self._audit.judged(watch, verdict)
        if verdict is not None and not verdict.allowed:
            raise verdict.error()
        if isinstance(authorised, RawQuery) and verdict is not None:
            authorised = evolve(
                authorised,
                basis=verdict.basis,
                veiled=verdict.veiled,
                defines=authorised.defines or verdict.defines,
                bounds=authorised.bounds.held_to(verdict.max_rows),
            )
        elif isinstance(authorised, Explain) and verdict is not None and verdict.veiled:
            authorised = evolve(authorised, query=evolve(authorised.query, veiled=True))
        return PreparedCall(
            request=request,
            plan=plan,
            authorised=authorised,
            verdict=verdict,
            leaves_something=_leaves_something(authorised),
        )


def _leaves_something(plan: Plan) -> bool:
    """Whether a plan is a write, so that doing it once is something else than doing it twice."""
    if isinstance(plan, _LEAVING_NOTHING) or getattr(plan, "dry_run", False):
        return False
    return effect_of(plan) is not Effect.READ


def _may_recur(handler: AnyHandler, prepared: PreparedCall, call: CallContext) -> bool:
    """Whether a call is kept: a read outside a transaction that comes to the same each time."""
    if call.transaction is not None or prepared.leaves_something:
        return False
    return bool(handler.recurs(prepared.request))
