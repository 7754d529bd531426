"""PolicyService: a policy held against the database that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC

from attrs import evolve

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.health import Finding
from pgmcp.domain.plans import ListTables
from pgmcp.domain.policy.checking import judge_policy
from pgmcp.domain.policy.patterns import Pattern
from pgmcp.domain.policy.reaching import judge_surroundings
from pgmcp.domain.policy.rules import Policy, PrincipalRule
from pgmcp.domain.policy.surroundings import PolicySurroundings
from pgmcp.domain.policy.views import EVERYTHING_SEEN, View
from pgmcp.domain.relations import Name, Relation
from pgmcp.domain.settings import Settings
from pgmcp.ports.clock import Clock
from pgmcp.ports.examining import Examiner
from pgmcp.services.schemas import SchemaService

_MOST = 2000
"""Relations that a policy is held against; of more, the first along the search path."""


class PolicyService:
    """Says which rules of the policy mean nothing that is there; decides nothing."""

    def __init__(self, schemas: SchemaService, examiner: Examiner, clock: Clock, settings: Settings) -> None:
        """Look at the settings' policy through `schemas`, and beyond relations through `examiner`."""
        self._schemas = schemas
        self._examiner = examiner
        self._clock = clock
        self._policy = settings.policy

    async def findings(self, call: CallContext) -> list[Finding]:
        """What `pgmcp check` says of the policy."""
        if not self._policy.given:
            return []
        open_call = evolve(call, view=EVERYTHING_SEEN)
        roles = {rule.role for rule in self._policy.principals if rule.role is not None}
        around = await self._examiner.surroundings(roles, open_call)
        relations: dict[Name, Relation] = {}
        for view in _views(around):
            relations |= await self._relations(evolve(call, view=view))
        found = list(judge_policy(self._policy, relations, Moment(self._clock.now().astimezone(UTC))))
        return found if around is None else [*found, *judge_surroundings(self._policy, around)]

    async def _relations(self, call: CallContext) -> Mapping[Name, Relation]:
        """What may be used as the call stands, with all its columns."""
        listed, _ = await self._schemas.tables(ListTables(limit=_MOST), call)
        relations: dict[Name, Relation] = {}
        for each in listed:
            try:
                relations[each.name] = await self._schemas.relation(each.name.name, each.name.schema, call)
            except PgmcpError:
                # It has gone since it was listed.
                continue
        return relations


def _views(around: PolicySurroundings | None) -> Iterator[View]:
    """Views without a rule, as the connection's own role and as each one that callers take on."""
    yield EVERYTHING_SEEN
    for name, role in around.roles.items() if around is not None else ():
        if role.taken:
            rule = PrincipalRule(at="", match=Pattern("*"), role=name)
            yield View(policy=Policy(principals=(rule,)))
