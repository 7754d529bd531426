"""One database with everything that belongs to it: what bootstrap makes and every way in works with."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from attrs import field, frozen

from pgmcp.domain.calls import Principal
from pgmcp.domain.errors import PgmcpError, SecurityError, ValidationError, codes
from pgmcp.domain.plans import Effect
from pgmcp.domain.responses import ResponseBase
from pgmcp.domain.settings import Settings
from pgmcp.domain.suggestions import did_you_mean
from pgmcp.entrypoints.readiness import Readiness
from pgmcp.handlers.base import AnyHandler, Group
from pgmcp.handlers.dispatch import Caller, Dispatcher
from pgmcp.handlers.preparing import Arguments
from pgmcp.handlers.registry import HANDLERS
from pgmcp.ports.examining import Examiner
from pgmcp.ports.history import History
from pgmcp.ports.keeping import Keeping
from pgmcp.ports.resources import Resources
from pgmcp.services.cache_operating import CacheOperating
from pgmcp.services.leases import LeaseService
from pgmcp.services.policing import PolicyService
from pgmcp.services.security import SecurityService


@frozen(kw_only=True)
class Database:
    """A database that can be called.

    Args:
        settings: What it was made from.
        handlers: The tools that are served, by name, in the order of their listing.
        dispatcher: The pipeline.
        security: The ceiling.
        examiner: Asks the server about itself.
        leases: The transactions that callers hold.
        readiness: Tells whether it can be called now.
        history: What was counted of its calls.
        gauges: What it uses.
        operating: Tells of the cache.
        policing: Holds the policy against the catalogue.
        keeping: Makes what is kept in the database itself.
        address: Where it is, as it may be shown.
        embedded: Whether it is the embedded PostgreSQL.
        resources: What is closed at the end.
    """

    settings: Settings
    handlers: Mapping[str, AnyHandler] = field(hash=False)
    dispatcher: Dispatcher
    security: SecurityService
    examiner: Examiner
    leases: LeaseService
    readiness: Readiness
    history: History
    gauges: Resources
    operating: CacheOperating
    policing: PolicyService
    keeping: Keeping
    address: str
    embedded: bool = False
    resources: AsyncExitStack = field(factory=AsyncExitStack, repr=False)

    @property
    def unfillable(self) -> frozenset[str]:
        """Arguments that no caller can fill: a transaction to run in where no tool begins one."""
        return frozenset() if "begin_transaction" in self.handlers else frozenset({"transaction_id"})

    def tool(self, name: str) -> AnyHandler:
        """The tool of that name.

        Raises:
            ValidationError: `unknown_tool`, with the nearest names.
            SecurityError: There is one, but the access mode or the setting `tools` leaves it out.
        """
        served = self.handlers.get(name)
        if served is not None:
            return served
        known = next((each for each in HANDLERS if each.name == name), None)
        if known is None:
            hint = did_you_mean(name, self.handlers, otherwise=f"There are {', '.join(self.handlers)}.")
            raise ValidationError(codes.UNKNOWN_TOOL, f"there is no tool '{name}' here", hint=hint)
        # What looks at transactions is of no use where none can begin.
        effect = Effect.UPDATE if known.group is Group.TRANSACTIONS else known.effect
        self.security.admit(name, effect, Principal(self.settings.principal))
        raise SecurityError(
            codes.TOOL_NOT_SERVED,
            f"the setting tools leaves {name} out",
            hint=f"Start the server with {known.group} among --tools.",
        )

    def served_to(self, principal: Principal) -> list[AnyHandler]:
        """The tools that a principal may use, in the order of their listing."""
        return [each for each in self.handlers.values() if self.security.serves(each.effect, each.group, principal)]

    async def call(self, name: str, arguments: Arguments, caller: Caller) -> ResponseBase:
        """Call a tool by its name.

        Raises:
            PgmcpError: As `tool` and `Dispatcher.dispatch`; that nothing of the name is served goes to the audit too.
        """
        try:
            handler = self.tool(name)
        except PgmcpError as error:
            known = next((each for each in HANDLERS if each.name == name), None)
            await self.dispatcher.turn_away(known, caller, error)
            raise
        return await self.dispatcher.dispatch(handler, arguments, caller)

    async def aclose(self) -> None:
        """Close connections and, where it is ours, the server; calling again does nothing."""
        await self.resources.aclose()
