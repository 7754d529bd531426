"""SecurityService: may this principal call this at all, and do what the plan says."""

from __future__ import annotations

from typing import TypeVar

from pgmcp.domain.access import lowest
from pgmcp.domain.caching.operating import ClearCache
from pgmcp.domain.calls import CallContext, Principal
from pgmcp.domain.errors import SecurityError, codes
from pgmcp.domain.measuring import ResetMetrics
from pgmcp.domain.plans import Delete, Effect, Explain, Insert, Plan, RawQuery, Update
from pgmcp.domain.policy.rules import OPEN, Policy
from pgmcp.domain.policy.views import EVERYTHING_SEEN, View
from pgmcp.domain.settings import Access
from pgmcp.domain.transacting import BeginTransaction, ChangeTransaction

P = TypeVar("P", bound=Plan)

_TRANSACTIONS = "transactions"
# Names that callers bring themselves must not fill the memory.
_VIEWS_KEPT = 1000
_WRITES = frozenset({Effect.CREATE, Effect.UPDATE, Effect.DELETE})
ADMITTED = {
    Access.READ: frozenset({Effect.READ, Effect.RUN}),
    Access.WRITE: frozenset({Effect.READ, Effect.RUN}) | _WRITES,
    Access.ADMIN: frozenset(Effect),
}


class SecurityService:
    """Decides by the access mode; knows nothing of how plans run."""

    def __init__(self, access: Access, policy: Policy = OPEN) -> None:
        """Let nobody go past `access`, and everyone only as far as the policy says."""
        self._access = access
        self._policy = policy
        self._views: dict[Principal, View] = {}

    def view(self, principal: Principal) -> View:
        """The database as a principal may know it; kept, as its decisions are."""
        found = self._views.get(principal)
        if found is None:
            if len(self._views) >= _VIEWS_KEPT:
                self._views.clear()
            found = self._views[principal] = self._made(principal)
        return found

    def _made(self, principal: Principal) -> View:
        if not self._policy.given and principal.access is None:
            return EVERYTHING_SEEN
        return View(
            policy=self._policy,
            principal=principal.name,
            attributes=principal.attributes,
            ceiling=principal.access,
        )

    def admits(self, effect: Effect, principal: Principal = Principal()) -> bool:  # noqa: B008 -- it is frozen
        """Whether a tool of that effect is served at all, or to a principal."""
        return effect in ADMITTED[self._reach(principal)]

    def _reach(self, principal: Principal) -> Access:
        """How far a principal may go: as its own ceiling says, never past the server's."""
        return lowest(self._access, principal.access) or self._access

    def serves(self, effect: Effect, group: str, principal: Principal = Principal()) -> bool:  # noqa: B008 -- as above
        """Whether a tool of that effect and group is served: without writes there are no transactions to look at."""
        return self.admits(effect, principal) and (group != _TRANSACTIONS or self.admits(Effect.UPDATE, principal))

    def admit(self, tool: str, effect: Effect, principal: Principal) -> None:
        """Refuse a tool that the access mode never lets through.

        Raises:
            SecurityError: `write_refused` or `admin_refused`.
        """
        if not self.admits(effect, principal):
            raise self._refusal(f"{tool} is not served to '{principal.name}'", effect, principal)

    def authorise(self, plan: P, call: CallContext) -> P:
        """The plan as the principal may carry it out.

        Raises:
            SecurityError: `write_refused` or `admin_refused`.
        """
        effect = effect_of(plan)
        closed = self._policy.given and not call.view.is_open
        if closed and not isinstance(plan, RawQuery | Explain):
            # Nothing runs under a policy before everything is narrowed by it.
            raise SecurityError(
                codes.STATEMENT_NOT_ALLOWED,
                "nothing is served under a policy as yet",
                hint="Start the server without one.",
            )
        if not self.admits(effect, call.principal):
            raise self._refusal(f"'{call.principal.name}' may not do this", effect, call.principal)
        if isinstance(plan, RawQuery) and plan.read_only and effect is not Effect.READ:
            raise SecurityError(
                codes.WRITE_REFUSED,
                "the statement changes something, and read_only is true",
                hint="Pass read_only=false if that is meant.",
            )
        return plan

    def _refusal(self, message: str, effect: Effect, principal: Principal) -> SecurityError:
        if self.admits(effect):
            code = codes.WRITE_REFUSED if effect in _WRITES else codes.ADMIN_REFUSED
            return SecurityError(code, message, hint=f"What came with the call gives access {principal.access}.")
        if effect in _WRITES:
            hint = "The server was started with access read; a write needs access write."
            return SecurityError(codes.WRITE_REFUSED, message, hint=hint)
        hint = f"The server was started with access {self._access}; definitions and procedures need access admin."
        return SecurityError(codes.ADMIN_REFUSED, message, hint=hint)


def effect_of(plan: Plan) -> Effect:
    """What a plan does to the database."""
    match plan:
        case Insert():
            return Effect.CREATE
        case Update() | BeginTransaction() | ChangeTransaction():
            return Effect.UPDATE
        case Delete():
            return Effect.DELETE
        case RawQuery():
            return plan.effect if plan.read_only or plan.effect is not Effect.READ else Effect.UPDATE
        case Explain():
            return plan.query.effect if plan.analyze else Effect.READ
        case ResetMetrics() | ClearCache():
            return Effect.OPERATE
        case _:
            return Effect.READ
