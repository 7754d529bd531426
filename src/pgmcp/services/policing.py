"""PolicyService: a policy held against the catalogue that it is about."""

from __future__ import annotations

from datetime import UTC

from attrs import evolve

from pgmcp.domain.calls import CallContext
from pgmcp.domain.errors import PgmcpError
from pgmcp.domain.filters.relative import Moment
from pgmcp.domain.health import Finding
from pgmcp.domain.plans import ListTables
from pgmcp.domain.policy.checking import judge_policy
from pgmcp.domain.policy.views import EVERYTHING_SEEN
from pgmcp.domain.relations import Name, Relation
from pgmcp.domain.settings import Settings
from pgmcp.ports.clock import Clock
from pgmcp.services.schemas import SchemaService

_MOST = 2000
"""Relations that a policy is held against; of more, the first along the search path."""


class PolicyService:
    """Says which rules of the policy mean nothing that is there; decides nothing."""

    def __init__(self, schemas: SchemaService, clock: Clock, settings: Settings) -> None:
        """Look at the settings' policy through `schemas`."""
        self._schemas = schemas
        self._clock = clock
        self._policy = settings.policy

    async def findings(self, call: CallContext) -> list[Finding]:
        """What `pgmcp check` says of the policy."""
        if not self._policy.given:
            return []
        everything = evolve(call, view=EVERYTHING_SEEN)
        listed, _ = await self._schemas.tables(ListTables(limit=_MOST), everything)
        relations: dict[Name, Relation] = {}
        for each in listed:
            try:
                relations[each.name] = await self._schemas.relation(each.name.name, each.name.schema, everything)
            except PgmcpError:
                # It has gone since it was listed.
                continue
        return list(judge_policy(self._policy, relations, Moment(self._clock.now().astimezone(UTC))))
