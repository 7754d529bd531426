"""SecurityService: may this principal call this at all, and do what the plan says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pgmcp.domain.access import lowest
from pgmcp.domain.caching.operating import ClearCache
from pgmcp.domain.calls import CallContext, Principal
from pgmcp.domain.errors import SecurityError, codes
from pgmcp.domain.measuring import ResetMetrics
from pgmcp.domain.plans import Delete, Effect, Explain, Insert, Plan, RawQuery, Select, Update
from pgmcp.domain.policy.attributes import Missing
from pgmcp.domain.policy.narrowing import authorised
from pgmcp.domain.policy.rules import OPEN, Policy
from pgmcp.domain.policy.views import EVERYTHING_SEEN, View
from pgmcp.domain.settings import Access
from pgmcp.domain.transacting import BeginTransaction, ChangeTransaction

P = TypeVar("P", bound=Plan)

_TRANSACTIONS = "transactions"
# Names that callers bring themselves must not fill the memory.
_VIEWS_KEPT = 1000
_WRITES = frozenset({Effect.CREATE, Effect.UPDATE, Effect.DELETE})
_EFFECTS: Mapping[type, Effect] = {
    Insert: Effect.CREATE,
    Update: Effect.UPDATE,
    BeginTransaction: Effect.UPDATE,
    ChangeTransaction: Effect.UPDATE,
    Delete: Effect.DELETE,
    ResetMetrics: Effect.OPERATE,
    ClearCache: Effect.OPERATE,
}
"""What plans do whose class says it all; the others read."""
ADMITTED = {
    Access.READ: frozenset({Effect.READ, Effect.RUN}),
    Access.WRITE: frozenset({Effect.READ, Effect.RUN}) | _WRITES,
    Access.ADMIN: frozenset(Effect),
}

# As a tuple: a union would be made anew for each call.
_ON_ROWS = (Select, Insert, Update, Delete)


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

    def admits(self, effect: Effect, principal: Principal | None = None) -> bool:
        """Whether a tool of that effect is served at all, or to a principal."""
        return effect in (ADMITTED[self._access] if principal is None else self._admitted(self.view(principal)))

    def _admitted(self, view: View) -> frozenset[Effect]:
        """What the server's mode and the caller's own let through."""
        return ADMITTED[self._access if view.access is None else lowest(self._access, view.access) or self._access]

    def serves(self, effect: Effect, group: str, principal: Principal | None = None) -> bool:
        """Whether a tool of that effect and group is served: without writes there are no transactions to look at."""
        return self.admits(effect, principal) and (group != _TRANSACTIONS or self.admits(Effect.UPDATE, principal))

    def admit(self, tool: str, effect: Effect, principal: Principal) -> View:
        """Refuse a tool that the access mode never lets through.

        Returns:
            The database as the principal may know it.

        Raises:
            SecurityError: `write_refused`, `admin_refused`, `attribute_missing`.
        """
        view = self.view(principal)
        try:
            _ = view.standing
        except Missing as absent:
            raise SecurityError(
                codes.ATTRIBUTE_MISSING,
                f"the policy's settings for you need the attribute '{absent.name}', which you don't have",
                hint="Whoever keeps the policy gives it to you, in policy.principals.",
            ) from None
        if effect not in self._admitted(view):
            raise self._refusal(f"{tool} is not served to '{principal.name}'", effect, principal)
        return view

    def authorise(self, plan: P, call: CallContext) -> P:
        """The plan as the principal may carry it out.

        Raises:
            SecurityError: `write_refused` or `admin_refused`.
        """
        effect = effect_of(plan)
        if effect not in self._admitted(call.view):
            raise self._refusal(f"'{call.principal.name}' may not do this", effect, call.principal)
        if isinstance(plan, RawQuery) and plan.read_only and effect is not Effect.READ:
            raise SecurityError(
                codes.WRITE_REFUSED,
                "the statement changes something, and read_only is true",
                hint="Pass read_only=false if that is meant.",
                path="read_only",
                retry="fix_input",
            )
        return authorised(plan, call.view) if isinstance(plan, _ON_ROWS) else plan

    def _refusal(self, message: str, effect: Effect, principal: Principal) -> SecurityError:
        if self.admits(effect):
            code = codes.WRITE_REFUSED if effect in _WRITES else codes.ADMIN_REFUSED
            return SecurityError(code, message, hint=f"You have access {self.view(principal).access} here.")
        if effect in _WRITES:
            hint = "The server was started with access read; a write needs access write."
            return SecurityError(codes.WRITE_REFUSED, message, hint=hint)
        hint = f"The server was started with access {self._access}; definitions and procedures need access admin."
        return SecurityError(codes.ADMIN_REFUSED, message, hint=hint)


def effect_of(plan: Plan) -> Effect:
    """What a plan does to the database."""
    match plan:
        case RawQuery():
            return plan.effect if plan.read_only or plan.effect is not Effect.READ else Effect.UPDATE
        case Explain():
            return plan.query.effect if plan.analyze else Effect.READ
        case _:
            return _EFFECTS.get(type(plan), Effect.READ)
